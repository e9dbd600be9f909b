"""melody-rnn train: a model of one's own."""

import dataclasses
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from melody_rnn.cli import options
from melody_rnn.cli.startup import load_tensorflow
from melody_rnn.config import CONFIGS, ModelConfig
from melody_rnn.errors import InputFileError, InvalidArgumentError, MelodyRNNError, OutputError, printable
from melody_rnn.events import DEFAULT_STEPS_PER_QUARTER
from melody_rnn.model_source import find_model

if TYPE_CHECKING:
    from melody_rnn.data.dataset import Dataset
    from melody_rnn.data.splits import Split
    from melody_rnn.training import TrainingRun


_DEFAULT_CONFIG: Final = "tunes_rnn"
# Fewer tunes than that do better on top of a trained model, and leave time to compare the two.
_FEW: Final = 300


@click.command(name="train")
@click.option("-d", "--dataset", type=click.Path(path_type=Path), help="A dataset's folder, as dataset build makes it.")
@click.option(
    "-m",
    "--model",
    type=click.Choice(list(CONFIGS)),
    help="The configuration to train: ours, or one of Magenta's. [default: tunes_rnn, or that of --from]",
)
@click.option("-r", "--run-dir", type=click.Path(path_type=Path), required=True, help="The run's folder.")
@click.option("--epochs", type=click.IntRange(1, 2**31 - 1), help="How often the tunes are seen.")
@click.option("--steps", type=click.IntRange(1, 2**31 - 1), help="Batches after which to end, even within an epoch.")
@click.option(
    "--patience",
    type=click.IntRange(0, options.MAX_COUNT),
    help="End after so many epochs without a better validation loss; 0 for never. [default: 10]",
)
@click.option("--seed", type=options.SEED, help="Makes a run repeatable. [default: 0]")
@click.option(
    "--hparams",
    multiple=True,
    metavar="NAME=VALUE",
    help="Network and training: layer_sizes=[128,128], dropout=0.5, attention_length=40, batch_size=128, "
    "learning_rate=0.001, schedule=cosine, clip_norm=5, transposition=0, lookback_unit=bar and others; Magenta's "
    "names do too. "
    "May be given several times.",
)
@click.option("--from", "weights_from", metavar="MODEL|FILE.mag", help="Start from the weights of a trained model.")
@click.option(
    "--teacher",
    "teachers",
    multiple=True,
    metavar="MODEL|FILE.mag",
    help="Learn from what this model says of each event too (distillation). Given several times: from their mean.",
)
@click.option(
    "--distill-temperature",
    type=options.FiniteNumber(lambda value: value > 0, "above 0"),
    metavar="T",
    help="Of the teachers' and the student's softmax. [default: 2]",
)
@click.option(
    "--distill-weight",
    type=options.FiniteNumber(lambda value: 0 <= value <= 1, "from 0 to 1"),
    metavar="W",
    help="Of what the teachers say; the rest is for the events themselves. [default: 0.5]",
)
@click.option(
    "--written",
    type=click.IntRange(0, options.MAX_COUNT),
    metavar="N",
    help="Let the teachers write so many tunes first, for the student to hear them in. [default: 0]",
)
@click.option("--resume", is_flag=True, help="Go on with the run that is in --run-dir, to the end that it was given.")
@click.option(
    "--strategy",
    type=click.Choice(["one", "mirrored", "multiworker"]),
    default="one",
    show_default=True,
    help="Devices that share each batch: the first one, all of this machine, or all machines that the environment "
    "variable TF_CONFIG lists (run the same command on each, with a run folder that all of them see).",
)
@click.option("--mixed-precision", is_flag=True, default=None, help="Compute LSTM layers in float16, on GPUs.")
@options.device_option
@options.verbose_option
def command(
    run_dir: Path, dataset: Path | None, resume: bool, strategy: str, device: str, verbose: bool, **arguments: Any
) -> None:
    """Train a model on a dataset.

    The model has the dataset's steps a quarter note, and the name of the run's folder. The one that is best on the
    validation split is kept in RUN_DIR/model, with a card (README.md); without such a split, the last one. A few tunes
    are best learnt on top of a trained model, with --from. A run that is interrupted, even by kill -9, goes on with
    --resume and ends as if nothing had happened. For curves and sampled melodies: tensorboard --logdir RUN_DIR.

    \b
    melody-rnn train --dataset data/mine --run-dir runs/mine
    melody-rnn train --run-dir runs/mine --resume
    melody-rnn train --from tunes_rnn --dataset data/few --run-dir runs/few
    melody-rnn train --from tunes_rnn --model chords_rnn --dataset data/chords --run-dir runs/chords
    melody-rnn train --from attention_rnn.mag --dataset data/mine --run-dir runs/tuned
    melody-rnn train --teacher runs/large/model --dataset data/mine --run-dir runs/small
    melody-rnn train --dataset data/mine --run-dir runs/bars --model lookback_rnn --hparams lookback_unit=bar
    melody-rnn generate --model runs/mine/model
    """
    given = [name for name, value in arguments.items() if value not in (None, ())]
    if resume and given:
        option = {"weights_from": "from", "teachers": "teacher"}.get(given[0], given[0].replace("_", "-"))
        raise InvalidArgumentError(f"--resume goes on as the run began; leave out --{option}")
    if not resume:
        _check_new(run_dir, dataset, arguments)
    load_tensorflow(verbose)
    options.use_device(device)
    from melody_rnn.training.devices import make_strategy

    devices = make_strategy(strategy)  # type: ignore[arg-type]
    loaded = _load(run_dir, dataset)
    try:
        run = _resume(run_dir, loaded, devices) if resume else _start(run_dir, loaded, dataset, arguments, devices)
    except KeyboardInterrupt:
        if (run_dir / "run.json").exists():
            again = shlex.join(["melody-rnn", "train", "--run-dir", str(run_dir), "--resume"])
            options.tell(f"To go on: {again}")
        raise
    best = run.best
    loss = f"validation loss {best['val_loss']:.4f}" if "val_loss" in best else f"loss {best['loss']:.4f}"
    click.echo(
        f"{printable(run.model)}: {run.num_parameters:,} parameters, best after epoch {best['epoch']:.0f} of "
        f"{len(run.history)}: {loss} nats"
    )
    if len(loaded.split("train")) < _FEW:
        _tell_change(run_dir, run, loaded)


