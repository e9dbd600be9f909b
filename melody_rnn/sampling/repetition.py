"""Repetition control that knows music: it speaks of the pitches of notes, never of when they begin.

What a note on loses goes to the other notes on of the same step, so that at every step a note begins, holds or ends
with the model's own probability and the rhythm survives. It is soft: where no note on would be left, the step is as
it was. The order is fixed: penalty, n-grams, same pitch.

Each function takes logits and what the labels mean, both [batch, num_classes], the pitches of the notes so far, and
one value or one for each melody.
"""

from typing import Final

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from melody_rnn.sampling.temperature import per_melody

MAX_ONSETS: Final = 128
"""How many of the last notes count."""
MAX_NGRAM: Final = 8
PENALTY_ONSETS: Final = 16
"""How many of the last notes a penalty counts."""
_NO_ONSET: Final = -1


def last_onsets(events: NDArray[np.int32]) -> NDArray[np.int32]:
    """Returns the last notes of melodies, [batch, MAX_ONSETS] int32 pitches as in `append_onset`.

    Args:
        events: [batch, steps] int32.
    """
    onsets = np.full((len(events), MAX_ONSETS), _NO_ONSET, np.int32)
    for row, melody in zip(onsets, events, strict=True):
        pitches = melody[melody >= 0][-MAX_ONSETS:]
        row[MAX_ONSETS - len(pitches) :] = pitches
    return onsets


def append_onset(onsets: tf.Tensor, event: tf.Tensor) -> tf.Tensor:
    """Returns the last notes after an event [batch] int32, which counts if it is a note on.

    Args:
        onsets: [batch, MAX_ONSETS] int32 pitches, the newest last; -1 where there are fewer.
        event: [batch] int32.
    """
    longer = tf.concat([onsets[:, 1:], event[:, tf.newaxis]], axis=1)
    return tf.where((event >= 0)[:, tf.newaxis], longer, onsets)


def penalise_repeats(
    logits: tf.Tensor, label_events: tf.Tensor, onsets: tf.Tensor, repetition_penalty: tf.Tensor
) -> tf.Tensor:
    """Makes a pitch less likely for each time that it is among the last `PENALTY_ONSETS` notes.

    Args:
        logits: [batch, num_classes] float32.
        label_events: [batch, num_classes] int32, the event that each label stands for.
        onsets: [batch, MAX_ONSETS] int32, as `append_onset` returns them.
        repetition_penalty: [] or [batch] float32, at least 1; what the odds are divided by, once for each time.

    Returns:
        [batch, num_classes] float32.

    Source: the frequency penalty of OpenAI's completions interface, a subtraction from the logits.
    """
    recent = onsets[:, -PENALTY_ONSETS:, tf.newaxis] == label_events[:, tf.newaxis, :]
    times = tf.reduce_sum(tf.cast(recent, tf.float32), axis=1)
    return _move(logits, label_events, logits - times * tf.math.log(per_melody(repetition_penalty)))


def forbid_repeated_ngrams(
    logits: tf.Tensor, label_events: tf.Tensor, onsets: tf.Tensor, no_repeat_ngram: tf.Tensor
) -> tf.Tensor:
    """Forbids pitches that would complete a sequence of `no_repeat_ngram` pitches that was there before.

    Args:
        logits: [batch, num_classes] float32.
        label_events: [batch, num_classes] int32.
        onsets: [batch, MAX_ONSETS] int32.
        no_repeat_ngram: [] or [batch] int32, from 2 to `MAX_NGRAM` notes.

    Returns:
        [batch, num_classes] float32 with -inf for what is forbidden.

    Source: Paulus et al. 2017, arXiv:1705.04304, section 2.5, there for words.
    """
    earlier, reach = onsets[:, :-1], MAX_ONSETS - 1
    # Whether the notes that end at each earlier place are the same as the last ones.
    is_match = earlier == onsets[:, -1:]
    for i in range(1, MAX_NGRAM - 1):
        before = tf.pad(earlier[:, : reach - i], [[0, 0], [i, 0]], constant_values=_NO_ONSET)
        is_long_enough = per_melody(no_repeat_ngram, tf.int32) - 1 <= i
        is_match &= is_long_enough | ((before == onsets[:, -1 - i, tf.newaxis]) & (before != _NO_ONSET))
    following = tf.where(is_match & (earlier != _NO_ONSET), onsets[:, 1:], _NO_ONSET)
    following = tf.pad(following, [[0, 0], [0, 1]], constant_values=_NO_ONSET)
    return _forbid(logits, label_events, _is_among(label_events, following) & (label_events >= 0))


def forbid_same_pitch(
    logits: tf.Tensor, label_events: tf.Tensor, onsets: tf.Tensor, max_same_pitch: tf.Tensor
) -> tf.Tensor:
    """Forbids a pitch that the last `max_same_pitch` notes all had.

    Args:
        logits: [batch, num_classes] float32.
        label_events: [batch, num_classes] int32.
        onsets: [batch, MAX_ONSETS] int32.
        max_same_pitch: [] or [batch] int32, at least 1.

    Returns:
        [batch, num_classes] float32 with -inf for what is forbidden.
    """
    last = onsets[:, -1:]
    last_other = tf.reduce_max(tf.where(onsets != last, tf.range(MAX_ONSETS), -1), axis=1, keepdims=True)
    is_full = MAX_ONSETS - 1 - last_other >= per_melody(max_same_pitch, tf.int32)
    return _forbid(logits, label_events, is_full & (label_events >= 0) & (label_events == last))


def _is_among(label_events: tf.Tensor, pitches: tf.Tensor) -> tf.Tensor:
    """Returns whether each label's event is one of `pitches` [batch, a power of two], [batch, num_classes] bool."""
    is_among = pitches[:, :, tf.newaxis] == label_events[:, tf.newaxis, :]
    # Half against half: XLA makes one vectorised loop of it, three times as fast as a reduction.
    while is_among.shape[1] > 1:
        half = is_among.shape[1] // 2
        is_among = is_among[:, :half] | is_among[:, half:]
    return is_among[:, 0]


def _forbid(logits: tf.Tensor, label_events: tf.Tensor, is_forbidden: tf.Tensor) -> tf.Tensor:
    return _move(logits, label_events, tf.where(is_forbidden, -float("inf"), logits))


def _move(logits: tf.Tensor, label_events: tf.Tensor, changed: tf.Tensor) -> tf.Tensor:
    """Returns `changed` for notes on, shifted so that together they stay as likely; `logits` where none is left."""
    is_onset = label_events >= 0
    before, after = (_log_mass(values, is_onset) for values in (logits, changed))
    is_left = after > -float("inf")
    shift = tf.where(is_left, before - tf.where(is_left, after, 0.0), 0.0)
    return tf.where(is_onset & is_left, changed + shift, logits)


def _log_mass(logits: tf.Tensor, is_counted: tf.Tensor) -> tf.Tensor:
    return tf.reduce_logsumexp(tf.where(is_counted, logits, -float("inf")), axis=1, keepdims=True)
