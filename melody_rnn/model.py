"""`MelodyRNN`, the front door: primer in, melodies out."""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from note_seq import Melody
from numpy.typing import NDArray

from melody_rnn.bundles import Bundle, read_bundle, read_run, write_bundle, write_magentajs
from melody_rnn.config import MAX_SEED, ModelConfig
from melody_rnn.encodings import make_encoding
from melody_rnn.errors import InvalidArgumentError, MelodyError
from melody_rnn.events import DEFAULT_STEPS_PER_BAR
from melody_rnn.generation.beam import BeamSearch, StochasticBeam
from melody_rnn.generation.beginning import (
    Beginning,
    continue_primer,
    count_new_steps,
    every_opening,
    is_set,
    open_melodies,
    transposition_for,
)
from melody_rnn.generation.loop import SamplingLoop
from melody_rnn.generation.ranking import FoundMelody, RankBy, rank
from melody_rnn.generation.trace import Trace, Tracer, move_trace, pad_events, with_draws
from melody_rnn.music.melodies import fold, squash, transpose_events
from melody_rnn.music.primers import Primer, PrimerLike, read_primer
from melody_rnn.network.network import MelodyNetwork
from melody_rnn.presets import Preset, find_preset, load_preset, make_network, save_preset
from melody_rnn.sampling.constraints import Constraints
from melody_rnn.sampling.sampler import SamplerSettings
from melody_rnn.sampling.schedule import Schedule, Steps
from melody_rnn.sampling.temperature import event_log_likelihoods, log_softmax


def fresh_seed() -> int:
    """Returns an unpredictable seed, from 0 to `MAX_SEED`."""
    return secrets.randbelow(MAX_SEED + 1)


