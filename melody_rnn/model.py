"""`MelodyRNN`, the front door: primer in, tunes out."""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np
from numpy.typing import NDArray

from melody_rnn import __version__
from melody_rnn.config import MAX_FIRST, MAX_SEED, MAX_STEPS, ModelConfig
from melody_rnn.errors import InputFileError, InvalidArgumentError, MelodyError, ModelError
from melody_rnn.events import NO_EVENT
from melody_rnn.files import scratch_folder
from melody_rnn.generation.beam import StochasticBeam
from melody_rnn.generation.beginning import Start, begin, begin_with_every_opening
from melody_rnn.generation.endings import plan_endings
from melody_rnn.generation.engine import (
    Engine,
    EngineChoice,
    check_engine,
    guided_litert_engine,
    guided_tensorflow_engine,
    is_for_litert,
    litert_engine,
    tensorflow_engine,
)
from melody_rnn.generation.guidance import GuidedStep, check_guide
from melody_rnn.generation.lookahead import plan_look_ahead
from melody_rnn.generation.potentials import Potential
from melody_rnn.generation.rejection import check_limit, first_accepted
from melody_rnn.generation.request import Asked, AskedWithPrimer, Request, is_stream, plan
from melody_rnn.generation.result import Generated, RankBy, joined, rank
from melody_rnn.generation.rules import Sampled
from melody_rnn.generation.trace import Replay, Trace, move_trace, trace_melodies, trace_of, with_draws
from melody_rnn.kept_steps import keep_step, kept_step
from melody_rnn.litert.description import Step
from melody_rnn.loading import load_tensorflow
from melody_rnn.model_source import find_model, magenta
from melody_rnn.music.transposition import home_transposition, transpose
from melody_rnn.presets import (
    Preset,
    load_preset,
    make_network,
    make_step,
    read_critic,
    read_preset_step,
    read_training_index,
    read_whole_preset,
    save_to_preset,
)
from melody_rnn.sampling.brought import brought_by
from melody_rnn.sampling.sampler import Controls, SamplerSettings
from melody_rnn.sampling.schedule import Schedule
from melody_rnn.sampling.softmax import event_log_likelihoods, log_softmax
from melody_rnn.tunes.copied import TrainingIndex
from melody_rnn.tunes.outline import Outline, outline_of
from melody_rnn.tunes.outline_bank import OutlineBank
from melody_rnn.tunes.primers import PrimerLike, read_tune_like
from melody_rnn.tunes.tune import Origin, Tune

if TYPE_CHECKING:
    from melody_rnn.encodings import Encoding
    from melody_rnn.features.critic import Critic
    from melody_rnn.generation.streaming import Stream
    from melody_rnn.magenta.bundles import Bundle
    from melody_rnn.network.network import MelodyNetwork


def fresh_seed() -> int:
    """Returns an unpredictable seed, from 0 to `MAX_SEED`."""
    return secrets.randbelow(MAX_SEED + 1)


