"""Where a model plays what it is asked for: the transposition that brings a key and a range into its own."""

from collections.abc import Sequence

from melody_rnn.events import NOTES_PER_OCTAVE
from melody_rnn.music.scales import SCALES, Scale

_RELATIVE_MINOR = 9


def placement(
    scale: Scale | None,
    pitches: Sequence[int],
    min_note: int,
    max_note: int,
    home_key: int | None,
) -> int:
    """Returns by how many semitones to transpose what should sound so that a model feels at home with it.

    The scale comes as near as it can to the major key that the model learned, then as many as possible of the pitches
    come into its range. Of equals the smallest transposition is taken.

    Args:
        scale: What should sound, or None for the model's own choice.
        pitches: What should sound, or all of the model's pitches.
        min_note: The model's lowest pitch.
        max_note: The model's highest pitch, exclusive.
        home_key: The major key (0 = C) into which the model's melodies were transposed, or None for any.
    """
    by_key = 0 if scale is None or home_key is None else _to_key(scale, home_key)
    octaves = range(-NOTES_PER_OCTAVE, NOTES_PER_OCTAVE + 1)
    amounts = [by_key + NOTES_PER_OCTAVE * octave for octave in octaves]

    def num_playable(amount: int) -> int:
        return sum(min_note <= pitch + amount < max_note for pitch in pitches)

    return min(amounts, key=lambda amount: (-num_playable(amount), abs(amount), amount))


def _to_key(scale: Scale, home_key: int) -> int:
    """Returns the transposition, within half an octave, that brings a scale nearest to a major key."""
    home = {(home_key + semitones) % NOTES_PER_OCTAVE for semitones in SCALES["major"]}

    def distance(amount: int) -> tuple[int, bool, int, int]:
        common = sum((pitch_class + amount) % NOTES_PER_OCTAVE in home for pitch_class in scale.pitch_classes)
        degree = (scale.tonic + amount - home_key) % NOTES_PER_OCTAVE
        return -common, degree not in (0, _RELATIVE_MINOR), abs(amount), amount

    return min(range(-NOTES_PER_OCTAVE // 2, NOTES_PER_OCTAVE // 2), key=distance)
