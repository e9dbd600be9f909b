"""A training run in a folder of its own, which can be killed at any moment and resumed.

The folder holds `run.json` (what is trained on what, and how), `checkpoints/` (everything that training goes on from,
after each epoch), `model/` (the preset with the weights that were best on the validation split), `history.json` (an
entry an epoch), and with callbacks from `summaries` what TensorBoard shows, in `train/` and `eval/`.

All randomness is a function of the seed and the step, or is in the checkpoint. So a run that was killed and resumed
ends with the same weights as one that was not, on the same machine.
"""

import dataclasses
import json
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import keras
import numpy as np
import tensorflow as tf

from melody_rnn.config import ModelConfig
from melody_rnn.data import dataset as datasets
from melody_rnn.data.dataset import Dataset
from melody_rnn.data.index import training_index
from melody_rnn.data.splits import Split
from melody_rnn.data.squashing import squash_all
from melody_rnn.encodings import make_encoding
from melody_rnn.encodings.chords import ChordEncoding
from melody_rnn.errors import DeviceError, InputFileError, InvalidArgumentError, ModelError, OutputError, TrainingError
from melody_rnn.files import held, read_json, reason, resolved, write_whole
from melody_rnn.network.checkpoint import check_checkpoint
from melody_rnn.network.network import MelodyNetwork
from melody_rnn.network.recurrence import runs_on_cpu
from melody_rnn.presets import Preset, add_step, make_network, save_to_preset
from melody_rnn.training.batches import (
    Written,
    evaluation_batches,
    label_frequencies,
    num_batches,
    opening_pitches,
    outline_bank,
    training_batches,
)
from melody_rnn.training.card import Provenance, write_card
from melody_rnn.training.devices import Strategy, is_chief, make_strategy
from melody_rnn.training.distillation import Distillation, Teacher, check_teachers, describe, load_described
from melody_rnn.training.settings import TrainingSettings
from melody_rnn.training.trainee import Trainee
from melody_rnn.training.written import read_written, save_written, write_tunes

MODEL: Final = "model"
RUN: Final = "run.json"
_HISTORY: Final = "history.json"
_CHECKPOINTS: Final = "checkpoints"
_WRITTEN: Final = "written.npz"
Row = dict[str, float]


@dataclass(frozen=True)
class TrainingRun:
    """What a run came to.

    Attributes:
        model: The preset's folder, with the best weights.
        history: A row an epoch: `epoch`, `step`, `loss` and so on, and the same of the validation split with `val_`.
        best: The row of the epoch whose weights the preset has.
        num_parameters: Of the network.
    """

    model: Path
    history: list[Row]
    best: Row
    num_parameters: int


def train(
    config: ModelConfig,
    settings: TrainingSettings,
    dataset: Dataset,
    run_dir: str | Path,
    weights_from: MelodyNetwork | None = None,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    dataset_folder: str | Path | None = None,
    strategy: Strategy | None = None,
    teachers: Sequence[Teacher] = (),
    provenance: Provenance | None = None,
) -> TrainingRun:
    """Trains a model on a dataset's train split and keeps the weights that are best on its validation split.

    Args:
        config: The model.
        settings: How it is trained.
        dataset: Melodies; each is squashed into the model's range and key.
        run_dir: The run's folder; must not hold a run.
        weights_from: A trained network to start from, of the same shape, or of one that hears no chords where this
            model does: then the weights of these inputs are zero at first, so that it begins as the same model. Fresh
            weights where not given, with the logits' biases at the frequencies of the labels.
        callbacks: More Keras callbacks.
        dataset_folder: Where the dataset lies, for `resume`.
        strategy: The devices, as `make_strategy` gives them; one device where not given.
        teachers: Models to learn from too, as `distillation` has it; validation and the choice of the best weights are
            without them.
        provenance: What the model's card says of where the run comes from.

    Raises:
        InvalidArgumentError: If the dataset has no melody to train or to validate on, or steps of another length, or a
            teacher has other events.
        DeviceError: If mixed precision is asked for and there is no GPU.
        OutputError: If the folder holds a run, or cannot be written.
        TrainingError: If the loss is not finite; the last good checkpoint is kept.
    """
    run_dir = Path(run_dir)
    if (run_dir / RUN).exists():
        raise OutputError(f"{run_dir}: there is a run already; resume it, or name another folder")
    _check_dataset(config, settings, dataset)
    check_teachers(config, teachers)
    if settings.written and not teachers:
        raise InvalidArgumentError("written is for learning from teachers, who write those tunes; name a teacher")
    provenance = provenance or Provenance()
    description = {
        "config": json.loads(config.to_json()),
        "settings": dataclasses.asdict(settings),
        "dataset": None if dataset_folder is None else str(resolved(dataset_folder)),
        "digest": dataset.digest,
        "teachers": describe(teachers),
        "provenance": dataclasses.asdict(provenance),
    }
    trainer = _Trainer(config, settings, dataset, run_dir, strategy, teachers, provenance)
    with trainer.holding():
        if weights_from is None:
            trainer.begin_with_frequencies()
        else:
            trainer.assign(weights_from)
        trainer.save()
        # Written last: a folder with it has a checkpoint to go on from.
        if trainer.is_chief:
            _write(run_dir / RUN, description)
        return trainer.run(callbacks)


