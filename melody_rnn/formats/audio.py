"""Note sequences to sound: samples from a synthesiser, and samples as bytes of an audio file."""

import io
import math
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Literal, get_args

import numpy as np
import pretty_midi
import soundfile
import soxr
from numpy.typing import NDArray

from melody_rnn.errors import InputFileError, InvalidArgumentError, MelodyError
from melody_rnn.files import scratch_folder
from melody_rnn.formats.midi.writer import midi_bytes
from melody_rnn.formats.note_sequences import NoteSequence
from melody_rnn.formats.ogg import with_serial
from melody_rnn.formats.soundfont import read_soundfont

Synth = Literal["soundfont", "fluidsynth", "sine"]
AudioFormat = Literal["wav", "flac", "ogg", "mp3"]
Samples = NDArray[np.float32]
"""[num_samples, 2] float32 in -1..1 at `SAMPLE_RATE`, left and right."""

SAMPLE_RATE: Final = 44_100
PEAK_DBFS: Final = -3.0
TAIL_SECONDS: Final = 2.0
MAX_SECONDS: Final = 900.0
"""Music longer than this is not rendered: its samples would fill half a gigabyte."""
MAX_NOTE_SECONDS: Final[dict[Synth, int]] = {"soundfont": 15_000, "fluidsynth": 15_000, "sine": 2_000}
"""How long all notes together, each with its release, may sound: so much is a few seconds of work."""
_MAX_VOICES: Final = 64
_RELEASE_SECONDS: Final[dict[Synth, float]] = {"soundfont": 0.5, "fluidsynth": 0.5, "sine": 0.1}
_BLOCK: Final = 16 * SAMPLE_RATE
_FADE_SECONDS: Final = 0.25
_ENCODINGS: Final = {
    "wav": ("WAV", "PCM_16"),
    "flac": ("FLAC", "PCM_16"),
    "ogg": ("OGG", "VORBIS"),
    "mp3": ("MP3", "MPEG_LAYER_III"),
}
_VOLUME: Final = 7
_OCTAVE_VOLUMES: Final = (1.0, 0.4, 0.15)


def render(
    sequence: NoteSequence,
    synth: Synth = "soundfont",
    soundfont: str | Path | None = None,
    tail_seconds: float = TAIL_SECONDS,
) -> Samples:
    """Returns how a sequence sounds.

    It lasts as long as the sequence and the tail, in which the last note dies away, and its peak is at `PEAK_DBFS`.

    Args:
        sequence: The notes.
        synth: 'soundfont' plays recorded instruments; 'fluidsynth' does so by the program of that name, if it is
            installed; 'sine' plays pure tones of every pitch.
        soundfont: A .sf2 or .sf3 file; where not given, the small General MIDI set that comes with pretty_midi.
        tail_seconds: At least 0.

    Raises:
        MelodyError: If there is no note, or it is more than `check_length` lets through.
        InputFileError: If the soundfont cannot be read, or gives no sound.
        InvalidArgumentError: If the synth is unknown or not installed, or the tail negative.
    """
    if synth not in get_args(Synth):
        raise InvalidArgumentError(f"synth must be one of {', '.join(get_args(Synth))}, got {synth}")
    if tail_seconds < 0:
        raise InvalidArgumentError(f"tail_seconds must be at least 0, got {tail_seconds}")
    end = check_length(sequence, synth)
    num_samples = round((end + tail_seconds) * SAMPLE_RATE)
    if synth == "sine":
        samples = _render_sines(sequence, num_samples)
    else:
        samples = synthesise(sequence, end + tail_seconds, synth, soundfont)
    return _finish(_fit(samples, num_samples), tail_seconds)


