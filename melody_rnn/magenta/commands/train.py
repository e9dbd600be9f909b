"""melody_rnn_train and improv_rnn_train: train a model on what their create_dataset wrote, or evaluate one."""

import dataclasses
import glob
import json
import math
import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn

from melody_rnn.cli.startup import load_tensorflow
from melody_rnn.errors import InputFileError, InvalidArgumentError, ModelError
from melody_rnn.files import read_json
from melody_rnn.magenta.commands.families import IMPROV, MELODY, Family
from melody_rnn.magenta.commands.flags import Definer, Flags, Log, run_command
from melody_rnn.magenta.commands.models import check_config, load_trained, read_config

if TYPE_CHECKING:
    from melody_rnn.config import ModelConfig
    from melody_rnn.data.dataset import Dataset
    from melody_rnn.training import TrainingSettings

# A checkpoint takes a moment, and an epoch of few melodies is over at once.
_FEWEST_CHECKPOINT_STEPS: Final = 100
_NO_END: Final = 2**31 - 1
WAIT_SECONDS: Final = 300
"""How long --eval waits for new weights of a run that goes on, as in Magenta."""
_POLL_SECONDS: Final = 2


def main(family: Family = MELODY) -> NoReturn:
    """Runs the command of a family and exits."""
    about = "train a model, or evaluate one with --eval."
    run_command(f"{family.name}_train", about, partial(_define, family), partial(_run, family))


def improv_main() -> NoReturn:
    """Runs improv_rnn_train and exits."""
    main(IMPROV)


def _define(family: Family, flags: Definer) -> None:
    flags.model(family)
    flags.string("run_dir", f"/tmp/{family.name}/logdir/run1", "The run's folder; a run that is there goes on.")
    flags.string(
        "sequence_example_file", "", f"TFRecord of {family.examples.replace('_', ' ')}, or a pattern of several."
    )
    flags.integer("num_training_steps", 0, "Steps after which training ends; 0 for when it is stopped.", least=0)
    flags.integer("num_eval_examples", 0, "Melodies to evaluate on; 0 for all.", least=0)
    flags.integer("summary_frequency", 10, "Steps from one report to the next.", least=1)
    flags.integer("num_checkpoints", 10, "How many of the last checkpoints are kept; 0 for all.", least=0)
    flags.boolean("eval", False, "Evaluate the run's latest weights, and do not train.")


def _run(family: Family, flags: Flags, log: Log) -> None:
    check_config(flags, family)
    for name in ("run_dir", "sequence_example_file"):
        if not flags[name].value:
            raise InvalidArgumentError(f"--{name} is missing")
    paths = _find(Path(flags.sequence_example_file).expanduser(), family)
    load_tensorflow(log.is_verbose)
    run_dir = Path(flags.run_dir).expanduser()
    if flags.eval:
        _evaluate(flags, family, run_dir, paths, log)
    else:
        _train(flags, family, run_dir, paths, log)


def _find(pattern: Path, family: Family) -> list[Path]:
    # A name with brackets in it may be no pattern.
    found = [pattern] if pattern.is_file() else [Path(path) for path in sorted(glob.glob(str(pattern)))]  # noqa: PTH207
    if not found:
        raise InputFileError(f"--sequence_example_file: no file {pattern}; make it with {family.name}_create_dataset")
    return found