class MelodyRNN:
    """A trained model that continues, writes and scores melodies."""

    def __init__(
        self,
        preset: Preset,
        network: "MelodyNetwork | None" = None,
        step: Step | None = None,
        engine: EngineChoice = "auto",
        load_network: "Callable[[], MelodyNetwork] | None" = None,
        folder: Path | None = None,
    ) -> None:
        """Joins a configuration and what runs it; `from_preset` is the usual way to a model.

        Args:
            preset: The configuration.
            network: The network; where there is none, it is loaded when TensorFlow is to run it.
            step: The step for LiteRT.
            engine: What runs the model; see `from_preset`.
            load_network: Loads the network.
            folder: Where the index of its training tunes is, if it was not loaded with the configuration.
        """
        self._preset = preset
        self._given_network = network
        self._step = step
        self._engine_choice = engine
        self._load_network = load_network
        self._folder = folder
        self._guided: dict[tuple[MelodyRNN, float, bool], Engine] = {}

    @classmethod
    def from_preset(cls, name_or_path: str | Path | None = None, engine: EngineChoice = "auto") -> "MelodyRNN":
        """Loads a shipped model by name, any model's folder, or a Magenta bundle (.mag); else the default model.

        Args:
            name_or_path: A shipped model's name, a model's folder, or a bundle's file; None is the default model.
            engine: 'litert' runs the model's step by LiteRT, which starts at once and never imports TensorFlow;
                'tensorflow' compiles everything, which takes seconds and is faster then; 'auto' gives LiteRT what is
                small (`generation.engine`), if the folder has a step that belongs to its weights.

        Raises:
            InvalidArgumentError: If there is no such engine.
            InputFileError: If a bundle is missing or is none.
            ModelError: If there is no such model, or it is damaged; for 'litert' also if it has no step that can be
                used.
        """
        check_engine(engine)
        source = find_model(name_or_path)
        folder = source.path
        if source.is_bundle:
            return cls.from_bundle(folder, engine)
        if engine != "tensorflow":
            try:
                preset = read_whole_preset(folder)
                step = read_preset_step(folder, preset.config)
                return cls(preset, None, step, engine, lambda: load_preset(folder)[1], folder)
            except (InputFileError, ModelError) as error:
                if engine == "litert":
                    raise ModelError(str(error)) from error
        load_tensorflow()
        return cls(*load_preset(folder), None, "tensorflow", folder=folder)

    @classmethod
    def from_bundle(cls, path: str | Path, engine: EngineChoice = "tensorflow") -> "MelodyRNN":
        """Loads a bundle of Magenta's Melody RNN or Improv RNN, whatever it is called; nothing in it is executed.

        Args:
            path: The file of the bundle.
            engine: As in `from_preset`. For 'litert' the bundle's step is written once, which takes TensorFlow some
                seconds, and kept in the user's cache (`kept_steps`); with it, nothing imports TensorFlow. 'auto' takes
                the step that is kept, if one is.

        Raises:
            InvalidArgumentError: If there is no such engine.
            InputFileError: If the file cannot be read or is no bundle.
            ModelError: If it holds another kind of model, or is damaged.
        """
        check_engine(engine)
        path = Path(path)
        kept = None if engine == "tensorflow" else kept_step(path)
        if kept is not None:
            preset, step = kept
            return cls(preset, None, step, engine, lambda: cls.from_bundle(path).network)
        load_tensorflow()
        model = cls._from_magenta(magenta().read_bundle(path), f"the Magenta bundle {path.name}")
        if engine != "litert":
            return model
        step = make_step(path.read_bytes(), model.config, model.network)
        keep_step(path, model._preset, step)
        return cls(model._preset, model.network, step, engine)

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
        load_tensorflow()
        return cls._from_magenta(magenta().read_run(path, config), f"a checkpoint of Magenta's, {Path(path).name}")

    @classmethod
    def _from_magenta(cls, bundle: "Bundle", source: str) -> "MelodyRNN":
        network = make_network(bundle.config)
        network.assign_by_name(bundle.weights)
        card = f"# {bundle.config.name}\n\nConverted from {source}.\n\n{bundle.description}\n"
        return cls(Preset(bundle.config, card=card), network)

    @property
    def outlines(self) -> "OutlineBank | None":
        """What the tunes that the model was trained on have for forms; None if it knows no form."""
        return self._preset.outlines

    @property
    def nats_per_event(self) -> float | None:
        """What an event of real tunes costs on average, in nats at temperature 1; None where nobody measured it."""
        return self._preset.nats_per_event

    @cached_property
    def training_tunes(self) -> TrainingIndex | None:
        """The index of the tunes that the model was trained on; None where there is none.

        Raises:
            ModelError: If it is damaged.
        """
        own = self._preset.training_tunes
        return own if own is not None or self._folder is None else read_training_index(self._folder)

    @cached_property
    def critic(self) -> "Critic | None":
        """What tells the model's whole tunes from real ones; None where there is nothing.

        Raises:
            ModelError: If it is damaged.
        """
        own = self._preset.critic
        return own if own is not None or self._folder is None else read_critic(self._folder)

    @property
    def sampler(self) -> SamplerSettings:
        """The settings that the model brings along, which hold where nothing else is asked for."""
        return self._preset.brought.settings()

    @property
    def calibration_temperature(self) -> float | None:
        """The temperature at which held-out tunes are likeliest; None where nobody measured it. Nothing uses it."""
        return self._preset.brought.calibration_temperature

    @property
    def config(self) -> ModelConfig:
        """The model's configuration."""
        return self._preset.config

    @property
    def engine(self) -> EngineChoice:
        """What runs the model: 'litert', 'tensorflow', or 'auto' where the work decides.

        It is 'tensorflow' also where 'auto' was asked for and the model's folder has no step that can be used. What ran
        it in the end stands in each tune's `origin.engine`.
        """
        return self._engine_choice

    @cached_property
    def network(self) -> "MelodyNetwork":
        """The model's network."""
        if self._given_network is not None:
            return self._given_network
        assert self._load_network is not None
        load_tensorflow()
        return self._load_network()

    @cached_property
    def encoding(self) -> "Encoding":
        """What makes inputs and labels of events; see `Encoding.encode_stream`."""
        load_tensorflow()
        from melody_rnn.encodings import make_encoding

        return make_encoding(self.config.encoding)

    @cached_property
    def _tensorflow(self) -> Engine:
        return tensorflow_engine(self.encoding, self.network)

    @cached_property
    def _litert(self) -> Engine | None:
        return None if self._step is None else litert_engine(self.config, self._step)

    def _engine(self, num_steps: int, guide: "tuple[MelodyRNN, float] | None" = None) -> Engine:
        """Returns what runs so many steps of all melodies together, with a guide or without."""
        is_litert = self._engine_choice == "litert" or is_for_litert(num_steps)
        if guide is not None:
            return self._guided_engine(*guide, is_litert)
        if self._litert is not None and is_litert:
            return self._litert
        from melody_rnn.network import use_tensorflow

        use_tensorflow()
        return self._tensorflow

    def _guided_engine(self, guide: "MelodyRNN", strength: float, is_litert: bool) -> Engine:
        """Returns what runs the model with a guide; it is kept, since TensorFlow compiles it."""
        step, guide_step = self._step, guide._step
        if self._engine_choice == "litert" and guide_step is None:
            guide_step = guide._any_step
        is_litert = is_litert and step is not None and guide_step is not None
        key = (guide, strength, is_litert)
        if key not in self._guided:
            if is_litert and step and guide_step:
                self._guided[key] = guided_litert_engine(self.config, step, guide.config, guide_step, strength)
            else:
                own = self.encoding, self.network
                self._guided[key] = guided_tensorflow_engine(*own, guide.encoding, guide.network, strength)
        return self._guided[key]

    def save_to_preset(
        self, folder: str | Path, sampler: SamplerSettings | None = None, calibration_temperature: float | None = None
    ) -> None:
        """Writes the model as a folder that `from_preset` reads.

        Args:
            folder: Where to write it; a model that is there is replaced.
            sampler: The settings that the model is to bring along; where not given, those that it has.
            calibration_temperature: The temperature at which held-out tunes are likeliest; where not given, the one
                that is known.

        Raises:
            OutputError: If the folder cannot be written.
            InvalidArgumentError: If a setting is not one for all melodies.
        """
        brought = brought_by(
            self.sampler if sampler is None else sampler,
            self.calibration_temperature if calibration_temperature is None else calibration_temperature,
        )
        preset = replace(self._preset, brought=brought, training_tunes=self.training_tunes)
        save_to_preset(Path(folder), preset, self.network)

    def save_bundle(self, path: str | Path, description: str = "", batch_size: int = 1, **generator: str | None) -> str:
        """Writes the model as a bundle (.mag) that Magenta 2.1.4 plays and `from_bundle` reads; see `write_bundle`."""
        return str(
            magenta().write_bundle(
                path, self.config, self.network.weights_by_name(), description, batch_size, **generator
            )
        )

    def save_magentajs(self, folder: str | Path, description: str = "") -> None:
        """Writes the model as a new folder that Magenta.js plays in a browser; see `write_magentajs`."""
        magenta().write_magentajs(folder, self.config, self.network.weights_by_name(), description)

    def save_litert(self, folder: str | Path, description: str = "") -> None:
        """Writes the model as a new folder that LiteRT runs without TensorFlow, in any language; see docs/litert.md.

        Args:
            folder: The folder, which must not exist yet.
            description: What the model says about itself, a line.

        Raises:
            OutputError: If the folder exists, or cannot be written.
        """
        from melody_rnn.generation.export import export_litert

        about = f"# {self.config.name}\n\n{description}\n" if description else self._preset.card
        export_litert(Path(folder), self._any_step, self.config.encoding, about)

    @cached_property
    def _any_step(self) -> Step:
        """The model's step; where it has none, it is written here."""
        if self._step is not None:
            return self._step
        with scratch_folder() as folder:
            self.save_to_preset(folder / "model")
            return read_preset_step(folder / "model", self.config)

    def generate(
        self,
        primer: PrimerLike | None = None,
        *,
        num_outputs: int = 1,
        temperature: float | Sequence[float] | Schedule | NDArray[np.floating] | None = None,
        top_k: int | Sequence[int] | None = None,
        top_p: float | Sequence[float] | None = None,
        min_p: float | Sequence[float] | None = None,
        seed: int | None = None,
        sampler: SamplerSettings | None = None,
        trace: bool = False,
        on_done: Callable[[int], object] | None = None,
        first: int = 0,
        look_ahead: int | None = None,
        potentials: Sequence[Potential] = (),
        guide: "tuple[MelodyRNN, float] | None" = None,
        max_copied: int | None = None,
        **asked: Unpack[Asked],
    ) -> Generated:
        """Samples tunes.

        A model that knows form writes whole tunes, unless `num_steps` or `new_steps` ask for streams. Tune k depends on
        the seed and on k, not on `num_outputs`. The sampler's settings are one value for all tunes or one for each;
        temperature, top_k, top_p and min_p take the place of those in `sampler`.

        Args:
            primer: What every tune begins with: a tune, events, a note_seq Melody or NoteSequence, or text as
                `parse_primer` reads it. A stream without one begins with a note drawn from the model's openings.
            num_outputs: Number of tunes, at least 1.
            temperature: Divides the logits; 0 is greedy. A `Schedule`, or an array [num_outputs or 1, new_steps],
                changes it from step to step.
            top_k: Keeps this many of the likeliest labels.
            top_p: Keeps the likeliest labels that hold this probability.
            min_p: Keeps labels at least this many times as likely as the likeliest.
            seed: From 0 to `MAX_SEED`; a fresh one if None.
            sampler: All of the sampler's settings; where not given, those that the model brings along.
            trace: Whether to trace the tunes, which also gives each event's probability, and how it was drawn.
            on_done: Called with the number of tunes each time that some are done, from any thread.
            first: The number of the first tune in its run: `generate(10, first=20)` gives those from 20 to 29 of
                `generate(30)` with the same seed and, as what runs a model depends on the work, the same engine.
            look_ahead: Of how many particles each tune is drawn, so that what comes before is drawn from the model's
                distribution given what is fixed (`generation.lookahead`); 1 masks step by step. Where not given,
                `DEFAULT_PARTICLES` for a rhythm, an end and what is kept, and for potentials, else 1. The result says
                how it went in `outlooks`; its traces do not know how events were drawn.
            potentials: Soft targets, such as `melody_rnn.generation.potentials.density("4,8,8,4")`, or one's own.
            guide: Another model and g: each logit z becomes z + g (z - z_guide), which makes the tunes less like the
                guide's where g is above 0, and more like them below 0, down to -1 (`generation.guidance`). Traces say
                what this model alone makes of the tunes, and how they were drawn from both.
            max_copied: Most notes in a row, primer included, that a tune may share by intervals and durations with one
                that the model was trained on. The tunes are then the first ones of the run that share no more,
                `candidates` tells which, and all have the same settings.
            asked: What else the tunes are asked for: num_steps, new_steps, meter, pickup_steps, qpm, constraints, form,
                bars, key, pitches, chords, chord_strength; see `melody_rnn.generation.request.Asked`.

        Returns:
            `num_outputs` tunes, primer included exactly as given. Whole tunes are written ones: their sections say how
            often they are played.

        Raises:
            InvalidArgumentError: If an argument is out of its range.
            MelodyError: If the primer has no note, or leaves no step to sample.
            ConstraintError: If the constraints leave no event possible, no particle meets the potentials, or hardly any
                tune is within `max_copied`.
            GenerationError: If the network gives logits that are not finite.
            ModelError: If `max_copied` is given and the model has no index of its training tunes.
        """
        _check_at_least("num_outputs", num_outputs, 1)
        settings = _settings(sampler or self.sampler, temperature=temperature, top_k=top_k, top_p=top_p, min_p=min_p)
        if max_copied is not None:
            index = check_limit(self.training_tunes, max_copied)
            seed = fresh_seed() if seed is None else seed
            draw = partial(self.generate, primer, seed=seed, sampler=settings, trace=trace, look_ahead=look_ahead)
            draw = partial(draw, potentials=potentials, guide=guide, **asked)
            return first_accepted(draw, index, max_copied, num_outputs, first, on_done)
        seed = fresh_seed() if seed is None else _check_seed(seed)
        if not 0 <= first <= MAX_FIRST:
            raise InvalidArgumentError(f"first must be from 0 to {MAX_FIRST}, got {first}")
        if guide is not None:
            check_guide(self.config, guide[0].config, guide[1])
        requests = plan(self.config, self._preset.outlines, num_outputs, seed, {"primer": primer, **asked}, first)
        if potentials:
            requests = [own for request in requests for own in request.by_length()]
        controls = self._controls(settings, requests, range(first, first + num_outputs))
        constraints = requests[0].constraints
        ahead = plan_look_ahead(look_ahead, constraints, tuple(potentials), controls.values["temperature"])
        engine = self._engine(_work(requests) * (ahead.num_particles if ahead else 1), guide)
        parts = []
        for request in requests:
            start, automaton = begin(request, self._preset.opening_pitches, seed, closes=ahead is not None)
            own = controls.of_rows(np.array(request.numbers) - first, request.num_new_steps)
            transpositions = np.array([outline.transposition for outline in request.outlines], np.int32)
            self._check_targets(potentials, start, transpositions)
            if ahead and (automaton or start.fixed or potentials):
                given = (start, request.num_new_steps, own, seed, ahead, automaton, transpositions, on_done)
                drawn_ahead = engine.particles(*given)
                result = replace(
                    self._result(request, start, drawn_ahead.events, seed, engine), outlooks=drawn_ahead.outlooks
                )
                parts.append(self._with_traces(result) if trace else result)
                continue
            job = (start, request.num_new_steps, own, seed, on_done, automaton)
            if not trace:
                events = engine.loop(*job)
                result = self._result(request, start, events, seed, engine)
                parts.append(_with_endings(result, request, start, events, own, engine))
                continue
            sampled = engine.loop.traced(*job)
            result = self._with_traces(self._result(request, start, sampled.events, seed, engine), start, sampled)
            result = _with_endings(result, request, start, sampled.events, own, engine)
            drawn = zip(result.traces or (), request.lengths, sampled.labels, sampled.logits, strict=True)
            traces = (
                with_draws(trace, labels[: length - request.num_given], logits[: length - request.num_given])
                for trace, length, labels, logits in drawn
            )
            parts.append(replace(result, traces=tuple(traces)))
        return joined(parts, [number for request in requests for number in request.numbers])

    def stream(
        self,
        primer: PrimerLike | None = None,
        *,
        temperature: float | Schedule | NDArray[np.floating] | None = None,
        top_k: int | None = None,
        top_p: float | None = None,
        min_p: float | None = None,
        seed: int | None = None,
        sampler: SamplerSettings | None = None,
        guide: "tuple[MelodyRNN, float] | None" = None,
        **asked: Unpack[Asked],
    ) -> "Stream":
        """Samples one tune event by event, to be heard and steered while it is made.

        It is the first tune that `generate` samples from the same seed without looking ahead, as long as it is not
        steered. LiteRT runs it whatever the model's engine; a model without a step file gets a step here, which takes
        TensorFlow some seconds.

        Args:
            primer: As in `generate`.
            temperature: As in `generate`.
            top_k: As in `generate`.
            top_p: As in `generate`.
            min_p: As in `generate`.
            seed: As in `generate`.
            sampler: As in `generate`.
            guide: As in `generate`.
            asked: As in `generate`.

        Returns:
            An iterator of events, with what steers it.

        Raises:
            InvalidArgumentError, MelodyError, ConstraintError: As in `generate`.
        """
        from melody_rnn.generation.streaming import Stream

        settings = _settings(sampler or self.sampler, temperature=temperature, top_k=top_k, top_p=top_p, min_p=min_p)
        seed = fresh_seed() if seed is None else _check_seed(seed)
        if guide is not None:
            check_guide(self.config, guide[0].config, guide[1])
        (request,) = plan(self.config, self._preset.outlines, 1, seed, {"primer": primer, **asked})
        beginning = begin(request, self._preset.opening_pitches, seed)
        step: Step | GuidedStep
        if guide is None:
            step, engine = self._any_step, self._litert or litert_engine(self.config, self._any_step)
        else:
            other, strength = guide
            step = GuidedStep(self._any_step, other._any_step, other.config.encoding, strength)
            engine = guided_litert_engine(self.config, self._any_step, other.config, other._any_step, strength)
        finish = partial(self._tune_of, request, beginning.start, engine)
        return Stream(step, request, beginning, settings, seed, finish)

    def _tune_of(self, request: Request, start: Start, engine: Engine, stream: "Stream") -> Tune:
        """Returns what a stream has given as a tune."""
        events = np.array([stream.played[request.num_given :]], np.int32)
        result = self._result(request, start, events, stream.seed, engine)
        if stream.is_whole:
            controls = self._controls(stream.sampler, [request], range(1))
            result = _with_endings(result, request, start, events, controls, engine)
        (tune,) = result
        if not stream.is_whole:
            tune = replace(tune, sections=(), jump=None, ends_note=False)
        assert tune.origin is not None
        return replace(tune, origin=replace(tune.origin, seed=None)) if stream.is_steered else tune

    def best_of(
        self, num_candidates: int, num_outputs: int = 1, by: RankBy | None = None, **arguments: Any
    ) -> Generated:
        """Samples candidates in one batch and keeps the best.

        Args:
            num_candidates: How many to sample, at least `num_outputs`.
            num_outputs: How many to keep, at least 1.
            by: 'likely' for the fewest nats per event, 'typical' for those nearest to what held-out tunes have, 'real'
                for whole tunes that look most real to the model's critic (`features.critic`); where not given,
                'typical' if the model knows what held-out tunes have, which bundles do not.
            arguments: All others of `generate`; a setting for each tune is one for each candidate. For the most real
                ones `outlines` are one for each tune that is kept, and the candidates share them evenly.

        Returns:
            The best first; `candidates` tells which tune of `generate(num_candidates, ...)` each is. Of the most real
            ones as many outlines are drawn as tunes are kept (`num_outlines`), or those taken that are given, and one
            is kept of each, so that no form or key is preferred to another. By one `outline` the best ones are kept.

        Raises:
            InvalidArgumentError: If an argument is out of its range.
            ModelError: If typical tunes are asked for and the model does not know what real tunes have, or real ones
                and it has no critic.
        """
        _check_at_least("num_outputs", num_outputs, 1)
        _check_at_least("num_candidates", num_candidates, num_outputs)
        is_whole = self._preset.outlines is not None and not is_stream(arguments)
        real_nats = self._preset.outline_nats_per_event if is_whole else self._preset.nats_per_event
        by = by or ("typical" if real_nats is not None else "likely")
        rank([], by, real_nats)
        judge = self._judge(is_whole) if by == "real" else None
        if judge is not None:
            num_outlines = 1 if arguments.get("outline") is not None else num_outputs
            arguments |= _shared_outlines(arguments, num_outlines, num_candidates)
        is_traced = arguments.pop("trace", False)
        result = self.generate(num_outputs=num_candidates, trace=is_traced, **arguments)
        if judge is not None:
            log_odds = judge(result.tunes).tolist()
            order = rank(log_odds, by, None)
            best: dict[int, int] = {}
            for place in order:
                best.setdefault(place % num_outlines, place)
            chosen = order[:num_outputs] if num_outlines == 1 else list(best.values())
            return replace(result, real_log_odds=tuple(log_odds)).best(chosen)
        result = self._with_traces(result)
        assert result.nats_per_event is not None
        return result.best(rank(result.nats_per_event, by, real_nats)[:num_outputs])

    def _check_targets(self, potentials: Sequence[Potential], start: Start, transpositions: NDArray[np.int32]) -> None:
        """Fails where a target is none that any of the melodies can meet."""
        config = self.config.encoding
        sounding = config.min_note - int(transpositions.max()), config.max_note - 1 - int(transpositions.min())
        for potential in potentials:
            if potential.check is not None:
                potential.check(int(start.steps_per_bar.max()), *sounding)

    def _judge(self, is_whole: bool) -> Callable[[Sequence[Tune]], NDArray[np.float64]]:
        """Returns what tells how real tunes look; fails where they are not whole tunes, or nobody can tell."""
        if not is_whole:
            raise InvalidArgumentError(
                "a critic judges whole tunes; ask for no number of steps, of a model that knows form, or choose the "
                "typical ones"
            )
        if self.critic is None:
            raise ModelError(
                "the model has no critic, which tells its tunes from real ones; choose the typical ones, or train one "
                "as models/train_critic.py does"
            )
        return self.critic.judge

    def beam_search(
        self, beam_size: int, num_outputs: int = 1, seed: int = 0, **asked: Unpack[AskedWithPrimer]
    ) -> Generated:
        """Searches for the likeliest tunes, the same each time.

        An event is as probable as all labels that stand for it together. All tunes are equally long, so dividing their
        log-likelihoods by their length changes no order. Without a primer every opening note of the model takes part
        with its own probability.

        Args:
            beam_size: How many beginnings are kept after each step, at least `num_outputs`.
            num_outputs: How many of the last ones to return.
            seed: Of what is drawn beforehand: the outline of whole tunes, which all have in common.
            asked: The primer and all else, as in `generate`.

        Returns:
            The likeliest first; fewer than `num_outputs` where there are no more different tunes.

        Raises:
            InvalidArgumentError, MelodyError, ConstraintError, GenerationError: As in `generate`.
        """
        _check_at_least("num_outputs", num_outputs, 1)
        _check_at_least("beam_size", beam_size, num_outputs)
        (request,) = plan(self.config, self._preset.outlines, 1, _check_seed(seed), asked)
        beginning, scores = begin_with_every_opening(request, self._preset.opening_pitches)
        engine = self._engine(beam_size * _work([request]))
        found = engine.beams.best(beginning.start, request.num_new_steps, beam_size, scores, beginning.guide)
        starts, events = found.starts[:num_outputs], found.events[:num_outputs]
        start = replace(beginning.start, events=beginning.start.events[starts])
        return self._with_traces(self._result(request.of_one(len(starts)), start, events, None, engine))

    def stochastic_beam_search(
        self,
        beam: StochasticBeam,
        num_outputs: int = 1,
        seed: int | None = None,
        sampler: SamplerSettings | None = None,
        **asked: Unpack[AskedWithPrimer],
    ) -> Generated:
        """Samples tunes with Magenta's beam search; with a beam of one and one branch it is `generate`.

        Args:
            beam: Its `beam_size`, `branch_factor` and `steps_per_iteration`, each at least 1.
            num_outputs: How many tunes, each of a beam of its own.
            seed: As in `generate`.
            sampler: As in `generate`.
            asked: The primer and all else, as in `generate`.

        Returns:
            Tune k, which depends on the seed and on k, at place k, with its tempered log-likelihood.

        Raises:
            InvalidArgumentError, MelodyError, ConstraintError, GenerationError: As in `generate`.
        """
        _check_at_least("num_outputs", num_outputs, 1)
        for name, value in beam._asdict().items():
            _check_at_least(name, value, 1)
        sampler = self.sampler if sampler is None else sampler
        if sampler.surprise is not None:
            raise InvalidArgumentError(
                "surprise steers a melody by what it drew, and a beam goes on from others; leave one of them out"
            )
        seed = fresh_seed() if seed is None else _check_seed(seed)
        # A beam compares melodies of one length: each whole tune has one of its own.
        requests = [
            own
            for request in plan(self.config, self._preset.outlines, num_outputs, seed, asked)
            for own in request.by_length()
        ]
        controls = self._controls(sampler, requests, range(num_outputs))
        engine = self._engine(beam.beam_size * beam.branch_factor * _work(requests))
        parts = []
        for request in requests:
            start, guide = begin(request, self._preset.opening_pitches, seed)
            own = controls.of_rows(np.array(request.numbers), request.num_new_steps)
            sampled = engine.beams.stochastic(start, request.num_new_steps, own, seed, beam, guide)
            result = self._with_traces(self._result(request, start, sampled.events, seed, engine))
            parts.append(replace(result, tempered_log_likelihoods=tuple(sampled.scores.tolist())))
        return joined(parts, [number for request in requests for number in request.numbers])

    def _controls(self, settings: SamplerSettings, requests: Sequence[Request], numbers: range) -> Controls:
        """Returns the settings of melodies of a run, in the order of their numbers."""
        steps = {number: request.steps(place) for request in requests for place, number in enumerate(request.numbers)}
        return settings.controls(len(numbers), [steps[number] for number in numbers])

    def _result(
        self, request: Request, start: Start, events: NDArray[np.int32], seed: int | None, engine: Engine
    ) -> Generated:
        """Returns tunes as they sound: each one's beginning, then its row of `events` [num_tunes, new_steps]."""
        tunes = []
        for place, (outline, length) in enumerate(zip(request.outlines, request.lengths, strict=True)):
            opening, row = (transpose(part[place], -outline.transposition).tolist() for part in (start.events, events))
            tune = request.tune(place, [*(request.primer.events if request.primer else opening), *row][:length])
            number = request.numbers[place] if seed is not None else place
            origin = Origin(
                self._preset.name or self.config.name, seed, number + 1, version=__version__, engine=engine.name
            )
            tunes.append(replace(tune, origin=origin))
        return Generated(tuple(tunes), seed, request.outlines)

    def _with_traces(self, result: Generated, start: Start | None = None, sampled: Sampled | None = None) -> Generated:
        """Returns a result with its traces, as the model played, and all that they say of the tunes.

        Where it is known what the network said while it played, it is not asked again.
        """
        if result.traces is not None:
            return result
        if start is None or sampled is None or sampled.said is None or sampled.label_events is None:
            traces = tuple(self.trace(result.tunes, outlines=result.outlines))
        else:
            played = np.concatenate([start.events, sampled.events], axis=1)
            own = zip(result.tunes, result.outlines, played, sampled.said, sampled.label_events, strict=True)
            traces = tuple(
                move_trace(
                    trace_of(events[: len(tune)], said[: len(tune) - 1], label_events[: len(tune)]),
                    np.array(tune.events, np.int32),
                    -outline.transposition,
                )
                for tune, outline, events, said, label_events in own
            )
        tunes = (
            replace(tune, probabilities=tuple(trace.probabilities.tolist()))
            for tune, trace in zip(result.tunes, traces, strict=True)
        )
        nats = tuple(trace.nats_per_event for trace in traces)
        return replace(result, tunes=tuple(tunes), traces=traces, nats_per_event=nats)

    def log_likelihood(self, melody: PrimerLike) -> float:
        """Returns the log-likelihood of a melody's events after the first, in nats at temperature 1.

        The melody is moved into the model's range and key first. An event is as likely as all labels that stand for it
        together; `label_log_likelihoods` are Magenta's.

        Args:
            melody: A tune, events, a note_seq Melody or NoteSequence, or text as `parse_primer` reads it.

        Raises:
            MelodyError: If the melody is empty.
        """
        return self.log_likelihoods([melody])[0]

    def log_likelihoods(
        self, melodies: Sequence[PrimerLike], on_done: Callable[[int], object] | None = None
    ) -> list[float]:
        """Returns `log_likelihood` of each melody, computed in batches, so that memory does not grow with their number.

        Of a tune that has sections the model knows the form and the key beforehand, of any other melody its meter.

        Args:
            melodies: Whatever `log_likelihood` takes.
            on_done: Called with the number of melodies that are done after each.
        """
        return self._score(melodies, on_done, _event_scores)

    def label_log_likelihoods(
        self, melodies: Sequence[PrimerLike], on_done: Callable[[int], object] | None = None
    ) -> list[float]:
        """Returns the log-likelihood of each melody's labels, in nats, as Magenta's `melody_log_likelihood` has it.

        An event has the likelihood of the one label that training would give it, though other labels may stand for it
        too. Where an event has one label, as in `basic_rnn`, these are `log_likelihoods`.

        Args:
            melodies: As in `log_likelihoods`.
            on_done: As in `log_likelihoods`.
        """
        return self._score(melodies, on_done, _label_scores)

    @property
    def sums_labels(self) -> bool:
        """Whether training made an event as likely as all its labels together, so that no single label counts."""
        return self._engine(0).sums_labels

    def _score(
        self,
        melodies: Sequence[PrimerLike],
        on_done: Callable[[int], object] | None,
        scores: Callable[[Replay, NDArray[np.int32]], NDArray[np.float32]],
    ) -> list[float]:
        """Returns the sum of what `scores` makes of each melody's steps after the first."""
        tunes = [self._read(melody) for melody in melodies]
        outlines = [self._outline(tune) for tune in tunes]
        played = [self._played(tune, outline) for tune, outline in zip(tunes, outlines, strict=True)]
        sums = np.zeros(len(tunes))
        engine = self._engine(sum(map(len, played)))
        for done, (row, replay) in enumerate(engine.replayer(played, outlines), start=1):
            sums[row] = scores(replay, np.array(played[row][1:], np.int32)).sum(dtype=np.float64)
            if on_done:
                on_done(done)
        return [float(value) for value in sums]

    def logits(self, melody: PrimerLike) -> NDArray[np.float32]:
        """Returns the logits of the next label after each event of a melody, [num_events, num_classes] float32.

        The melody is taken as it is; only its meter is known beforehand.

        Raises:
            MelodyError: If it is empty or has a note outside the model's range.
        """
        tune = self._read(melody)
        low, high = self.config.encoding.min_note, self.config.encoding.max_note
        outside = next((pitch for pitch in tune.pitches if not low <= pitch < high), None)
        if outside is not None:
            raise MelodyError(f"the melody must have events with pitches from {low} to {high - 1}, got pitch {outside}")
        # The last event's logits are those before the next one, whatever that is.
        played, outlines = [[*tune.events, NO_EVENT]], [outline_of(tune).known("meter")]
        ((_, replay),) = self._engine(len(played[0])).replayer(played, outlines)
        return replay.logits

    def trace(
        self,
        melodies: Sequence[PrimerLike],
        transpose: int | None = None,
        outlines: Sequence[Outline] | None = None,
    ) -> list[Trace]:
        """Returns what the model makes of each step of melodies: probabilities, entropies, ranks, logits.

        `[trace.probabilities for trace in model.trace(melodies)]` are arrays [steps] of the events' probabilities, NaN
        for the first event.

        Args:
            melodies: At least one event each.
            transpose: Semitones up to the model's key, where notes outside its range are folded into it by octaves;
                where not given, each melody's own, as in `log_likelihood`.
            outlines: What is known of each melody beforehand, its transposition too; where not given, what
                `log_likelihoods` takes. Tunes that `generate` made are replayed as they were made with the `outlines`
                of what it returned.

        Raises:
            MelodyError: If a melody is empty.
        """
        tunes = [self._read(melody) for melody in melodies]
        if outlines is None:
            outlines = [self._outline(tune, transpose) for tune in tunes]
        played = [self._played(tune, outline) for tune, outline in zip(tunes, outlines, strict=True)]
        traces = trace_melodies(self._engine(sum(map(len, played))).replayer, played, outlines)
        return [
            move_trace(trace, np.array(tune.events, np.int32), -outline.transposition)
            for trace, tune, outline in zip(traces, tunes, outlines, strict=True)
        ]

    def _read(self, melody: PrimerLike) -> Tune:
        tune = read_tune_like(melody, self.config.steps_per_quarter)
        if not tune.events:
            raise MelodyError("the melody has no event; give at least one event")
        if len(tune.events) > MAX_STEPS:
            raise MelodyError(f"the melody has {len(tune.events)} steps; a model scores at most {MAX_STEPS}")
        return tune

    def _outline(self, tune: Tune, transposition: int | None = None) -> Outline:
        """Returns what is known beforehand of a tune, and where the model plays it."""
        encoding = self.config.encoding
        if transposition is None:
            home = self.config.transpose_to_key
            transposition = home_transposition(tune.events, encoding.min_note, encoding.max_note, home)
        return outline_of(tune, transposition).known("form" if tune.sections else "meter")

    def _played(self, tune: Tune, outline: Outline) -> list[int]:
        """Returns a tune's events in the model's range and key."""
        encoding = self.config.encoding
        events: list[int] = transpose(tune.events, outline.transposition, encoding.min_note, encoding.max_note).tolist()
        return events


