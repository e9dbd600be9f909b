"""Note sequences to MIDI files that a sequencer takes as they are."""

import io
from collections.abc import Sequence
from typing import Any, Final

import mido

from melody_rnn.errors import InvalidArgumentError
from melody_rnn.formats.midi import CHORD_PREFIX
from melody_rnn.formats.note_sequences import MODE_NAMES, NoteSequence, midi_io
from melody_rnn.formats.score import ACCOMPANIMENT
from melody_rnn.music.keys import Key, key_of_tonic

SLOWEST_QPM: Final = 60e6 / 0xFFFFFF
FASTEST_QPM: Final = 10_000.0
"""A MIDI file holds microseconds a quarter note in 24 bits, the slowest; faster than this nobody can hear apart."""
_CHORD: Final = NoteSequence.TextAnnotation.CHORD_SYMBOL
# At one tick what ends comes before what begins.
_ORDER: Final = {"note_off": 1, "note_on": 3}
_FIRST: Final = ("track_name", "set_tempo", "time_signature", "key_signature", "text", "marker", "program_change")


def midi_bytes(
    sequence: NoteSequence,
    *,
    text: str = "",
    title: str = "",
    markers: Sequence[tuple[float, str]] = (),
    midi_type: int = 1,
) -> bytes:
    """Returns a sequence as the bytes of a MIDI file; `read_midi` is the inverse.

    Every track ends at the sequence's total time. Chord symbols are text events, 'Chord: Am7'.

    Args:
        sequence: The notes, with tempos, meters and keys.
        text: A text event at the start.
        title: The name of the first track, which has no notes.
        markers: (seconds, text) of what names sections.
        midi_type: 1 for a track of tempos and texts beside those of notes, 0 for one track with everything.

    Raises:
        InvalidArgumentError: If a tempo is not one that a MIDI file holds.
    """
    for tempo in sequence.tempos:
        if not SLOWEST_QPM <= tempo.qpm <= FASTEST_QPM:
            raise InvalidArgumentError(
                f"qpm must be from {SLOWEST_QPM:.2f} to {FASTEST_QPM:.0f} for a MIDI file, got {tempo.qpm:g}"
            )
    midi = midi_io.note_sequence_to_pretty_midi(_with_keys_of_midi(sequence))
    to_tick = midi.time_to_tick
    buffer = io.BytesIO()
    midi.write(buffer)
    written = mido.MidiFile(file=io.BytesIO(buffer.getvalue()))
    texts = [(0, "text", text)] if text else []
    chords = [note for note in sequence.text_annotations if note.annotation_type == _CHORD]
    texts += [(to_tick(chord.time), "text", f"{CHORD_PREFIX}{chord.text}") for chord in chords]
    texts += [(to_tick(max(seconds, 0.0)), "marker", label) for seconds, label in markers]
    if title:
        texts.append((0, "track_name", title))
    tracks = [_timed(track) for track in written.tracks]
    tracks[0] += [(tick, mido.MetaMessage(kind, **{_field(kind): _ascii_or_utf8(own)})) for tick, kind, own in texts]
    end = max([to_tick(sequence.total_time), *(tick for track in tracks for tick, _ in track)])
    if midi_type == 0:
        # The one track has the title's name alone.
        tracks = [[timed for track in tracks for timed in track if not _names_accompaniment(timed[1])]]
    file = mido.MidiFile(type=midi_type, ticks_per_beat=written.ticks_per_beat, charset="utf-8")
    file.tracks.extend(_track(messages, end) for messages in tracks)
    out = io.BytesIO()
    file.save(file=out)
    return out.getvalue()


def _with_keys_of_midi(sequence: NoteSequence) -> NoteSequence:
    """Returns a sequence whose keys are major or minor, as MIDI has them, with the signatures that they had."""
    copy = NoteSequence()
    copy.CopyFrom(sequence)
    for signature in copy.key_signatures:
        key = key_of_tonic(int(signature.key), MODE_NAMES.get(signature.mode, "major"))
        if key.mode not in ("major", "minor"):
            signature.key, signature.mode = Key(key.sharps).tonic, NoteSequence.KeySignature.MAJOR
    return copy


def _timed(track: Any) -> list[tuple[int, Any]]:
    """Returns a track's messages with their ticks from the start, without its end."""
    messages, tick = [], 0
    for message in track:
        tick += message.time
        if message.type != "end_of_track":
            messages.append((tick, message))
    return messages


def _names_accompaniment(message: Any) -> bool:
    return bool(message.type == "track_name" and message.name.startswith(ACCOMPANIMENT))


def _track(messages: Sequence[tuple[int, Any]], end: int) -> Any:
    track, now = mido.MidiTrack(), 0
    for tick, message in sorted(messages, key=_place):
        track.append(message.copy(time=tick - now))
        now = tick
    track.append(mido.MetaMessage("end_of_track", time=end - now))
    return track


def _place(timed: tuple[int, Any]) -> tuple[int, int, int]:
    tick, message = timed
    kind = message.type
    if kind == "note_on" and not message.velocity:
        kind = "note_off"
    if kind in _FIRST:
        # What ends at a tick ends before a marker there, but everything else comes first.
        return tick, 0, _FIRST.index(kind)
    return tick, _ORDER.get(kind, 2), 0


def _field(kind: str) -> str:
    return "name" if kind == "track_name" else "text"


def _ascii_or_utf8(text: str) -> str:
    """Returns a text without what no file should carry."""
    return " ".join(text.split()) if text.isprintable() else "".join(c for c in text if c.isprintable())
