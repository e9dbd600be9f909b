"""Puts what Vite does not build into the built page: LiteRT.js, the samplers, the licences, what it was built from."""

import hashlib
import json
import lzma
import shutil
from pathlib import Path

from melody_rnn.cli.startup import load_tensorflow
from melody_rnn.page.contents import BUILT, MARK, page_models
from melody_rnn.page.samplers import shape_of, write_samplers

HERE = Path(__file__).parent
LITERT = HERE / "node_modules" / "@litertjs" / "core" / "wasm"
RUNTIME = "litert_wasm_compat_internal"
SOURCES = ["index.html", "package.json", "package-lock.json", "tsconfig.json", "vite.config.ts", "licences.txt"]


def sources_digest():
    """Returns the SHA-256 of all that the page is built from, in hexadecimal."""
    files = [HERE / name for name in SOURCES]
    files += [path for folder in ("src", "public") for path in (HERE / folder).rglob("*") if path.is_file()]
    digest = hashlib.sha256()
    for path in sorted(files):
        digest.update(f"{path.relative_to(HERE).as_posix()}\n".encode() + path.read_bytes())
    return digest.hexdigest()


def main():
    """Finishes the page that Vite has built."""
    folder = BUILT / "litert"
    folder.mkdir()
    shutil.copyfile(LITERT / f"{RUNTIME}.js", folder / f"{RUNTIME}.js")
    packed = lzma.compress((LITERT / f"{RUNTIME}.wasm").read_bytes(), preset=9 | lzma.PRESET_EXTREME)
    (folder / f"{RUNTIME}.wasm.xz").write_bytes(packed)
    shutil.copyfile(HERE / "licences.txt", BUILT / "licences.txt")
    (BUILT / MARK).write_text(json.dumps({"sources": sources_digest()}) + "\n", encoding="utf-8")
    load_tensorflow(False)
    models = page_models()
    write_samplers([shape_of(model.preset.config, model.step.description.num_classes) for model in models])


if __name__ == "__main__":
    main()
