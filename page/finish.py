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
SOURCES = ["finish.py", "index.html", "package.json", "package-lock.json", "tsconfig.json", "vite.config.ts"]


def sources_digest():
    """Returns the SHA-256 of all that the page is built from, in hexadecimal; tests are no part of it."""
    files = [HERE / name for name in SOURCES]
    inside = (path for folder in ("src", "public") for path in (HERE / folder).rglob("*") if path.is_file())
    files += [path for path in inside if "test" not in path.name]
    digest = hashlib.sha256()
    for path in sorted(files):
        digest.update(f"{path.relative_to(HERE).as_posix()}\n".encode() + path.read_bytes())
    return digest.hexdigest()


def licences():
    """Returns the licences of all that the page carries."""
    dependencies = json.loads((HERE / "package.json").read_text(encoding="utf-8"))["dependencies"]
    apache = (HERE.parent / "LICENSE").read_text(encoding="utf-8")
    parts = [f"The page and its models: melody_rnn, Apache-2.0\n\n{apache}"]
    for name in dependencies:
        folder = HERE / "node_modules" / name
        about = json.loads((folder / "package.json").read_text(encoding="utf-8"))
        texts = sorted(path for path in folder.iterdir() if path.name in ("LICENSE", "LICENSE.md"))
        text = texts[0].read_text(encoding="utf-8") if texts else "Its text is the one above.\n"
        assert texts or about["license"] == "Apache-2.0"
        parts.append(f"{name} {about['version']}, {about['license']}\n\n{text}")
    return f"\n{'=' * 80}\n\n".join(parts)


def main():
    """Finishes the page that Vite has built."""
    folder = BUILT / "litert"
    folder.mkdir()
    shutil.copyfile(LITERT / f"{RUNTIME}.js", folder / f"{RUNTIME}.js")
    packed = lzma.compress((LITERT / f"{RUNTIME}.wasm").read_bytes(), preset=9 | lzma.PRESET_EXTREME)
    (folder / f"{RUNTIME}.wasm.xz").write_bytes(packed)
    (BUILT / "licences.txt").write_text(licences(), encoding="utf-8")
    (BUILT / MARK).write_text(json.dumps({"sources": sources_digest()}) + "\n", encoding="utf-8")
    load_tensorflow(False)
    models = page_models()
    write_samplers([shape_of(model.preset.config, model.step.description.num_classes) for model in models])


if __name__ == "__main__":
    main()