def _check_new(run_dir: Path, dataset: Path | None, arguments: dict[str, Any]) -> None:
    if dataset is None:
        raise InvalidArgumentError("--dataset is missing: make one with melody-rnn dataset build")
    if not dataset.is_dir():
        raise InputFileError(f"{dataset}: no such folder; make a dataset with melody-rnn dataset build")
    if (run_dir / "run.json").exists():
        raise OutputError(f"{run_dir}: there is a run already; give --resume to go on with it, or name another folder")
    for name in ("distill_temperature", "distill_weight", "written"):
        if arguments[name] is not None and not arguments["teachers"]:
            raise InvalidArgumentError(f"--{name.replace('_', '-')} is for learning from teachers; give --teacher too")
    for model in (arguments["weights_from"], *arguments["teachers"]):
        if model is not None:
            find_model(model)


def _load(run_dir: Path, dataset: Path | None) -> "Dataset":
    """Loads the dataset, of a run that goes on from where it was if it is not given."""
    from melody_rnn.data.dataset import load
    from melody_rnn.training import dataset_of

    return load(dataset_of(run_dir) if dataset is None else dataset)


def _start(
    run_dir: Path, loaded: "Dataset", dataset: Path | None, arguments: dict[str, Any], strategy: Any
) -> "TrainingRun":
    from melody_rnn.training import Provenance, load_teacher, parse_hparams, train
    from melody_rnn.training.settings import SETTINGS, TrainingSettings

    start = options.load_model(arguments["weights_from"]) if arguments["weights_from"] else None
    config = CONFIGS[arguments["model"] or _DEFAULT_CONFIG].with_steps(loaded.steps_per_quarter)
    if start:
        config = _begun_from(start.config, arguments["model"])
    settings = SETTINGS.get(config.name, TrainingSettings())
    names = (
        "epochs",
        "steps",
        "patience",
        "seed",
        "mixed_precision",
        "distill_temperature",
        "distill_weight",
        "written",
    )
    changes = {name: arguments[name] for name in names if arguments[name] is not None}
    if arguments["steps"] is not None and arguments["epochs"] is None:
        changes["epochs"] = 2**31 - 1
    config, settings = parse_hparams(arguments["hparams"], config, dataclasses.replace(settings, **changes))
    num_tunes = len(loaded.split("train"))
    if num_tunes < _FEW and start is None and loaded.steps_per_quarter == DEFAULT_STEPS_PER_QUARTER:
        options.tell(
            f"{num_tunes:,} tunes are few to learn from nothing: --from {_DEFAULT_CONFIG} goes on from a model that "
            "knows thousands"
        )
    if settings.keep == "best" and not loaded.split("validation"):
        settings = dataclasses.replace(settings, keep="last")
        options.tell("The dataset has no validation split: the weights of the last epoch are kept")
    with _progress() as callback:
        return train(
            config,
            settings,
            loaded,
            run_dir,
            weights_from=start.network if start else None,
            callbacks=[callback, *_summaries(run_dir, strategy)],
            dataset_folder=dataset,
            strategy=strategy,
            teachers=[load_teacher(name) for name in arguments["teachers"]],
            provenance=Provenance(
                shlex.join(["melody-rnn", *sys.argv[1:]]), arguments["weights_from"] or "", str(dataset)
            ),
        )


