"""Commands over many files: found in folders, done one by one; the bad ones are named, and the good ones done."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, TypeVar

from melody_rnn.cli import options
from melody_rnn.errors import InputFileError, InvalidArgumentError, MelodyError, MelodyRNNError, unnamed

_Result = TypeVar("_Result")


class Job(NamedTuple):
    """A file, and the folder into which what is made of it goes.

    Attributes:
        source: The file.
        folder: Where its results go.
        problem: Why there is nothing to do, where that is known beforehand; else nothing.
    """

    source: Path
    folder: Path
    problem: str = ""


def find_jobs(files: Sequence[Path], output_dir: Path | None) -> list[Job]:
    """Returns every file to read, folders searched at any depth, and where its results go.

    Results of a folder's files are arranged below the output folder as the files are; without one they go beside them.
    A file that is missing and a folder without music are jobs with a problem, so that the others are done.

    Raises:
        InvalidArgumentError: If nothing is named.
    """
    from melody_rnn.formats.reading import is_music

    if not files:
        raise InvalidArgumentError("nothing to read: name music files, or folders of them")
    jobs = []
    for path in files:
        if not options.exists(path):
            jobs.append(Job(path, path.parent, "no such file; name a music file or a folder of them"))
            continue
        if not path.is_dir():
            jobs.append(Job(path, output_dir or path.parent))
            continue
        found = [file for file in sorted(path.rglob("*")) if is_music(file) and file.is_file()]
        if not found:
            jobs.append(Job(path, path, "there is no music file in this folder"))
        jobs += [Job(file, (output_dir or path) / file.parent.relative_to(path)) for file in found]
    return jobs


def each(jobs: Sequence[Job], work: Callable[[Job], _Result], title: str) -> Iterator[tuple[Job, _Result]]:
    """Yields what some work makes of each job, behind a progress bar.

    Raises:
        InputFileError: In the end, if some could not be done; each is named on a line of its own.
    """
    failures: list[MelodyRNNError] = []
    with options.progress_bar(title) as advance:
        for done, job in enumerate(jobs, start=1):
            try:
                if job.problem:
                    raise InputFileError(job.problem)
                result = work(job)
            except (MelodyError, InputFileError) as error:
                failures.append(InputFileError(f"{job.source}: {unnamed(error, job.source)}"))
            else:
                yield job, result
            advance(done, len(jobs))
    options.fail_for(failures, len(jobs))