def check_length(sequence: NoteSequence, synth: Synth = "soundfont") -> float:
    """Returns the seconds that a sequence lasts, if that is no more than is rendered.

    Args:
        sequence: The notes.
        synth: As `render` takes it.

    Raises:
        MelodyError: If there is no note, the music is longer than `MAX_SECONDS`, or its notes all together sound for
            longer than `MAX_NOTE_SECONDS`.
    """
    if not sequence.notes:
        raise MelodyError("there is no note in it to play")
    end: float = max(note.end_time for note in sequence.notes)
    if end > MAX_SECONDS:
        raise MelodyError(f"it lasts {end:.0f} seconds, and at most {MAX_SECONDS:.0f} are rendered; play it faster")
    sounding = sum(note.end_time - note.start_time + _RELEASE_SECONDS[synth] for note in sequence.notes)
    if synth == "soundfont":
        # It leaves out what more voices would play.
        sounding = min(sounding, _MAX_VOICES * end)
    if sounding > MAX_NOTE_SECONDS[synth]:
        raise MelodyError(
            f"its notes sound for {sounding:.0f} seconds all together, and at most {MAX_NOTE_SECONDS[synth]} are "
            "rendered; play it faster, or less of it"
        )
    return end


def synthesise(
    sequence: NoteSequence, seconds: float, synth: Synth = "soundfont", soundfont: str | Path | None = None
) -> Samples:
    """Returns what a synthesiser gives, about so many seconds of it, neither faded nor set to a peak.

    Args:
        sequence: The notes.
        seconds: At least as long as the notes.
        synth: 'soundfont' or 'fluidsynth'.
        soundfont: As `render` takes it.

    Raises:
        InputFileError: If the soundfont cannot be read, or gives no sound.
        InvalidArgumentError: If the synth is not installed.
    """
    path = default_soundfont() if soundfont is None else Path(soundfont)
    play = _render_soundfont if synth == "soundfont" else _render_fluidsynth
    return play(_lasting(sequence, seconds), path)


def default_soundfont() -> Path:
    """Returns the path of TimGM6mb.sf2, which pretty_midi installs (GPL 2, by Tim Brechbill)."""
    return Path(pretty_midi.__file__).with_name("TimGM6mb.sf2")


def audio_bytes(samples: Samples, file_format: AudioFormat = "wav", sample_rate: int = SAMPLE_RATE) -> bytes:
    """Returns samples as the bytes of a file: 16-bit WAV or FLAC, Ogg Vorbis or MP3; the same bytes each time.

    Args:
        samples: The samples, of one channel or two.
        file_format: The kind of file.
        sample_rate: Samples a second.

    Raises:
        InvalidArgumentError: If the format is unknown.
    """
    if file_format not in _ENCODINGS:
        raise InvalidArgumentError(f"the audio format must be one of {', '.join(_ENCODINGS)}, got {file_format}")
    container, coding = _ENCODINGS[file_format]
    buffer = io.BytesIO()
    with soundfile.SoundFile(buffer, "w", sample_rate, samples.shape[1], coding, format=container) as file:
        # libsndfile's Vorbis encoder overflows its stack on long pieces that come at once.
        for start in range(0, len(samples), sample_rate):
            file.write(samples[start : start + sample_rate])
    data = buffer.getvalue()
    return with_serial(data) if file_format == "ogg" else data


def _lasting(sequence: NoteSequence, seconds: float) -> NoteSequence:
    """Returns a copy at full channel volume, whose last event is at `seconds`: synthesisers stop with the last one."""
    lasting = NoteSequence()
    lasting.CopyFrom(sequence)
    for note in sequence.notes:
        for time in (0.0, seconds):
            lasting.control_changes.add(
                time=time,
                control_number=_VOLUME,
                control_value=127,
                instrument=note.instrument,
                program=note.program,
                is_drum=note.is_drum,
            )
        break
    lasting.total_time = seconds
    return lasting


def _render_soundfont(sequence: NoteSequence, path: Path) -> Samples:
    try:
        from midirenderer import render_wave_from
    except ImportError:
        raise InvalidArgumentError(
            "the soundfont synthesiser midirenderer has no build for this machine; use the synth 'fluidsynth' or 'sine'"
        ) from None
    with _reading(path):
        rendered = render_wave_from(read_soundfont(path), midi_bytes(sequence))
    return _read_samples(io.BytesIO(rendered), sequence.total_time)