def resume(
    run_dir: str | Path,
    dataset: Dataset | None = None,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    steps: int | None = None,
    strategy: Strategy | None = None,
    on_passed_over: Callable[[Sequence[str]], object] | None = None,
) -> TrainingRun:
    """Goes on with a run from its last checkpoint, to the end that its settings say.

    Args:
        run_dir: The run's folder.
        dataset: The run's dataset; loaded from where it was where not given.
        callbacks: More Keras callbacks.
        steps: Another last step than the run began with.
        strategy: The devices, as `make_strategy` gives them; one device where not given.
        on_passed_over: Called with the names of the last checkpoints if they cannot be read and one before them is
            taken.

    Raises:
        InputFileError: If there is no run, or its dataset or a teacher is gone.
        InvalidArgumentError: If the dataset or a teacher is not the one that the run began with.
        TrainingError: If the loss is not finite, or no checkpoint can be read.
    """
    run_dir = Path(run_dir)
    description = _describe(run_dir)
    try:
        config = ModelConfig.from_json(json.dumps(description["config"]))
        settings = TrainingSettings(**description["settings"])
        digest, rows = description["digest"], description.get("teachers", [])
        if not all(isinstance(row["path"], str) for row in rows):
            raise ValueError("a teacher without a path")
    except (ValueError, LookupError, TypeError) as error:
        raise _no_run(run_dir, error) from error
    provenance = provenance_of(run_dir)
    if dataset is None:
        dataset = datasets.load(dataset_of(run_dir))
    if dataset.digest != digest:
        raise InvalidArgumentError(f"{run_dir}: the run began with another dataset; give that one, or start a new run")
    if steps is not None:
        settings = dataclasses.replace(settings, steps=steps)
        _write(run_dir / RUN, {**description, "settings": dataclasses.asdict(settings)})
    teachers = load_described(rows)
    trainer = _Trainer(config, settings, dataset, run_dir, strategy, teachers, provenance)
    with trainer.holding():
        trainer.restore()
        if on_passed_over is not None and trainer.passed_over:
            on_passed_over(trainer.passed_over)
        return trainer.run(callbacks)


def dataset_of(run_dir: str | Path) -> Path:
    """Returns the folder of a run's dataset.

    Raises:
        InputFileError: If there is no run, or it does not say.
    """
    folder = _describe(Path(run_dir)).get("dataset")
    if not isinstance(folder, str):
        raise InputFileError(f"{run_dir}: the run does not say where its dataset is; give it")
    return Path(folder)


def provenance_of(run_dir: str | Path) -> Provenance:
    """Returns where a run comes from.

    Raises:
        InputFileError: If there is no run.
    """
    try:
        return Provenance(**_describe(Path(run_dir)).get("provenance", {}))
    except TypeError as error:
        raise _no_run(run_dir, error) from error


def last_step(run_dir: Path) -> int:
    """Returns the step of a run's last finished epoch, 0 before there is one."""
    try:
        return int(read_json(run_dir / _HISTORY)[-1]["step"])
    except (InputFileError, ValueError, LookupError, TypeError):
        return 0