def _begun_from(start: ModelConfig, model: str | None) -> ModelConfig:
    """Returns the configuration of a model that begins with another one's weights: that one's, or with chords added."""
    if model in (None, start.name):
        return start
    encoding = CONFIGS[model].encoding
    if dataclasses.replace(encoding, chords="none") != start.encoding:
        with_chords = [
            name
            for name, config in CONFIGS.items()
            if config.encoding.knows_chords and dataclasses.replace(config.encoding, chords="none") == start.encoding
        ]
        others = f"; it can become {' or '.join(with_chords)}" if with_chords else ""
        raise InvalidArgumentError(f"--from gives a {start.name}{others}; leave out --model {model}")
    return dataclasses.replace(start, name=model, encoding=encoding)


def _resume(run_dir: Path, loaded: "Dataset", strategy: Any) -> "TrainingRun":
    from melody_rnn.training import resume

    with _progress() as callback:
        return resume(
            run_dir,
            loaded,
            [callback, *_summaries(run_dir, strategy)],
            strategy=strategy,
            on_passed_over=lambda names: options.tell(
                f"{run_dir}: {', '.join(names)} cannot be read; the run goes on from the checkpoint before"
            ),
        )


def _tell_change(run_dir: Path, run: "TrainingRun", loaded: "Dataset") -> None:
    """Says what an event of a few tunes costs the run's model, beside the one it began with, or else the shipped one.

    Says nothing if that one has other steps, or is gone.
    """
    from melody_rnn.evaluation.evaluate import compare
    from melody_rnn.training import provenance_of

    before = provenance_of(run_dir).weights_from or _DEFAULT_CONFIG
    try:
        models = {"after": options.load_model(str(run.model)), "before": options.load_model(before)}
        part: Split = "validation" if loaded.split("validation") else "train"
        evaluation = compare(models, loaded, part)
    except MelodyRNNError:
        return
    nats = {row.name: row.nats_per_event for row in evaluation.scores}
    [change] = [row for row in evaluation.differences if (row.name, row.other) == ("after", "before")]
    click.echo(
        f"An event of the {evaluation.num_melodies} tunes of the {part} split costs "
        f"{find_model(before).name} {nats['before']:.3f} nats and {find_model(str(run.model)).name} "
        f"{nats['after']:.3f}: {change.nats_per_event:+.3f}, 95 % {change.low:+.3f}..{change.high:+.3f}"
    )


def _summaries(run_dir: Path, strategy: Any) -> list[Any]:
    from melody_rnn.training.devices import is_chief
    from melody_rnn.training.summaries import EpochSummaries

    return [EpochSummaries(run_dir)] if is_chief(strategy) else []


def _progress() -> Any:
    """Returns a context manager that gives a Keras callback: a line an epoch, and a bar on a terminal."""
    from contextlib import contextmanager

    import keras

    class Lines(keras.callbacks.Callback):
        def __init__(self, advance: Any) -> None:
            super().__init__()
            self._advance = advance

        def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
            self._advance(batch + 1, self.params["steps"])

        def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
            row = logs or {}
            titles = {"loss": "loss", "divergence": "from teachers", "val_loss": "validation loss"}
            figures = [f"{title} {row[name]:.4f}" for name, title in titles.items() if name in row]
            accuracy = f"accuracy {row.get('val_accuracy', row['accuracy']):.4f}"
            click.echo("  ".join([f"epoch {epoch + 1:3}/{self.params['epochs']}", *figures, accuracy]))

    @contextmanager
    def bar() -> Any:
        with options.progress_bar("Training") as advance:
            yield Lines(advance)

    return bar()
