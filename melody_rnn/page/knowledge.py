"""What the page must know of a model besides its step: its range, its openings, its keys, and its bank of outlines.

The page runs the model's step and the sampler, but none of the code that works out what a tune is asked for. So that
code runs here for all that can be asked for, and the page looks its results up.
"""

import gzip
import json
import struct
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from melody_rnn.config import ModelConfig
from melody_rnn.events import DEFAULT_QPM, MIN_PITCH, NO_EVENT, NOTES_PER_OCTAVE
from melody_rnn.generation.beginning import fixed_of, opening_shares
from melody_rnn.generation.request import Request, plan
from melody_rnn.generation.rules import ACT, PITCH_CLASS, RING
from melody_rnn.litert.description import StepDescription
from melody_rnn.music.keys import Key, key_of_tonic
from melody_rnn.music.meters import Meter, parse_meter
from melody_rnn.music.tempos import usual_qpm
from melody_rnn.presets import Preset
from melody_rnn.sampling.constraints import Constraints
from melody_rnn.tunes.cues import CUES, METERS, NUM_DISTANCES, cue_names, cues_of_all
from melody_rnn.tunes.outline import Outline, PlannedEnding, stream_outline
from melody_rnn.tunes.outline_bank import OutlineBank
from melody_rnn.tunes.performance import played_steps
from melody_rnn.tunes.tune import Ending, Tune

PAGE_METERS: Final = (*METERS, *map(parse_meter, ("5/4", "7/8")))
"""The meters that the page offers."""
MODES: Final = ("major", "minor", "dorian", "mixolydian")
"""The modes of the keys that the page offers."""
_PHRASE_BARS: Final = 16
# A third larger than at the best, and six times as fast.
_COMPRESSION: Final = 6
_FIXED: Final = ("fixed", "repeats")
# The columns of distances are wider than the others.
_WIDE: Final = (*(cue.name for cue in CUES[-NUM_DISTANCES:]), "chord_tones", "repeats")


def knowledge(preset: Preset, step: StepDescription) -> dict[str, Any]:
    """Returns what the page must know of a model, as JSON has it.

    Args:
        preset: The model.
        step: Its step.
    """
    config = preset.config
    encoding = config.encoding
    return {
        "name": preset.name or config.name,
        "minNote": encoding.min_note,
        "maxNote": encoding.max_note,
        "home": config.transpose_to_key,
        "stepsPerQuarter": config.steps_per_quarter,
        "knowsForm": preset.outlines is not None,
        "knowsChords": encoding.knows_chords,
        "hasCues": any(info.name == "cues" for info in step.inputs),
        "numClasses": step.num_classes,
        "maxBarSteps": encoding.max_bar_steps,
        "fixed": {"act": ACT, "ring": RING, "pitchClass": PITCH_CLASS},
        "openings": _openings(plan(config, None, 1, 0, {"num_steps": 2})[0], preset),
        "keys": [_key(preset, key_of_tonic(tonic, mode)) for mode in MODES for tonic in range(NOTES_PER_OCTAVE)],
        "meters": [_meter(meter, config.steps_per_quarter) for meter in PAGE_METERS],
        "states": [[state.input, state.output] for state in step.states],
        "inputs": {info.name: [size or 1 for size in info.shape] for info in step.inputs},
    }


def outlines_file(preset: Preset) -> bytes:
    """Returns all that a model's bank of outlines says of every step, as one file for the page.

    It is compressed by gzip: the length of a JSON text as a little-endian uint32, that text, and one column after the
    other, of all steps of all outlines, then of all tunes up to the end of each of their endings, then of streams, one
    for each of `PAGE_METERS`: the bar of a pickup, then as many bars as come again and again.

    Args:
        preset: A model that knows form.
    """
    bank, config = preset.outlines, preset.config
    assert bank is not None
    rows, outlines, endings, streams = [], [], [], []
    for outline in bank:
        outlines.append(_outline(outline, preset, bank))
        rows.append(_steps_of(outline, outline.num_steps or 0, config))
    for outline in bank:
        for ending in outline.endings:
            own = outline.with_ending(ending)
            starts = [section.start for section in own.sections]
            endings.append({"numSteps": ending.end, "starts": starts, "cadences": _cadences(own)})
            rows.append(_steps_of(own, ending.end, config))
    for meter in PAGE_METERS:
        outline = stream_outline(meter, 1, config.steps_per_quarter)
        num_steps = (1 + _PHRASE_BARS) * outline.steps_per_bar
        streams.append({"meter": str(meter), "numSteps": num_steps})
        (cues,) = cues_of_all([outline], num_steps, config.encoding)
        rows.append(np.pad(cues, [(0, 0), (0, len(_FIXED))]))
    table = np.concatenate(rows)
    names = (*cue_names(config.encoding), *_FIXED)
    types = ["Int16Array" if name in _WIDE else "Int8Array" for name in names]
    columns = [
        column.astype("<i2" if kind == "Int16Array" else "i1") for column, kind in zip(table.T, types, strict=True)
    ]
    about = {
        "numSteps": len(table),
        "columns": [[name, kind] for name, kind in zip(names, types, strict=True)],
        "outlines": outlines,
        "endings": endings,
        "streams": streams,
    }
    text = json.dumps(about, separators=(",", ":")).encode()
    # What follows must begin where its numbers can be read in place.
    text += b" " * (-len(text) % 4)
    content = b"".join([struct.pack("<I", len(text)), text, *_wide_first(columns)])
    return gzip.compress(content, _COMPRESSION, mtime=0)