def _train(flags: Flags, family: Family, run_dir: Path, paths: list[Path], log: Log) -> None:
    from melody_rnn.training import resume, train
    from melody_rnn.training.run import RUN, last_step
    from melody_rnn.training.summaries import Summaries, SummaryWriter

    config, settings = read_config(flags, family)
    dataset = _read(paths, config, "train")
    is_there = (run_dir / RUN).is_file()
    if not is_there and _is_magenta_s(run_dir):
        raise ModelError(f"{run_dir}: holds a run of Magenta's, whose optimizer cannot go on here; name another folder")
    summaries = Summaries(
        SummaryWriter(run_dir / "train"),
        flags.summary_frequency,
        last_step(run_dir) if is_there else 0,
        lambda step, figures: log.info(f"step {step}: {_shown(figures)}"),
    )
    steps = flags.num_training_steps or _NO_END
    if is_there:
        _check_same(run_dir, config)
        run = resume(run_dir, dataset, [summaries], steps=steps)
    else:
        run = train(config, _for_magenta(settings, steps, dataset, flags), dataset, run_dir, callbacks=[summaries])
    log.info(f"{run_dir}: trained to step {run.history[-1]['step']:.0f} on {len(dataset.melodies)} melodies")


def _evaluate(flags: Flags, family: Family, run_dir: Path, paths: list[Path], log: Log) -> None:
    """Evaluates the latest weights; of a run that is not at its end yet, each new ones that come."""
    from melody_rnn.training.run import is_finished
    from melody_rnn.training.summaries import SummaryWriter, measure

    _, settings = read_config(flags, family)
    writer = None
    step = -1
    while (newer := _await_step(run_dir, step, log)) is not None:
        step = newer
        model = load_trained(flags, family, flags.run_dir)
        melodies = _read(paths, model.config, "validation").melodies[: flags.num_eval_examples or None]
        figures = measure(model.config, model.network, melodies, settings.batch_size)
        writer = writer or SummaryWriter(run_dir / "eval")
        writer.write(step, figures)
        log.info(f"step {step}, {len(melodies)} melodies: {_shown(figures)}")
        if is_finished(run_dir) or _is_magenta_s(run_dir):
            return
    if step < 0:
        raise InputFileError(f"{run_dir}: no weights came in {WAIT_SECONDS} seconds; train first")
    log.info(f"no new weights in {WAIT_SECONDS} seconds")


def _await_step(run_dir: Path, step: int, log: Log) -> int | None:
    """Returns the step of a run's latest weights once they are newer than those of `step`, None if they don't come."""
    from melody_rnn.training.run import last_step

    end = time.monotonic() + WAIT_SECONDS
    is_told = False
    while not _is_magenta_s(run_dir) and last_step(run_dir) <= max(step, 0):
        if time.monotonic() >= end:
            return None
        if not is_told:
            log.info(f"waiting for weights in {run_dir}")
            is_told = True
        time.sleep(_POLL_SECONDS)
    return last_step(run_dir)


def _is_magenta_s(run_dir: Path) -> bool:
    return (run_dir / "train" / "checkpoint").is_file()


def _read(paths: list[Path], config: "ModelConfig", split: Any) -> "Dataset":
    from melody_rnn.encodings import make_encoding
    from melody_rnn.magenta.examples import read_examples

    dataset = read_examples(paths, make_encoding(config.encoding), split)
    if not dataset.melodies:
        raise InputFileError(f"{paths[0]}: holds no melody; make it of more tunes")
    return dataset


def _for_magenta(settings: "TrainingSettings", steps: int, dataset: "Dataset", flags: Flags) -> "TrainingSettings":
    steps_per_epoch = math.ceil(len(dataset.melodies) / settings.batch_size)
    return dataclasses.replace(
        settings,
        epochs=_NO_END,
        steps=steps,
        keep="last",
        checkpoint_steps=max(steps_per_epoch, _FEWEST_CHECKPOINT_STEPS),
        num_checkpoints=flags.num_checkpoints,
    )


def _check_same(run_dir: Path, config: "ModelConfig") -> None:
    from melody_rnn.training.run import RUN

    began = type(config).from_json(json.dumps(read_json(run_dir / RUN)["config"]))
    for part in ("name", "encoding", "network"):
        if getattr(began, part) != getattr(config, part):
            raise InvalidArgumentError(
                f"{run_dir}: the run there has another {part} than --config and --hparams say; name another folder"
            )


def _shown(figures: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {figures[name]:.4f}" for name in ("loss", "perplexity", "accuracy") if name in figures)