def is_finished(run_dir: Path) -> bool:
    """Returns whether a run has come to the last step or epoch of its settings."""
    try:
        settings = read_json(run_dir / RUN)["settings"]
        num_epochs = len(read_json(run_dir / _HISTORY))
        return bool(num_epochs >= settings["epochs"] or last_step(run_dir) >= (settings["steps"] or math.inf))
    except (InputFileError, ValueError, LookupError, TypeError):
        return False


def _describe(run_dir: Path) -> dict[str, Any]:
    try:
        return dict(read_json(run_dir / RUN))
    except (InputFileError, ValueError, TypeError) as error:
        raise _no_run(run_dir, error) from error


def _no_run(run_dir: str | Path, error: Exception) -> InputFileError:
    return InputFileError(f"{run_dir}: no run to resume there ({error}); start one without --resume")


def _no_checkpoint(run_dir: Path) -> TrainingError:
    return TrainingError(f"{run_dir}: no checkpoint there can be read; start the run anew")


def _check_dataset(config: ModelConfig, settings: TrainingSettings, dataset: Dataset) -> None:
    if dataset.steps_per_quarter != config.steps_per_quarter:
        raise InvalidArgumentError(
            f"the dataset has {dataset.steps_per_quarter} steps a quarter note and the model "
            f"{config.steps_per_quarter}; build a dataset of that many"
        )
    if settings.input_noise and not make_encoding(config.encoding).sums_labels:
        raise InvalidArgumentError("input_noise is for models that sum their labels, as tunes_rnn does; set it to 0")
    needed: tuple[Split, ...] = ("train",) if settings.keep == "last" else ("train", "validation")
    for split in needed:
        if not dataset.split(split):
            raise InvalidArgumentError(f"the dataset has no melody in its {split} split; build it of more tunes")


