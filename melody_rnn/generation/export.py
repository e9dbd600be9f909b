"""A model for programs without TensorFlow or Python: its step, and what stands around it, as LiteRT files.

`sampler.tflite` is the code of `generation.rules` itself: constraints, what is fixed of a step, repetition,
temperature, truncation and the draw. Every setting is an input, with a value that leaves it out.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import numpy as np
import tensorflow as tf

from melody_rnn.config import EncodingConfig
from melody_rnn.errors import OutputError
from melody_rnn.events import MAX_PITCH, MIN_PITCH, NUM_SPECIAL_EVENTS
from melody_rnn.files import whole_folder
from melody_rnn.generation.rules import ACT, FREE, ONSET, PITCH_CLASS, RING, Fixed, LoopState, Rules
from melody_rnn.litert.convert import to_litert
from melody_rnn.litert.description import Step
from melody_rnn.sampling.automaton import Guide
from melody_rnn.sampling.limits import MAX_ONSETS
from melody_rnn.sampling.sampler import Controls, gumbel
from melody_rnn.sampling.surprise import STEERING_SIZE
from melody_rnn.sampling.transforms import TRANSFORMS, Transform

SAMPLER_FILE: Final = "sampler.tflite"
SAMPLER_DESCRIPTION: Final = "sampler.json"
_MEANINGS: Final = {
    "logits": "what the step gave",
    "label_events": "what the step gave",
    "noise": "uniform random numbers from 0 to 1, new ones at each step",
    "is_allowed": "1 for events that may come next, 0 for others: no event, note off, the model's pitches",
    "fixed": f"the event that comes for certain; {FREE} for any, {ONSET} for a note on, {ACT} for a note on or off, "
    f"{RING} for no note on, {PITCH_CLASS} and below for a note on of pitch class 0, 1 and so on",
    "lowest": "the lowest pitch that may sound",
    "highest": "the highest pitch that may sound",
    "last_notes": "the pitches of the notes so far, each plus 1, the newest last; 0 where there are fewer. A state",
    "next_notes": "what to give as last_notes at the next step",
    "last_bars": "the bars in which those notes begin, from 0, each plus 1; 0 where there are fewer. A state",
    "next_bars": "what to give as last_bars at the next step",
    "bar": "the bar of the event that is drawn, from 0, for the setting dry; always 0 where bar lines break no repeats",
    "steering": "how surprising the events so far were, for the setting surprise; zeros at first. A state",
    "next_steering": "what to give as steering at the next step",
    "event": "the event that was drawn: -2 no event, -1 note off, 0 to 127 note on",
    "label": "the label that was drawn",
    "drawn_from": "logits with all settings applied, lowest for excluded labels; their softmax was drawn from",
}
_NEUTRAL: Final = {
    **{transform.name: transform.neutral for transform in TRANSFORMS},
    "fixed": FREE,
    "lowest": MIN_PITCH,
    "highest": MAX_PITCH,
}


def export_litert(folder: Path, step: Step, config: EncodingConfig, about: str) -> None:
    """Writes a model as a new folder for LiteRT, whole or not at all.

    Args:
        folder: The folder, which must not exist yet.
        step: The model's step.
        config: The model's encoding.
        about: What the folder's README says, Markdown.

    Raises:
        OutputError: If the folder exists, or cannot be written.
    """
    if folder.exists():
        raise OutputError(f"{folder} exists already; name a new folder")
    num_events = NUM_SPECIAL_EVENTS + config.max_note - config.min_note
    content, description = sampler_file(step.description.num_classes, num_events, config.min_note)
    with whole_folder(folder, "LiteRT files") as new:
        step.write(new)
        (new / SAMPLER_FILE).write_bytes(content)
        (new / SAMPLER_DESCRIPTION).write_text(json.dumps(description, indent=2) + "\n", encoding="utf-8")
        (new / "README.md").write_text(about, encoding="utf-8")


def sampler_file(
    num_classes: int, num_events: int, min_note: int, transforms: tuple[Transform, ...] = TRANSFORMS
) -> tuple[bytes, dict[str, Any]]:
    """Returns the sampler as a LiteRT file, and its description.

    Args:
        num_classes: Number of labels.
        num_events: Number of events that the model knows.
        min_note: Its lowest pitch.
        transforms: The settings that it has, in their order.
    """
    needs = Controls({}, transforms)

    def choose(
        logits: tf.Tensor,
        label_events: tf.Tensor,
        noise: tf.Tensor,
        is_allowed: tf.Tensor,
        fixed: tf.Tensor,
        lowest: tf.Tensor,
        highest: tf.Tensor,
        **others: tf.Tensor,
    ) -> dict[str, tf.Tensor]:
        dtypes = {own.name: tf.float32 if own.limit.whole is None else tf.int32 for own in transforms}
        values = {name: tf.cast(others[name], dtype) for name, dtype in dtypes.items()}
        # Constraints with one state, from which all that is allowed leads back to it.
        place = tf.zeros_like(label_events[:, 0], tf.int32)
        guide = Guide(np.zeros((1, num_events), np.int32), (is_allowed > 0)[tf.newaxis], np.ones((1, 1), bool), place)
        # One step, which repeats no other: whoever runs the file knows what was there before.
        this = tf.cast(fixed, tf.int32)[:, tf.newaxis]
        past = tf.zeros_like(this)
        held = Fixed(this, past, tf.cast(tf.stack([lowest, highest], axis=1), tf.int32))
        rules = Rules(Controls(values, transforms), guide, held, False, min_note)
        state = LoopState(None, place=place, past=past)
        if needs.counts_onsets:
            state = state._replace(onsets=tf.cast(others["last_notes"], tf.int32) - 1)
        if needs.counts_bars:
            # A bar of one step, whose number is the bar's.
            clock = tf.stack([tf.ones_like(place), tf.cast(others["bar"], tf.int32)], axis=1)
            state = state._replace(onset_bars=tf.cast(others["last_bars"], tf.int32) - 1, clock=clock)
        if needs.is_steered:
            state = state._replace(steering=others["steering"])
        choice = rules.choose(0, state, logits, tf.cast(label_events, tf.int32), gumbel(noise))
        after = rules.advance(0, state, choice.event)
        results = {"event": choice.event, "label": choice.label, "drawn_from": choice.logits}
        if needs.counts_onsets:
            results["next_notes"] = after.onsets + 1
        if needs.counts_bars:
            results["next_bars"] = after.onset_bars + 1
        if needs.is_steered:
            results["next_steering"] = choice.steering
        return {name: tf.cast(tensor, tf.float32) for name, tensor in results.items()}

    shapes: dict[str, Sequence[int | None]] = {
        own.name: [None] if own.width == 1 else [None, own.width] for own in transforms
    }
    shapes |= {name: [None, num_classes] for name in ("logits", "label_events", "noise")}
    shapes |= {"is_allowed": [None, num_events]}
    if needs.counts_onsets:
        shapes |= {"last_notes": [None, MAX_ONSETS]}
    if needs.counts_bars:
        shapes |= {"last_bars": [None, MAX_ONSETS], "bar": [None]}
    if needs.is_steered:
        shapes |= {"steering": [None, STEERING_SIZE]}
    shapes |= {name: [None] for name in ("fixed", "lowest", "highest")}
    setting = "the setting of this name; {} leaves it out"
    means = {**{name: setting.format(value) for name, value in _NEUTRAL.items()}, **_MEANINGS}
    content, *sides = to_litert(choose, shapes, means)
    inputs, outputs = ([asdict(info) for info in side] for side in sides)
    return content, {
        "inputs": inputs,
        "outputs": outputs,
        "neutral": {name: value for name, value in _NEUTRAL.items() if name in shapes},
        "min_note": min_note,
        "num_classes": num_classes,
    }
