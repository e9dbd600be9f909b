"""melody_rnn_generate and improv_rnn_generate: melodies as MIDI files, or a trained model as a bundle."""

import ast
import math
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn

from melody_rnn.cli.startup import load_tensorflow, quieten
from melody_rnn.errors import InvalidArgumentError, MelodyError, ModelError, OutputError
from melody_rnn.magenta.commands.families import IMPROV, MELODY, Family
from melody_rnn.magenta.commands.flags import Definer, Flags, Log, run_command, value_of
from melody_rnn.magenta.commands.models import check_source, hparams_of, load_model

if TYPE_CHECKING:
    from melody_rnn.model import MelodyRNN
    from melody_rnn.tunes.tune import Chord, Tune

_DEFAULT_PRIMER: Final = [60]
_DEFAULT_QPM: Final = 120.0


def main(family: Family = MELODY) -> NoReturn:
    """Runs the command of a family and exits."""
    over = " over chords" if family.hears_chords else ""
    about = f"write melodies{over} as MIDI files, or a trained model as a bundle."
    run_command(f"{family.name}_generate", about, partial(_define, family), partial(_run, family))


def improv_main() -> NoReturn:
    """Runs improv_rnn_generate and exits."""
    main(IMPROV)


def _define(family: Family, flags: Definer) -> None:
    flags.model(family)
    flags.string("run_dir", None, "A training run's folder, whose latest weights are used.")
    if not family.hears_chords:
        flags.string("checkpoint_file", None, "A checkpoint; --run_dir takes priority.")
    flags.string("bundle_file", None, "A bundle (.mag); with --save_generator_bundle where it is written.")
    flags.boolean("save_generator_bundle", False, "Write a bundle instead of melodies.")
    flags.string("bundle_description", None, "What the bundle says about itself.")
    flags.string("output_dir", f"/tmp/{family.name}/generated", "Where the MIDI files go.")
    flags.integer("num_outputs", 10, "How many melodies, a file each.", least=0)
    if family.hears_chords:
        flags.string("backing_chords", "C G Am F C G F C", "The chords, such as 'C Dm7 G13 Cmaj7', N.C. for none.")
        flags.integer("steps_per_chord", 16, "Sixteenth notes that each chord holds.", least=1)
        flags.boolean("render_chords", False, "Play the chords in the MIDI files, too.")
    else:
        flags.integer("num_steps", 128, "Length of each in sixteenth notes, the primer included.", least=1)
    flags.string("primer_melody", "", "What each begins with, a list of events: '[60, -2, 60, -2]'.")
    flags.string("primer_midi", "", "The same from a MIDI file.")
    flags.real("qpm", None, "Quarter notes a minute; a primer file's own come first. Without both 120.")
    flags.real("temperature", 1.0, "Above 1 more random, below 1 less.")
    flags.integer("beam_size", 1, "Melodies that beam search keeps.", least=1)
    flags.integer("branch_factor", 1, "Continuations of each that beam search tries.", least=1)
    flags.integer("steps_per_iteration", 1, "Steps of an iteration of beam search.", least=1)


def _run(family: Family, flags: Flags, log: Log) -> None:
    _check(flags, family)
    if flags.save_generator_bundle:
        load_tensorflow(log.is_verbose)
        _save_bundle(flags, family, log)
        return
    chords = _read_chords(flags) if family.hears_chords else ()
    primer = _read_primer(flags, log)
    num_steps = len(chords) * flags.steps_per_chord if family.hears_chords else flags.num_steps
    _check_length(len(primer), num_steps, chords)
    _generate(flags, _load(flags, family, num_steps, log), primer, num_steps, chords, log)


def _check_length(num_given: int, num_steps: int, chords: Sequence["Chord"]) -> None:
    """Checks that the primer leaves a step; the model does, too, but after TensorFlow has loaded."""
    from melody_rnn.generation.request import count_new_steps

    if chords and num_steps <= num_given:
        raise InvalidArgumentError(
            f"the primer has {num_given} steps and the chords have {num_steps}, which count them: give more "
            "--backing_chords, more --steps_per_chord or a shorter primer"
        )
    count_new_steps(num_given, num_steps, None)


def _read_chords(flags: Flags) -> "list[Chord]":
    from melody_rnn.music.chords import parse_chord
    from melody_rnn.tunes.tune import Chord

    symbols = flags.backing_chords.split()
    if not symbols:
        raise InvalidArgumentError("--backing_chords holds no chord; name some, such as 'C G Am F'")
    for symbol in symbols:
        parse_chord(symbol)
    return [Chord(place * flags.steps_per_chord, symbol) for place, symbol in enumerate(symbols)]