def _wide_first(columns: Sequence[NDArray[Any]]) -> Iterator[bytes]:
    """Yields the columns as bytes, wider numbers before narrow ones, so that each can be read in place."""
    for column in sorted(columns, key=lambda column: -column.itemsize):
        yield column.tobytes()


def _steps_of(outline: Outline, num_steps: int, config: ModelConfig) -> NDArray[np.int32]:
    """Returns cues, what is fixed and how many steps back what is repeated lies, [num_steps, columns] int32."""
    (request,) = plan(config, OutlineBank([outline], config.steps_per_quarter), 1, 0, {"outlines": [outline]})
    fixed = fixed_of(request)
    num_given = request.num_given
    # Its chords are not known; the page puts what it is told of them there.
    (cues,) = cues_of_all([outline], num_steps, config.encoding)
    table = np.pad(cues, [(0, 0), (0, len(_FIXED))])
    if fixed is not None:
        num_new = num_steps - num_given
        table[num_given:, -2], table[num_given:, -1] = fixed.events[0, :num_new], fixed.repeats[0, :num_new]
    return table


def _outline(outline: Outline, preset: Preset, bank: OutlineBank) -> dict[str, Any]:
    (request,) = plan(preset.config, bank, 1, 0, {"outlines": [outline]})
    return {
        "meter": str(outline.meter),
        "pickupSteps": outline.pickup_steps,
        "numSteps": outline.num_steps,
        "tonic": None if outline.key is None else outline.key.tonic,
        "mode": None if outline.key is None else outline.key.mode,
        "transposition": outline.transposition,
        "pitches": outline.pitches,
        "sections": [[section.start, section.label, section.times] for section in outline.sections],
        "endings": [[ending.section, ending.start, ending.num_steps, ending.passes] for ending in outline.endings],
        "passages": list(_passages(outline)),
        "bars": sum(part.bars * part.times for part in outline.parts()),
        "jump": outline.jump,
        "openings": _openings(request, preset),
        "opening": None if outline.pickup_steps else outline.opening,
        "cadences": _cadences(outline),
    }


def _cadences(outline: Outline) -> list[tuple[int, int, int]]:
    """Returns the last note that each section ends on: first step, the section's end, pitch as the model plays it."""
    return [
        (max(end - cadence.steps, section.start), end, cadence.pitch + outline.transposition)
        for section, end, cadence in zip(outline.sections, outline.section_ends, outline.cadences, strict=False)
    ]


def _passages(outline: Outline) -> Iterator[tuple[int, int]]:
    """Yields what is played one after the other: from which step to which, or -1 and the length of a silence.

    Steps after the tune's last one are those of its endings, one ending after the other.
    """
    # Of the notes those count that sections end on: bars are made whole after them.
    events = np.full(outline.num_steps or 0, NO_EVENT)
    events[[first for first, _, _ in outline.last_notes()]] = MIN_PITCH
    sections = []
    for number, section in enumerate(outline.sections):
        own = [_silent(ending) for ending in outline.endings if ending.section == number]
        sections.append(replace(section, endings=tuple(own)))
    tune = Tune(
        tuple(events.tolist()), outline.meter, outline.pickup_steps, sections=tuple(sections), jump=outline.jump
    )
    steps = played_steps(tune)
    bounds = [place for place, (one, two) in enumerate(pairwise(steps), 1) if two != (one + 1 if one >= 0 else -1)]
    for start, end in pairwise([0, *bounds, len(steps)]):
        yield (steps[start], steps[start] + end - start) if steps[start] >= 0 else (-1, end - start)


def _silent(ending: PlannedEnding) -> Ending:
    """Returns an ending of which nothing is known but its last note."""
    silence = [NO_EVENT] * ending.num_steps
    silence[-ending.cadence.steps] = MIN_PITCH
    return Ending(ending.passes, ending.start, tuple(silence))


def _openings(request: Request, preset: Preset) -> list[tuple[int, float]]:
    """Returns the events that can open a melody, as the model plays it, and their shares, in the order of a draw."""
    (shares,) = opening_shares(request, preset.opening_pitches)
    return sorted(shares.items())


def _key(preset: Preset, key: Key) -> dict[str, Any]:
    """Returns a key, and where the model plays a stream that has its notes only."""
    constraints = Constraints(key=str(key))
    (request,) = plan(preset.config, None, 1, 0, {"num_steps": 2, "constraints": constraints})
    return {
        "name": str(key),
        "tonic": key.tonic,
        "mode": key.mode,
        "pitchClasses": sorted(key.pitch_classes),
        "transposition": request.outlines[0].transposition,
        "openings": _openings(request, preset),
    }


def _meter(meter: Meter, steps_per_quarter: int) -> dict[str, Any]:
    return {
        "text": str(meter),
        "numbers": [meter.numerator, meter.denominator],
        "stepsPerBar": meter.steps_per_bar(steps_per_quarter),
        "qpm": usual_qpm(meter),
        "streamQpm": DEFAULT_QPM,
    }