class MelodyRNN:
    """A trained model that continues, writes and scores melodies."""

    def __init__(self, preset: Preset, network: MelodyNetwork) -> None:
        """Joins a configuration and a network; `from_preset` and `from_bundle` are the usual ways to a model."""
        self._preset = preset
        self._network = network
        self._encoding = make_encoding(preset.config.encoding)
        self._loop = SamplingLoop(self._encoding, network)
        self._beams = BeamSearch(self._encoding, network)
        self._tracer = Tracer(self._encoding, network)
        melodies = [tf.TensorSpec([None, None], tf.int32), tf.TensorSpec([None], tf.int32)]
        self._score = tf.function(self._log_likelihoods, input_signature=melodies, autograph=False)

    @classmethod
    def from_preset(cls, name_or_folder: str | Path | None = None) -> "MelodyRNN":
        """Loads a shipped model by name, or any model's folder; without an argument the default model.

        Raises:
            ModelError: If there is no such model, or it is damaged.
        """
        return cls(*load_preset(find_preset(name_or_folder)))

    @classmethod
    def from_bundle(cls, path: str | Path) -> "MelodyRNN":
        """Loads one of Magenta's Melody RNN bundles (.mag); nothing in it is executed.

        Raises:
            InputFileError: If the file cannot be read or is no bundle.
            ModelError: If it holds another kind of model, or is damaged.
        """
        return cls._from_magenta(read_bundle(path), f"the Magenta bundle {Path(path).name}")

    @classmethod
    def from_magenta_run(cls, path: str | Path, config: ModelConfig) -> "MelodyRNN":
        """Loads a checkpoint that Magenta's training wrote; see `read_run`.

        Args:
            path: A run's `train` folder, whose latest checkpoint is taken, or a checkpoint's path.
            config: The configuration that the run had; layers are as large as the checkpoint's.

        Raises:
            InputFileError: If there is no checkpoint.
            ModelError: If it holds another kind of model, or is damaged.
        """
        return cls._from_magenta(read_run(path, config), f"a checkpoint of Magenta's, {Path(path).name}")

    @classmethod
    def _from_magenta(cls, bundle: Bundle, source: str) -> "MelodyRNN":
        network = make_network(bundle.config)
        network.assign_by_name(bundle.weights)
        card = f"# {bundle.config.name}\n\nConverted from {source}.\n\n{bundle.description}\n"
        return cls(Preset(bundle.config, card=card), network)

    @property
    def config(self) -> ModelConfig:
        """The model's configuration."""
        return self._preset.config

    @property
    def network(self) -> MelodyNetwork:
        """The model's network."""
        return self._network

    def save_preset(self, folder: str | Path) -> None:
        """Writes the model as a folder that `from_preset` reads.

        Raises:
            OutputError: If the folder cannot be written.
        """
        save_preset(Path(folder), self._preset, self._network)

    def save_bundle(self, path: str | Path, description: str = "", batch_size: int = 1, **generator: str | None) -> str:
        """Writes the model as a bundle (.mag) that Magenta 2.1.4 plays and `from_bundle` reads; see `write_bundle`."""
        return write_bundle(path, self.config, self._network.weights_by_name(), description, batch_size, **generator)

    def save_magentajs(self, folder: str | Path, description: str = "") -> None:
        """Writes the model as a new folder that Magenta.js plays in a browser; see `write_magentajs`."""
        write_magentajs(folder, self.config, self._network.weights_by_name(), description)

    def generate(
        self,
        num_outputs: int = 1,
        num_steps: int = 128,
        new_steps: int | None = None,
        primer: PrimerLike = None,
        temperature: float | Sequence[float] | Schedule | NDArray[np.floating] | None = None,
        top_k: int | Sequence[int] | None = None,
        top_p: float | Sequence[float] | None = None,
        min_p: float | Sequence[float] | None = None,
        seed: int | None = None,
        steps_per_bar: int | None = None,
        on_done: Callable[[int], object] | None = None,
        sampler: SamplerSettings | None = None,
        constraints: Constraints | None = None,
        on_trace: Callable[[list[Trace]], object] | None = None,
    ) -> list[Melody]:
        """Samples melodies.

        Melody k depends on the seed and on k, not on `num_outputs`. The sampler's settings are one value for all
        melodies or one for each; temperature, top_k, top_p and min_p take the place of those in `sampler`.

        Args:
            num_outputs: Number of melodies, at least 1.
            num_steps: Steps of each melody with its primer.
            new_steps: Steps to sample after the primer; takes the place of `num_steps`.
            primer: What every melody starts with: a melody, events, a NoteSequence, or text as `parse_primer` reads
                it. Without one, each melody's first note is drawn from the model's opening notes.
            temperature: Divides the logits; 0 is greedy. A `Schedule`, or an array [num_outputs or 1, new_steps],
                changes it from step to step.
            top_k: Keeps the likeliest labels.
            top_p: Keeps the likeliest labels that hold this probability.
            min_p: Keeps labels at least this many times as likely as the likeliest.
            seed: From 0 to `MAX_SEED`; a fresh one if None.
            steps_per_bar: Steps in a bar, which encodings that know bars keep to; where not given, those of a primer
                that is a Melody or a NoteSequence, else 16.
            on_done: Called with the number of melodies each time that some are done, from any thread.
            sampler: All of the sampler's settings.
            constraints: What every melody must be like. Without a primer they also say where the model plays: it is
                transposed so that their key is the one it knows best.
            on_trace: Called once with what `trace` says of each melody, and with how its events were drawn.

        Returns:
            `num_outputs` melodies, primer included exactly as given.

        Raises:
            InvalidArgumentError: If an argument is out of its range.
            MelodyError: If the primer has no note, or leaves no step to sample.
            ConstraintError: If the constraints leave no event possible.
            GenerationError: If the network gives logits that are not finite.
        """
        _check_at_least("num_outputs", num_outputs, 1)
        shortcuts = {"temperature": temperature, "top_k": top_k, "top_p": top_p, "min_p": min_p}
        chosen: dict[str, Any] = {name: value for name, value in shortcuts.items() if value is not None}
        settings = replace(sampler or SamplerSettings(), **chosen)
        seed = fresh_seed() if seed is None else _check_seed(seed)
        given, steps = self._plan(num_steps, new_steps, primer, steps_per_bar)
        controls = settings.controls(num_outputs, steps)
        beginning = self._begin(given, steps, constraints, num_outputs, seed)
        job = (beginning.start, steps.num_steps, controls, seed, on_done, beginning.guide)
        if on_trace is None:
            return self._melodies(given, steps, beginning, self._loop(*job))
        sampled = self._loop.traced(*job)
        melodies = self._melodies(given, steps, beginning, sampled.events)
        traces = zip(self.trace(melodies, beginning.transposition), sampled.labels, sampled.logits, strict=True)
        on_trace([with_draws(*parts) for parts in traces])
        return melodies

    def best_of(
        self, num_candidates: int, num_outputs: int = 1, by: RankBy = "likely", **arguments: Any
    ) -> list[FoundMelody]:
        """Samples candidates in one batch and keeps the best.

        Args:
            num_candidates: How many to sample, at least `num_outputs`.
            num_outputs: How many to keep, at least 1.
            by: 'likely' for the fewest nats per event, 'typical' for those nearest to what held-out tunes have.
            arguments: All others of `generate`; a setting for each melody is one for each candidate.

        Returns:
            The best first; `candidate` tells which melody of `generate(num_candidates, ...)` each is.

        Raises:
            InvalidArgumentError: If an argument is out of its range.
            ModelError: If typical melodies are asked for and the model does not know what real tunes have.
        """
        _check_at_least("num_outputs", num_outputs, 1)
        _check_at_least("num_candidates", num_candidates, num_outputs)
        rank([], by, self._preset.nats_per_event)
        on_trace, traces = arguments.pop("on_trace", None), list[Trace]()
        melodies = self.generate(num_candidates, on_trace=traces.extend if on_trace else None, **arguments)
        amount = self.transposition(arguments.get("primer"), arguments.get("constraints"))
        nats = [trace.nats_per_event for trace in traces or self.trace(melodies, amount)]
        best = rank(nats, by, self._preset.nats_per_event)[:num_outputs]
        if on_trace:
            on_trace([traces[k] for k in best])
        return [FoundMelody(melodies[k], k, nats[k]) for k in best]

    def beam_search(
        self,
        beam_size: int,
        num_outputs: int = 1,
        num_steps: int = 128,
        new_steps: int | None = None,
        primer: PrimerLike = None,
        steps_per_bar: int | None = None,
        constraints: Constraints | None = None,
    ) -> list[FoundMelody]:
        """Searches for the likeliest melodies, the same each time.

        An event is as probable as all labels that stand for it together. All melodies are equally long, so dividing
        their log-likelihoods by their length changes no order. Without a primer every opening note of the model takes
        part with its own probability.

        Args:
            beam_size: How many beginnings are kept after each step, at least `num_outputs`.
            num_outputs: How many of the last ones to return.
            num_steps: As in `generate`.
            new_steps: As in `generate`.
            primer: As in `generate`.
            steps_per_bar: As in `generate`.
            constraints: As in `generate`.

        Returns:
            The likeliest first; fewer than `num_outputs` where there are no more different melodies.

        Raises:
            InvalidArgumentError, MelodyError, ConstraintError, GenerationError: As in `generate`.
        """
        _check_at_least("num_outputs", num_outputs, 1)
        _check_at_least("beam_size", beam_size, num_outputs)
        given, steps = self._plan(num_steps, new_steps, primer, steps_per_bar)
        if given:
            beginning, scores = self._begin(given, steps, constraints, 1, 0), np.zeros(1)
        else:
            beginning, scores = every_opening(self.config, self._preset.opening_pitches, constraints, steps)
        found = self._beams.best(beginning.start, steps.num_steps, beam_size, scores, beginning.guide)
        starts, events = found.starts[:num_outputs], found.events[:num_outputs]
        melodies = self._melodies(given, steps, beginning.of_rows(starts), events)
        return self._found(melodies, beginning)

    def stochastic_beam_search(
        self,
        beam: StochasticBeam,
        num_outputs: int = 1,
        num_steps: int = 128,
        new_steps: int | None = None,
        primer: PrimerLike = None,
        seed: int | None = None,
        steps_per_bar: int | None = None,
        sampler: SamplerSettings | None = None,
        constraints: Constraints | None = None,
    ) -> list[FoundMelody]:
        """Samples melodies with Magenta's beam search; with a beam of one and one branch it is `generate`.

        Args:
            beam: Its `beam_size`, `branch_factor` and `steps_per_iteration`, each at least 1.
            num_outputs: How many melodies, each of a beam of its own.
            num_steps: As in `generate`.
            new_steps: As in `generate`.
            primer: As in `generate`.
            seed: As in `generate`.
            steps_per_bar: As in `generate`.
            sampler: As in `generate`.
            constraints: As in `generate`.

        Returns:
            Melody k, which depends on the seed and on k, at place k, with its tempered log-likelihood.

        Raises:
            InvalidArgumentError, MelodyError, ConstraintError, GenerationError: As in `generate`.
        """
        _check_at_least("num_outputs", num_outputs, 1)
        for name, value in beam._asdict().items():
            _check_at_least(name, value, 1)
        seed = fresh_seed() if seed is None else _check_seed(seed)
        given, steps = self._plan(num_steps, new_steps, primer, steps_per_bar)
        controls = (sampler or SamplerSettings()).controls(num_outputs, steps)
        beginning = self._begin(given, steps, constraints, num_outputs, seed)
        start, guide = beginning.start, beginning.guide
        sampled = self._beams.stochastic(start, steps.num_steps, controls, seed, beam, guide)
        found = self._found(self._melodies(given, steps, beginning, sampled.events), beginning)
        scores = sampled.scores.tolist()
        return [melody._replace(tempered_log_likelihood=score) for melody, score in zip(found, scores, strict=True)]

    def _plan(
        self, num_steps: int, new_steps: int | None, primer: PrimerLike, steps_per_bar: int | None
    ) -> tuple[Primer | None, Steps]:
        """Returns the primer, read, and which steps are to be added to it or to an opening."""
        given = None if primer is None else read_primer(primer, self.config.steps_per_quarter)
        num_given = len(given.events) if given else 1
        new_steps = count_new_steps(num_given, num_steps, new_steps)
        if steps_per_bar is None:
            meter = given.meter if given else None
            steps_per_bar = meter.steps_per_bar(self.config.steps_per_quarter) if meter else DEFAULT_STEPS_PER_BAR
        _check_at_least("steps_per_bar", steps_per_bar, 1)
        return given, Steps(num_given, new_steps, steps_per_bar)

    def _begin(
        self, given: Primer | None, steps: Steps, constraints: Constraints | None, num_outputs: int, seed: int
    ) -> Beginning:
        if given is None:
            return open_melodies(self.config, self._preset.opening_pitches, constraints, steps, num_outputs, seed)
        return continue_primer(self.config, given, constraints, steps, num_outputs)

    def _melodies(
        self, given: Primer | None, steps: Steps, beginning: Beginning, events: NDArray[np.int32]
    ) -> list[Melody]:
        """Returns melodies as they sound: each one's beginning, then its row of `events` [num_melodies, new_steps]."""
        amount = -beginning.transposition
        openings = transpose_events(beginning.start.events, amount).tolist()
        rows = zip(openings, transpose_events(events, amount).tolist(), strict=True)
        about = {"steps_per_quarter": self.config.steps_per_quarter, "steps_per_bar": steps.per_bar}
        return [Melody([*(given.events if given else opening), *row], **about) for opening, row in rows]

    def _found(self, melodies: list[Melody], beginning: Beginning) -> list[FoundMelody]:
        traces = self.trace(melodies, beginning.transposition)
        return [FoundMelody(melody, k, traces[k].nats_per_event) for k, melody in enumerate(melodies)]

    def log_likelihood(self, melody: Melody | Sequence[int]) -> float:
        """Returns the log-likelihood of a melody's events after the first, in nats at temperature 1.

        The melody is squashed into the model's range and key first. As in Magenta's `melody_log_likelihood`, an event
        has the likelihood of its label, though lookback labels may stand for it too; only encodings that sum their
        labels (`Encoding.sums_labels`) give the event's own.

        Raises:
            MelodyError: If the melody is empty.
        """
        return self.log_likelihoods([melody])[0]

    def log_likelihoods(self, melodies: Sequence[Melody | Sequence[int]]) -> list[float]:
        """Returns `log_likelihood` of each melody, computed in one batch."""
        squashed = [list(self._squash(_as_melody(melody))[0]) for melody in melodies]
        lengths = [len(events) for events in squashed]
        if not lengths or min(lengths) < 1:
            raise MelodyError("a melody without events has no likelihood; give at least one event")
        bars = [_steps_per_bar(melody) for melody in melodies]
        scores = self._score(tf.constant(pad_events(squashed)), tf.constant(bars)).numpy()
        return [float(row[: length - 1].sum(dtype=np.float64)) for row, length in zip(scores, lengths, strict=True)]

    def logits(self, melody: Melody | Sequence[int]) -> NDArray[np.float32]:
        """Returns the logits of the next label after each event of a melody, [num_events, num_classes] float32.

        The melody is taken as it is.

        Raises:
            MelodyError: If it is empty or has a note outside the model's range.
        """
        events = np.asarray(list(_as_melody(melody)), np.int32)
        low, high = self.config.encoding.min_note, self.config.encoding.max_note
        outside = events[(events >= 0) & ((events < low) | (events >= high))]
        if not len(events) or len(outside):
            found = f"pitch {outside[0]}" if len(outside) else "no event"
            raise MelodyError(f"the melody must have events with pitches from {low} to {high - 1}, got {found}")
        encoded = self._encoding.encode(tf.constant(events[np.newaxis]), _steps_per_bar(melody))
        logits: NDArray[np.float32] = self._network(encoded.inputs)[0].numpy()
        return logits

    def trace(self, melodies: Sequence[Melody | Sequence[int]], transpose: int | None = None) -> list[Trace]:
        """Returns what the model makes of each step of melodies: probabilities, entropies, ranks, logits.

        `[trace.probabilities for trace in model.trace(melodies)]` are arrays [steps] of the events' probabilities, NaN
        for the first event.

        Args:
            melodies: At least one event each.
            transpose: Semitones up to the model's key, where notes outside its range are folded into it by octaves;
                where not given, each melody's own, as in `log_likelihood`. Melodies that `generate` made are replayed
                as they were made with `transposition(primer, constraints)`.

        Raises:
            MelodyError: If a melody is empty.
        """
        moved = [self._squash(_as_melody(melody), transpose) for melody in melodies]
        if any(not len(melody) for melody, _ in moved):
            raise MelodyError("a melody without events has no trace; give at least one event")
        bars = [_steps_per_bar(melody) for melody in melodies]
        traces = self._tracer([list(melody) for melody, _ in moved], bars)
        given = [np.asarray(list(melody), np.int32) for melody in melodies]
        return [
            move_trace(trace, events, -amount) for trace, events, (_, amount) in zip(traces, given, moved, strict=True)
        ]

    def transposition(self, primer: PrimerLike, constraints: Constraints | None = None) -> int:
        """Returns by how many semitones `generate` moves a primer, or without one its constraints, into its key."""
        if primer is None:
            return transposition_for(self.config, constraints) if is_set(constraints) else 0
        return self._squash(Melody(list(read_primer(primer, self.config.steps_per_quarter).events)))[1]

    def _log_likelihoods(self, events: tf.Tensor, steps_per_bar: tf.Tensor) -> tf.Tensor:
        """Returns the log-likelihood of each event after the first, [batch, steps - 1] float32."""
        encoded = self._encoding.encode(events, steps_per_bar)
        log_probabilities = log_softmax(self._network(encoded.inputs[:, :-1]))
        if self._encoding.sums_labels:
            return event_log_likelihoods(log_probabilities, encoded.label_events[:, 1:], events[:, 1:])
        return tf.gather(log_probabilities, encoded.labels[:, 1:], axis=2, batch_dims=2)

    def _squash(self, melody: Melody, transpose: int | None = None) -> tuple[Melody, int]:
        encoding = self.config.encoding
        if transpose is not None:
            return fold(melody, encoding.min_note, encoding.max_note, transpose), transpose
        return squash(melody, encoding.min_note, encoding.max_note, self.config.transpose_to_key)


def _as_melody(melody: Melody | Sequence[int]) -> Melody:
    return melody if isinstance(melody, Melody) else Melody(list(melody))


def _steps_per_bar(melody: Melody | Sequence[int]) -> int:
    return melody.steps_per_bar if isinstance(melody, Melody) else DEFAULT_STEPS_PER_BAR


def _check_at_least(name: str, value: int, least: int) -> None:
    if value < least:
        raise InvalidArgumentError(f"{name} must be at least {least}, got {value}")


def _check_seed(seed: int) -> int:
    if not 0 <= seed <= MAX_SEED:
        raise InvalidArgumentError(f"seed must be from 0 to {MAX_SEED}, got {seed}")
    return seed