class _Trainer:
    """A network, its optimizer, its data, and what is written to the run's folder."""

    def __init__(
        self,
        config: ModelConfig,
        settings: TrainingSettings,
        dataset: Dataset,
        run_dir: Path,
        strategy: Strategy | None,
        teachers: Sequence[Teacher],
        provenance: Provenance,
    ) -> None:
        self._dataset, self._provenance = dataset, provenance
        self._teachers = teachers
        self._config, self._settings, self._run_dir = config, settings, run_dir
        self._strategy = strategy or make_strategy("one")
        self.is_chief = is_chief(self._strategy)
        self._encoding = make_encoding(config.encoding)
        self._train = squash_all(config, dataset.split("train"))
        self._validation = squash_all(config, dataset.split("validation"))
        self._outlines = outline_bank(dataset.split("train"), config) if config.encoding.knows_form else None
        self._index = training_index(dataset) if self.is_chief else None
        per_epoch = num_batches(len(self._train), min(settings.batch_size, len(self._train)))
        self._steps_per_epoch = settings.checkpoint_steps or per_epoch
        num_steps = min(settings.epochs * self._steps_per_epoch, settings.steps or 2**62)
        self._last_step = num_steps
        keras.utils.set_random_seed(settings.seed)
        with self._strategy.scope():
            self._trainee, optimizer = self._make_trainee(num_steps, teachers)
        self.history: list[Row] = []
        self.passed_over: list[str] = []
        self._progress = tf.Variable("", dtype=tf.string, trainable=False)
        network = self._trainee.network
        checkpoint = tf.train.Checkpoint(
            network=network, optimizer=optimizer, progress=self._progress, dropout=_seeds(network)
        )
        # It writes a checkpoint before it names it as the latest one, and removes the one before the last after that.
        try:
            self._manager = tf.train.CheckpointManager(
                checkpoint, run_dir / _CHECKPOINTS, max_to_keep=settings.num_checkpoints or None
            )
        except (ValueError, tf.errors.OpError) as error:
            raise _no_checkpoint(run_dir) from error

    def _make_trainee(self, num_steps: int, teachers: Sequence[Teacher]) -> tuple[Trainee, keras.optimizers.Optimizer]:
        settings = self._settings
        # Made before the teachers, which draw random numbers too, so that a student begins as it would without them.
        network = make_network(self._config)
        self._distillation = None
        if teachers:
            softness = settings.distill_temperature, settings.distill_weight
            self._distillation = Distillation(teachers, self._encoding, *softness, settings.mixed_precision)
        trained = None
        if settings.only_chords:
            if not isinstance(self._encoding, ChordEncoding) or not self._config.network.embedding_size:
                raise InvalidArgumentError(
                    f"only_chords is for models with chords, such as chords_rnn; {self._config.name} is none"
                )
            trained = self._encoding.inputs_of_known_chords()
        trainee = Trainee(network, self._encoding, settings.clip_norm, self._distillation, trained)
        rate: Any = settings.learning_rate
        if settings.schedule == "cosine":
            rate = keras.optimizers.schedules.CosineDecay(settings.learning_rate, num_steps)
        optimizer: keras.optimizers.Optimizer = keras.optimizers.Adam(rate)
        if settings.mixed_precision:
            if runs_on_cpu():
                raise DeviceError("mixed_precision is for GPUs, and TensorFlow sees none here; leave it out")
            for layer in trainee.network.lstms:
                layer.use_mixed_precision()
            optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
        # XLA makes Keras's LSTM more than twice as slow in training on a CPU.
        trainee.compile(optimizer=optimizer, jit_compile=False)
        optimizer.build(trainee.trainable_variables)
        return trainee, optimizer

    @contextmanager
    def holding(self) -> Iterator[None]:
        """Holds the run's folder, if this is the process that writes there.

        Raises:
            OutputError: If another process holds it.
        """
        if not self.is_chief:
            yield
            return
        try:
            self._run_dir.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(f"{self._run_dir}: cannot be made ({reason(error)})") from error
        with held(self._run_dir, "run"):
            yield

    def begin_with_frequencies(self) -> None:
        """Sets the logits' biases so that fresh weights give each label about as often as the train split does.

        Without it Magenta's settings spend hundreds of steps on what counting gives at once.
        """
        frequencies = label_frequencies(self._encoding, self._train, self._settings)
        self._trainee.network.logits_layer.bias.assign(np.log(frequencies))

    def assign(self, network: MelodyNetwork) -> None:
        """Takes over another network's weights; inputs that it has not come first, and have none at first."""
        own = self._trainee.network
        num_new = own.input_size - network.input_size
        shapes = {name: tuple(variable.shape) for name, variable in own.variables_by_name().items()}
        own.assign_by_name(
            {
                name: np.pad(weight, ((num_new, 0), (0, 0)))
                if num_new > 0 and shapes.get(name) == (weight.shape[0] + num_new, *weight.shape[1:])
                else weight
                for name, weight in network.weights_by_name().items()
            }
        )

    def run(self, callbacks: Sequence[keras.callbacks.Callback]) -> TrainingRun:
        """Trains to the end."""
        epoch = len(self.history)
        # A run that ended within an epoch may go on to a later step.
        first_step = int(self.history[-1]["step"]) if self.history else 0
        if first_step < self._last_step and not self.is_out_of_patience():
            validation = None
            if self._validation:
                batch_size = self._settings.batch_size
                validation = evaluation_batches(self._encoding, self._validation, batch_size, self._strategy)
            views = self._distillation.encodings if self._distillation else None
            self._trainee.fit(
                training_batches(
                    self._encoding, self._train, self._settings, first_step, self._strategy, views, self._written()
                ),
                steps_per_epoch=self._steps_per_epoch,
                initial_epoch=epoch,
                epochs=epoch - (first_step - self._last_step) // self._steps_per_epoch,
                validation_data=validation,
                verbose=0,
                shuffle=False,
                callbacks=[_Recorder(self, first_step, self._last_step), *callbacks],
            )
        if self.is_chief:
            add_step(self._run_dir / MODEL)
        return TrainingRun(self._run_dir / MODEL, self.history, self.best(), self._trainee.network.count_params())

    def _written(self) -> Written | None:
        """Returns the tunes that the teachers wrote for this run; they are written when it begins and kept with it."""
        if not self._settings.written:
            return None
        path = self._run_dir / _WRITTEN
        if not path.exists():
            save_written(path, write_tunes(self._teachers, self._train, self._settings.written, self._settings.seed))
        return read_written(path, self._train, self._config.encoding)

    def best(self) -> Row:
        """Returns the row of the epoch whose weights the model has."""
        if self._settings.keep == "last":
            return self.history[-1]
        return min(self.history, key=lambda row: row["val_loss"])

    def is_out_of_patience(self) -> bool:
        """Returns whether validation has not improved for so long that the run ends."""
        patience = self._settings.patience
        return bool(self.history and patience and self.history[-1]["epoch"] - self.best()["epoch"] >= patience)

    def finish_epoch(self, row: Row) -> None:
        """Takes in an epoch's figures; writes the preset if they are the best, and a checkpoint."""
        self.history.append(row)
        if not self.is_chief:
            return
        if self.best() is row:
            # A network of its own, without the optimizer's state, which would treble the file.
            network = make_network(self._config)
            network.set_weights(self._trainee.network.get_weights())
            preset = self._preset(row, network.count_params())
            save_to_preset(self._run_dir / MODEL, preset, network, with_step=False)
        self.save()
        _write(self._run_dir / _HISTORY, self.history)

    def _preset(self, row: Row, num_parameters: int) -> Preset:
        """Returns what is to be said of the model whose figures are a row's."""
        name = resolved(self._run_dir).name
        counts_events = self._encoding.sums_labels or self._config.encoding.kind == "one_hot"
        card = write_card(
            name,
            self._config,
            self._settings,
            self._dataset,
            self._provenance,
            [teacher.name for teacher in self._teachers],
            row,
            counts_events,
            num_parameters,
        )
        openings = opening_pitches(self._train) or {self._config.encoding.min_note: 1.0}
        # What a model that knows form is told of the validation split is neither nothing nor all.
        nats = row.get("val_loss") if counts_events and not self._outlines else None
        return Preset(
            self._config, openings, card, nats, outlines=self._outlines, training_tunes=self._index, name=name
        )

    def save(self) -> None:
        """Writes a checkpoint, if this is the process that does."""
        if not self.is_chief:
            return
        self._progress.assign(json.dumps(self.history))
        try:
            self._manager.save()
        except (OSError, tf.errors.OpError) as error:
            raise OutputError(f"{self._run_dir}: the checkpoint cannot be written ({reason(error)})") from error

    def restore(self) -> None:
        """Takes up the last checkpoint that can be read."""
        for path in reversed(self._manager.checkpoints):
            try:
                # TensorFlow ends the process where a checkpoint claims what cannot be.
                check_checkpoint(Path(path))
                self._manager.checkpoint.restore(path).assert_consumed()
                self.history = json.loads(self._progress.numpy())
            except (tf.errors.OpError, ValueError, AssertionError, InputFileError, ModelError):
                self.passed_over.append(Path(path).name)
                continue
            return
        raise _no_checkpoint(self._run_dir)


