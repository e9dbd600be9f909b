"""Repetition control that knows music: it speaks of the pitches of notes, never of when they begin.

What a note on loses goes to the other notes on of the same step, so that at every step a note begins, holds or ends
with the model's own probability and the rhythm survives. It is soft: where no note on would be left, the step is as
it was. The order is fixed: penalty, repeats, n-grams, same pitch.

Each function takes logits and what the labels mean, both [batch, num_classes], the pitches of the notes so far, and
one value or one for each melody.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from melody_rnn.arrays import Array, namespace
from melody_rnn.sampling.limits import MAX_NGRAM, MAX_ONSETS
from melody_rnn.sampling.softmax import per_melody

PENALTY_ONSETS: Final = 16
"""How many of the last notes a penalty counts."""
LONGEST_REPEAT: Final = 8
"""A repeat of more notes counts as one of so many."""
FREE_REPEAT: Final = 2
"""So many notes may come again without any weight on the next one."""
REPEAT_BASE: Final = 1.75
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


def last_onset_bars(events: NDArray[np.int32], steps_per_bar: NDArray[np.int32]) -> NDArray[np.int32]:
    """Returns in which bars the last notes of melodies begin, from 0, [batch, MAX_ONSETS] int32 as `last_onsets`.

    Args:
        events: [batch, steps] int32, from the start of the first bar.
        steps_per_bar: [batch] int32.
    """
    bars = np.full((len(events), MAX_ONSETS), _NO_ONSET, np.int32)
    for row, melody, per_bar in zip(bars, events, steps_per_bar.tolist(), strict=True):
        own = (np.flatnonzero(melody >= 0) // per_bar)[-MAX_ONSETS:]
        row[MAX_ONSETS - len(own) :] = own
    return bars


def append_onset(onsets: Array, event: Array, bar: Array | None = None) -> Array:
    """Returns the last notes, or their bars, after an event [batch] int32, which counts if it is a note on.

    Args:
        onsets: [batch, MAX_ONSETS] int32 pitches, or bars, the newest last; -1 where there are fewer.
        event: [batch] int32.
        bar: [batch] int32, the event's; None where `onsets` are pitches.
    """
    xp = namespace(event)
    newest = event if bar is None else bar
    longer = xp.concat([onsets[:, 1:], newest[:, np.newaxis]], axis=1)
    return xp.where((event >= 0)[:, np.newaxis], longer, onsets)


def penalise_repeats(logits: Array, label_events: Array, onsets: Array, repetition_penalty: Array) -> Array:
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
    xp = namespace(logits)
    recent = onsets[:, -PENALTY_ONSETS:, np.newaxis] == label_events[:, np.newaxis, :]
    times = xp.sum(xp.asarray(recent, xp.float32), axis=1)
    return _move(logits, label_events, logits - times * xp.log(per_melody(repetition_penalty)))


def weigh_repeats(
    logits: Array, label_events: Array, onsets: Array, onset_bars: Array, bar: Array, dry: Array
) -> Array:
    """Makes a pitch less likely, or likelier, that would make a repeat of notes longer.

    Where the last n notes were there before, at least `FREE_REPEAT` of them, the pitch that followed them then loses
    dry * REPEAT_BASE ** (n - FREE_REPEAT) nats, for the longest such repeat. Bar lines break repeats: all of their
    notes lie in one bar, and did when they were there before.

    Args:
        logits: [batch, num_classes] float32.
        label_events: [batch, num_classes] int32.
        onsets: [batch, MAX_ONSETS] int32.
        onset_bars: [batch, MAX_ONSETS] int32, the bar of each of them, as `last_onset_bars` returns them.
        bar: [batch] int32, that of the step.
        dry: [] or [batch] float32, nats; below 0 it is a reward.

    Returns:
        [batch, num_classes] float32.

    Source: DRY ('don't repeat yourself'), p-e-w 2024, text-generation-webui, pull request 5677, there for words and
    without a sign.
    """
    xp, reach = namespace(logits), MAX_ONSETS - 1
    lengths, is_match = 0, (onset_bars[:, 1:] != _NO_ONSET)
    for i in range(LONGEST_REPEAT):
        notes, bars = (
            xp.pad(part[:, : reach - i], [[0, 0], [i, 0]], constant_values=_NO_ONSET) for part in (onsets, onset_bars)
        )
        is_match = is_match & (notes == onsets[:, -1 - i, np.newaxis]) & (bars == onset_bars[:, 1:])
        is_match = is_match & (onset_bars[:, -1 - i] == bar)[:, np.newaxis]
        lengths = lengths + xp.asarray(is_match, xp.float32)
    weights = xp.where(lengths >= FREE_REPEAT, REPEAT_BASE ** (lengths - FREE_REPEAT), 0.0)
    follows = onsets[:, 1:, np.newaxis] == label_events[:, np.newaxis, :]
    weight = xp.max(xp.where(follows, weights[:, :, np.newaxis], 0.0), axis=1)
    return _move(logits, label_events, logits - per_melody(dry) * weight)


def forbid_repeated_ngrams(logits: Array, label_events: Array, onsets: Array, no_repeat_ngram: Array) -> Array:
    """Forbids pitches that would complete a sequence of `no_repeat_ngram` pitches that was there before.

    Args:
        logits: [batch, num_classes] float32.
        label_events: [batch, num_classes] int32.
        onsets: [batch, MAX_ONSETS] int32.
        no_repeat_ngram: [] or [batch] int32, from 2 to `MAX_NGRAM` notes; 0 forbids nothing.

    Returns:
        [batch, num_classes] float32 with -inf for what is forbidden.

    Source: Paulus et al. 2017, arXiv:1705.04304, section 2.5, there for words.
    """
    xp, earlier, reach = namespace(logits), onsets[:, :-1], MAX_ONSETS - 1
    # Whether the notes that end at each earlier place are the same as the last ones.
    is_match = (earlier == onsets[:, -1:]) & (per_melody(no_repeat_ngram, "int32") > 0)
    for i in range(1, MAX_NGRAM - 1):
        before = xp.pad(earlier[:, : reach - i], [[0, 0], [i, 0]], constant_values=_NO_ONSET)
        is_long_enough = per_melody(no_repeat_ngram, "int32") - 1 <= i
        is_match = is_match & (is_long_enough | ((before == onsets[:, -1 - i, np.newaxis]) & (before != _NO_ONSET)))
    following = xp.where(is_match & (earlier != _NO_ONSET), onsets[:, 1:], _NO_ONSET)
    following = xp.pad(following, [[0, 0], [0, 1]], constant_values=_NO_ONSET)
    return _forbid(logits, label_events, _is_among(label_events, following) & (label_events >= 0))


def forbid_same_pitch(logits: Array, label_events: Array, onsets: Array, max_same_pitch: Array) -> Array:
    """Forbids a pitch that the last `max_same_pitch` notes all had.

    Args:
        logits: [batch, num_classes] float32.
        label_events: [batch, num_classes] int32.
        onsets: [batch, MAX_ONSETS] int32.
        max_same_pitch: [] or [batch] int32, at least 1.

    Returns:
        [batch, num_classes] float32 with -inf for what is forbidden.
    """
    xp, last = namespace(logits), onsets[:, -1:]
    last_other = xp.max(xp.where(onsets != last, xp.arange(MAX_ONSETS), -1), axis=1, keepdims=True)
    is_full = MAX_ONSETS - 1 - last_other >= per_melody(max_same_pitch, "int32")
    return _forbid(logits, label_events, is_full & (label_events >= 0) & (label_events == last))


def _is_among(label_events: Array, pitches: Array) -> Array:
    """Returns whether each label's event is one of `pitches` [batch, a power of two], [batch, num_classes] bool."""
    is_among = pitches[:, :, np.newaxis] == label_events[:, np.newaxis, :]
    # Half against half: XLA makes one vectorised loop of it, three times as fast as a reduction.
    while is_among.shape[1] > 1:
        half = is_among.shape[1] // 2
        is_among = is_among[:, :half] | is_among[:, half:]
    return is_among[:, 0]


def _forbid(logits: Array, label_events: Array, is_forbidden: Array) -> Array:
    return _move(logits, label_events, namespace(logits).where(is_forbidden, -float("inf"), logits))


def _move(logits: Array, label_events: Array, changed: Array) -> Array:
    """Returns `changed` for notes on, shifted so that together they stay as likely; `logits` where none is left."""
    xp, is_onset = namespace(logits), label_events >= 0
    before, after = (_log_mass(values, is_onset) for values in (logits, changed))
    is_left = after > -float("inf")
    shift = xp.where(is_left, before - xp.where(is_left, after, 0.0), 0.0)
    return xp.where(is_onset & is_left, changed + shift, logits)


def _log_mass(logits: Array, is_counted: Array) -> Array:
    xp = namespace(logits)
    return xp.logsumexp(xp.where(is_counted, logits, -float("inf")), axis=1, keepdims=True)