def _load(flags: Flags, family: Family, num_steps: int, log: Log) -> "MelodyRNN":
    """Loads the model, to be run by LiteRT if the work is small and the model has a step, else by TensorFlow."""
    from melody_rnn.generation.engine import is_for_litert

    quieten(log.is_verbose)
    if is_for_litert(flags.num_outputs * flags.beam_size * flags.branch_factor * num_steps):
        with suppress(ModelError):
            return load_model(flags, family, "litert", log.is_verbose)
    load_tensorflow(log.is_verbose)
    return load_model(flags, family)


def _check(flags: Flags, family: Family) -> None:
    check_source(flags, family)
    if flags.save_generator_bundle:
        return
    if not flags.output_dir:
        raise InvalidArgumentError("--output_dir must not be empty")
    if not (math.isfinite(flags.temperature) and flags.temperature >= 0):
        raise InvalidArgumentError(f"--temperature must be a finite number of at least 0, got {flags.temperature}")
    if flags.qpm is not None and not (math.isfinite(flags.qpm) and flags.qpm >= 0):
        raise InvalidArgumentError(f"--qpm must be a finite number above 0, got {flags.qpm}")


def _read_primer(flags: Flags, log: Log) -> "Tune":
    from melody_rnn.tunes.files import read_tune
    from melody_rnn.tunes.primers import read_primer

    if flags.primer_melody:
        return read_primer(_parse_events(flags.primer_melody))
    if flags.primer_midi:
        path = Path(flags.primer_midi).expanduser()
        tune = read_tune(path)
        for remark in tune.remarks:
            log.info(f"{path}: {remark}")
        return tune
    log.warn("no primer given; each melody begins with a middle C")
    return read_primer(_DEFAULT_PRIMER)


def _parse_events(text: str) -> list[int]:
    """Reads a list of events as Python writes it; nothing in it is run."""
    try:
        events = ast.literal_eval(text.strip())
    except (ValueError, SyntaxError, RecursionError, MemoryError, TypeError):
        events = None
    if not isinstance(events, list | tuple) or not all(type(event) is int for event in events):
        shown = text if len(text) <= 60 else f"{text[:57]}..."
        raise MelodyError(f"--primer_melody must be a list of whole numbers, as [60, -2, 62, -2]; got {shown}")
    return list(events)


def _generate(
    flags: Flags, model: "MelodyRNN", primer: "Tune", num_steps: int, chords: Sequence["Chord"], log: Log
) -> None:
    from melody_rnn.magenta.block_chords import midi_with_chords
    from melody_rnn.model import fresh_seed
    from melody_rnn.tunes.files import midi_of, write_new

    folder = Path(flags.output_dir).expanduser()
    qpm = primer.qpm or flags.qpm or _DEFAULT_QPM
    asked: dict[str, Any] = {"primer": primer, "num_steps": num_steps, "qpm": qpm, "seed": fresh_seed()}
    if chords:
        asked["chords"] = chords
    tunes = _tunes(flags, model, asked) if flags.num_outputs else []
    to_midi = midi_with_chords if value_of(flags, "render_chords") else midi_of
    stem, digits = time.strftime("%Y-%m-%d_%H%M%S"), len(str(flags.num_outputs))
    for index, tune in enumerate(tunes, start=1):
        signed = replace(tune, origin=tune.origin and replace(tune.origin, settings={"temperature": flags.temperature}))
        write_new(folder, f"{stem}_{index:0{digits}d}", to_midi(signed))
    log.info(f"wrote {len(tunes)} MIDI files to {folder}")


def _tunes(flags: Flags, model: "MelodyRNN", asked: dict[str, Any]) -> "Sequence[Tune]":
    from melody_rnn.generation.beam import StochasticBeam
    from melody_rnn.sampling.sampler import SamplerSettings

    beam = StochasticBeam(flags.beam_size, flags.branch_factor, flags.steps_per_iteration)
    sampler = SamplerSettings(flags.temperature)
    if beam == StochasticBeam():
        return model.generate(num_outputs=flags.num_outputs, sampler=sampler, **asked)
    return model.stochastic_beam_search(beam, flags.num_outputs, sampler=sampler, **asked)


def _save_bundle(flags: Flags, family: Family, log: Log) -> None:
    from melody_rnn.training.settings import read_hparams

    path = Path(flags.bundle_file).expanduser()
    if not path.absolute().parent.is_dir():
        raise OutputError(f"{path}: there is no folder {path.parent}; make it first")
    if flags.bundle_description is None:
        log.warn("no --bundle_description given")
    hparams = read_hparams(hparams_of(flags))
    load_model(flags, family).save_bundle(
        path,
        flags.bundle_description or "",
        hparams.get("batch_size", 1),
        generator_id=flags.generator_id,
        generator_description=flags.generator_description,
    )
    log.info(f"wrote the bundle {path}")
