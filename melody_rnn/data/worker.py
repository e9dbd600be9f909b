"""The process that reads files for `melody_rnn.data.pool`, so that a broken one can be stopped or lost.

It takes one JSON object a line, {"path", "first", "stride", "rules"}, and answers with one a tune, {"tune", "title",
"melodies", "rejections", "num_pads"}, then {"done", "error"}. Run as python -m melody_rnn.data.worker.
"""

import dataclasses
import json
import os
import sys
from pathlib import Path
from typing import Any, TextIO

from melody_rnn.data.extraction import Extraction, ExtractionRules, Rejection, extract
from melody_rnn.data.sources import read_sources
from melody_rnn.errors import InputFileError
from melody_rnn.formats.reading import ScoreSource


def limit_memory(num_bytes: int) -> None:
    """Makes this process, and each that it starts, fail at more data than `num_bytes`, where the system can."""
    try:
        import resource
    except ImportError:
        return
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    if hard == resource.RLIM_INFINITY or hard > num_bytes:
        resource.setrlimit(resource.RLIMIT_DATA, (num_bytes, hard))


def read_file(path: Path, first: int, stride: int, rules: ExtractionRules, out: TextIO) -> None:
    """Writes one line for each `stride`-th tune of a file from tune `first` on, and a last one."""
    error = None
    try:
        for source in read_sources(path, first, stride):
            _send(out, {"tune": source.index, **_read_tune(source, rules)})
    except InputFileError as problem:
        error = str(problem)
    _send(out, {"done": True, "error": error})


def _read_tune(source: ScoreSource, rules: ExtractionRules) -> dict[str, Any]:
    title = source.title
    try:
        score = source.read()
        title = score.title or title
        extraction = extract(score, rules)
    except InputFileError as problem:
        extraction = Extraction(rejections=[Rejection("unreadable", str(problem))])
    except MemoryError:
        extraction = Extraction(rejections=[Rejection("unreadable", "takes too much memory")])
    # A file that finds a gap in a reader must not end the run; its name and what happened go into the report.
    except Exception as problem:
        extraction = Extraction(rejections=[Rejection("unreadable", f"{type(problem).__name__}: {problem}"[:200])])
    return {
        "title": title,
        "melodies": [
            {**melody._asdict(), "sections": [dataclasses.asdict(section) for section in melody.sections]}
            for melody in extraction.melodies
        ],
        "rejections": [list(rejection) for rejection in extraction.rejections],
        "num_pads": extraction.num_pads,
    }


def _send(out: TextIO, message: dict[str, Any]) -> None:
    out.write(json.dumps(message) + "\n")
    out.flush()


def main() -> None:
    """Serves until its input ends."""
    # The readers, and programs that they start, write to the standard streams; the answers go apart from that.
    out = os.fdopen(os.dup(1), "w", encoding="ascii")
    silent = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silent, 1)
    os.dup2(silent, 2)
    limit_memory(int(sys.argv[1]))
    _send(out, {"ready": True})
    for line in sys.stdin:
        task = json.loads(line)
        read_file(Path(task["path"]), task["first"], task["stride"], ExtractionRules(**task["rules"]), out)


if __name__ == "__main__":
    main()