def _render_fluidsynth(sequence: NoteSequence, path: Path) -> Samples:
    program = shutil.which("fluidsynth")
    if program is None:
        raise InvalidArgumentError("the program fluidsynth is not installed; the synth 'soundfont' needs no program")
    with scratch_folder() as folder:
        music, sound = folder / "music.mid", folder / "sound.wav"
        music.write_bytes(midi_bytes(sequence))
        options = ["-ni", "-q", "-F", str(sound), "-T", "wav", "-O", "float", "-r", str(SAMPLE_RATE)]
        subprocess.run([program, *options, str(path.absolute()), str(music)], capture_output=True, check=False)
        with _reading(path):
            return _read_samples(sound, sequence.total_time)


def _read_samples(file: io.BytesIO | Path, seconds: float) -> Samples:
    """Returns the samples of a sound file at `SAMPLE_RATE`, at least so many seconds of them.

    They are read and resampled second by second: all of them at both rates would take three times the memory.
    """
    with soundfile.SoundFile(file) as sound:
        rate = sound.samplerate
        num_samples = max(round(seconds * SAMPLE_RATE), math.ceil(sound.frames * SAMPLE_RATE / rate) + rate)
        samples = np.zeros((num_samples, sound.channels), np.float32)
        stream = soxr.ResampleStream(rate, SAMPLE_RATE, sound.channels, dtype="float32", quality="VHQ")
        place = 0
        for start in range(0, sound.frames, rate):
            block = sound.read(rate, dtype="float32", always_2d=True)
            part = stream.resample_chunk(block, last=start + rate >= sound.frames)
            samples[place : place + len(part)] = part
            place += len(part)
    return samples[: max(round(seconds * SAMPLE_RATE), place)]


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    """Turns what goes wrong inside a synthesiser into one line about the soundfont."""
    try:
        yield
    except InputFileError:
        raise
    # A damaged soundfont can also make midirenderer panic, which is no Exception.
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt | SystemExit | MemoryError):
            raise
        reason = (str(error).strip() or type(error).__name__).splitlines()[0][:100]
        raise InputFileError(f"{path}: not a soundfont that can be played ({reason})") from error


def _render_sines(sequence: NoteSequence, num_samples: int) -> Samples:
    """Returns tones with two faint octaves, a swift attack and a short release."""
    sound = np.zeros(num_samples, np.float32)
    for note in sequence.notes:
        seconds = note.end_time - note.start_time
        length = round((seconds + 0.1) * SAMPLE_RATE)
        # Of a note that is held for minutes, all at once would take gigabytes.
        for first in range(0, length, _BLOCK):
            times = np.arange(first, min(first + _BLOCK, length)) / SAMPLE_RATE
            envelope = np.interp(times, [0, 0.01, max(seconds, 0.01), seconds + 0.1], [0, 1, 0.6, 0])
            phase = 2 * np.pi * float(pretty_midi.note_number_to_hz(note.pitch)) * times
            tone = sum(volume * np.sin(2**octave * phase) for octave, volume in enumerate(_OCTAVE_VOLUMES))
            start = round(note.start_time * SAMPLE_RATE) + first
            part = sound[start : start + len(times)]
            part += (envelope * tone * note.velocity / 127)[: len(part)].astype(np.float32)
    return sound[:, np.newaxis]


def _fit(samples: Samples, num_samples: int) -> Samples:
    """Returns [num_samples, 2] of samples of one channel or more, which may be those."""
    if samples.shape[1] == 2 and len(samples) >= num_samples:
        return samples[:num_samples]
    fitted = np.zeros((num_samples, 2), np.float32)
    part = samples[:num_samples, :2]
    fitted[: len(part)] = part
    return fitted


def _finish(samples: Samples, tail_seconds: float) -> Samples:
    """Fades the end of the tail, so that nothing breaks off, and sets the peak."""
    num_faded = round(min(tail_seconds, _FADE_SECONDS) * SAMPLE_RATE)
    if num_faded:
        samples[-num_faded:] *= np.linspace(1, 0, num_faded, dtype=np.float32)[:, np.newaxis]
    peak = max(float(samples.max()), -float(samples.min()))
    if not peak:
        raise InputFileError("the soundfont gives no sound for these notes; try another one")
    samples *= np.float32(10 ** (PEAK_DBFS / 20) / peak)
    return samples