def _event_scores(replay: Replay, events: NDArray[np.int32]) -> NDArray[np.float32]:
    """Returns the log-likelihood of each event, nats."""
    scores: NDArray[np.float32] = event_log_likelihoods(log_softmax(replay.logits), replay.label_events[1:], events)
    return scores


def _label_scores(replay: Replay, events: NDArray[np.int32]) -> NDArray[np.float32]:
    """Returns the log-likelihood of each event's label, nats."""
    scores: NDArray[np.float32] = np.take_along_axis(log_softmax(replay.logits), replay.labels[:, np.newaxis], axis=1)
    return scores


def _settings(sampler: SamplerSettings, **shortcuts: Any) -> SamplerSettings:
    """Returns the settings with those in `shortcuts` that are given."""
    return replace(sampler, **{k: value for k, value in shortcuts.items() if value is not None})


def _shared_outlines(arguments: dict[str, Any], num_outlines: int, num_candidates: int) -> dict[str, Any]:
    """Returns the arguments by which candidates have so many outlines in turn: those given, or as many drawn ones."""
    if arguments.get("outline") is not None:
        return {}
    given = arguments.get("outlines")
    if given is None:
        return {"num_outlines": num_outlines}
    if len(given) != num_outlines:
        raise InvalidArgumentError(f"outlines must be {num_outlines}, one for each tune that is kept, got {len(given)}")
    return {"outlines": [given[number % num_outlines] for number in range(num_candidates)]}


def _check_at_least(name: str, value: int, least: int) -> None:
    if value < least:
        raise InvalidArgumentError(f"{name} must be at least {least}, got {value}")


def _with_endings(
    result: Generated, request: Request, start: Start, events: NDArray[np.int32], controls: Controls, engine: Engine
) -> Generated:
    """Returns whole tunes with the endings that sections have on passes before their last one, sampled here."""
    endings = plan_endings(request, start, events)
    if endings is None or result.seed is None:
        return result
    own = controls.of_rows(np.array([place.tune for place in endings.places]), endings.new_steps)
    sampled = engine.loop(endings.start, endings.new_steps, own, result.seed)
    return replace(result, tunes=tuple(endings.add_to(result.tunes, request, sampled)))


def _work(requests: Sequence[Request]) -> int:
    """Returns the steps of all melodies together."""
    return sum(sum(request.lengths) for request in requests)


def _check_seed(seed: int) -> int:
    if not 0 <= seed <= MAX_SEED:
        raise InvalidArgumentError(f"seed must be from 0 to {MAX_SEED}, got {seed}")
    return seed
