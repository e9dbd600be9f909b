"""What constraints mean, in plain Python: an oracle that shares nothing with the automaton but the parsers."""

import itertools

from melody_rnn.sampling.constraints import Constraints


def broken_rules(events, constraints: Constraints, primer=(), steps_per_bar=16):
    """Returns the names of the constraints that events after a primer break."""
    whole, first = [*primer, *events], len(primer)
    onsets = [step for step, event in enumerate(whole) if event >= 0]
    new = [step for step in onsets if step >= first]
    broken = set()
    if constraints.tones and any(whole[step] % 12 not in constraints.tones.pitch_classes for step in new):
        broken.add("key")
    if constraints.pitches:
        low, high = constraints.pitches
        if any(not low <= whole[step] <= high for step in new):
            broken.add("pitch_range")
    if constraints.max_leap is not None:
        pairs = [(a, b) for a, b in itertools.pairwise(onsets) if b >= first]
        if any(abs(whole[a] - whole[b]) > constraints.max_leap for a, b in pairs):
            broken.add("max_leap")
    if constraints.max_rest is not None and is_too_long_silent(whole, first, constraints.max_rest):
        broken.add("max_rest")
    if constraints.rhythm:
        for step in range(first, len(whole)):
            wanted = constraints.rhythm[step % steps_per_bar % len(constraints.rhythm)] == "x"
            if wanted != (whole[step] >= 0):
                broken.add("rhythm")
    if constraints.end_on and (not onsets or whole[onsets[-1]] % 12 != constraints.last_pitch_class):
        broken.add("end_on")
    if any(whole[step] != event for step, event in (constraints.keep or {}).items()):
        broken.add("keep")
    if constraints.keep_pitches and is_out_of_order(whole, constraints.keep_pitches):
        broken.add("keep_pitches")
    return broken


def is_out_of_order(whole, kept):
    """Returns whether some run of neighbouring steps has other notes, or in another order, than are kept."""
    starts = [step for step in sorted(kept) if step - 1 not in kept]
    for start in starts:
        steps = list(itertools.takewhile(kept.__contains__, itertools.count(start)))
        if [whole[s] for s in steps if whole[s] >= 0] != [kept[s] for s in steps if kept[s] >= 0]:
            return True
    return False


def is_too_long_silent(whole, first, max_rest):
    """Returns whether some step from `first` on is one too many without a note."""
    is_sounding, silent = False, 0
    for step, event in enumerate(whole):
        is_sounding = event >= 0 or (is_sounding and event == -2)
        silent = 0 if is_sounding else silent + 1
        if step >= first and silent > max_rest:
            return True
    return False