class _Recorder(keras.callbacks.Callback):
    """Ends a run at its last step, or as soon as the loss is not finite, and records each epoch."""

    def __init__(self, trainer: _Trainer, first_step: int, last_step: int) -> None:
        super().__init__()
        self._trainer, self._step, self._last_step = trainer, first_step, last_step

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        self._step += 1
        loss = float((logs or {})["loss"])
        if not math.isfinite(loss):
            raise TrainingError(
                f"the loss is {loss} at step {self._step}; the weights of the epoch before are kept. "
                "Try a lower learning_rate"
            )
        if self._step >= self._last_step:
            self.model.stop_training = True

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        figures = {name: float(value) for name, value in (logs or {}).items()}
        if not math.isfinite(figures.get("val_loss", 0.0)):
            raise TrainingError(
                f"the validation loss is {figures['val_loss']}; the weights of the epoch before are kept"
            )
        self._trainer.finish_epoch({"epoch": epoch + 1, "step": self._step, **figures})
        if self._trainer.is_out_of_patience():
            self.model.stop_training = True


def _seeds(network: MelodyNetwork) -> dict[str, tf.Variable]:
    """Returns the states of the dropouts' random numbers by name."""
    layers = [layer for layer in network._flatten_layers() if isinstance(layer, keras.layers.Dropout)]
    generators = [getattr(layer, "seed_generator", None) for layer in layers]
    return {str(i): generator.state.value for i, generator in enumerate(generators) if generator is not None}


def _write(path: Path, data: Any) -> None:
    """Writes JSON, whole or not at all."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, (json.dumps(data, indent=2) + "\n").encode())
    except OSError as error:
        raise OutputError(f"{path}: cannot be written ({error.strerror or error})") from error
