import io
import random
import shutil

import numpy as np
import pytest
import soundfile
import soxr
from note_seq import NoteSequence

from melody_rnn.errors import InputFileError, InvalidArgumentError, MelodyError
from melody_rnn.formats import audio
from melody_rnn.formats.note_bank import lay
from tests.formats.heard import NOTE_SECONDS, SCALE, scale, strongest_pitches

PICCOLO = 72


def check_loudness(samples):
    peak_dbfs = 20 * np.log10(np.abs(samples).max())
    assert -6 <= peak_dbfs <= -0.5
    assert np.sqrt((samples**2).mean()) > 0.02


needs_fluidsynth = pytest.mark.skipif(
    shutil.which("fluidsynth") is None, reason="the program fluidsynth is not installed"
)
SYNTHS = ["sine", "soundfont", pytest.param("fluidsynth", marks=needs_fluidsynth)]


@pytest.mark.parametrize("synth", SYNTHS)
def test_a_scale_sounds_as_written(synth):
    samples = audio.render(scale(PICCOLO), synth, tail_seconds=1.5)
    assert samples.dtype == np.float32
    assert samples.shape == (round((len(SCALE) * NOTE_SECONDS + 1.5) * audio.SAMPLE_RATE), 2)
    check_loudness(samples)
    np.testing.assert_allclose(strongest_pitches(samples), SCALE, atol=0.15)


def test_every_instrument_gives_a_sound_that_dies_away():
    for program in (0, 19, 24, 40, 73, 105):
        samples = audio.render(scale(program))
        check_loudness(samples)
        after_last_note = samples[round((len(SCALE) * NOTE_SECONDS + 0.02) * audio.SAMPLE_RATE) :]
        assert np.abs(after_last_note).max() > 0.001, "the release is cut off"
        assert not samples[-1].any()


def test_the_piano_is_in_tune():
    """Its strongest frequency may be an octave above the note."""
    away = strongest_pitches(audio.render(scale())) - SCALE
    np.testing.assert_allclose(away - 12 * np.round(away / 12), 0, atol=0.1)


@pytest.mark.parametrize(("file_format", "tolerance"), [("wav", 1e-4), ("flac", 1e-4), ("ogg", 0.1)])
def test_files_hold_the_samples(file_format, tolerance):
    samples = audio.render(scale(), "sine")
    read, rate = soundfile.read(io.BytesIO(audio.audio_bytes(samples, file_format)))
    assert rate == 44_100
    assert read.shape == samples.shape
    assert np.abs(read - samples).max() < tolerance
    check_loudness(read)


def test_the_same_notes_give_the_same_file():
    assert audio.audio_bytes(audio.render(scale())) == audio.audio_bytes(audio.render(scale()))


def test_rendering_leaves_the_sequence_alone():
    sequence = scale()
    before = sequence.SerializeToString(deterministic=True)
    audio.render(sequence)
    assert sequence.SerializeToString(deterministic=True) == before


def test_nothing_to_play_and_too_much():
    with pytest.raises(MelodyError, match="no note"):
        audio.render(NoteSequence())
    endless = scale()
    endless.notes[-1].end_time = 4000
    with pytest.raises(MelodyError, match="4000 seconds"):
        audio.render(endless, "sine")
    endless.notes[-1].end_time = audio.MAX_SECONDS
    dense = NoteSequence(notes=[endless.notes[-1]] * 40)
    for synth in ("soundfont", "sine"):
        with pytest.raises(MelodyError, match=r"sound for 3\d{4} seconds all together"):
            audio.render(dense, synth)
    with pytest.raises(MelodyError, match="all together"):
        lay(dense)


def test_sound_is_resampled_block_by_block_to_the_same_samples():
    rendered = np.random.default_rng(1).normal(0, 0.1, (48_000 * 3 + 17, 2)).astype(np.float32)
    data = audio.audio_bytes(rendered, "wav", 48_000)
    read, _ = soundfile.read(io.BytesIO(data), dtype="float32")
    expected = soxr.resample(read, 48_000, audio.SAMPLE_RATE, quality="VHQ")
    np.testing.assert_array_equal(audio._read_samples(io.BytesIO(data), 1.0), expected)
    longer = audio._read_samples(io.BytesIO(data), 4.0)
    assert len(longer) == 4 * audio.SAMPLE_RATE
    np.testing.assert_array_equal(longer[: len(expected)], expected)
    assert not longer[len(expected) :].any()


def test_a_long_sine_is_one_tone(monkeypatch):
    whole = audio.render(scale(), "sine")
    monkeypatch.setattr(audio, "_BLOCK", 1000)
    np.testing.assert_array_equal(audio.render(scale(), "sine"), whole)


def test_arguments_are_checked(tmp_path):
    with pytest.raises(InvalidArgumentError, match="synth must be one of soundfont, fluidsynth, sine, got organ"):
        audio.render(scale(), "organ")
    with pytest.raises(InvalidArgumentError, match="tail_seconds"):
        audio.render(scale(), tail_seconds=-1)
    with pytest.raises(InvalidArgumentError, match="got mp4"):
        audio.audio_bytes(audio.render(scale(), "sine"), "mp4")


def test_fluidsynth_must_be_there(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(InvalidArgumentError, match="fluidsynth is not installed"):
        audio.render(scale(), "fluidsynth")


def test_damaged_soundfonts_give_one_line(tmp_path, capfd):
    original = audio.default_soundfont().read_bytes()
    # The sounds come first and cannot be wrong; the tables at the end can.
    tables = original.index(b"pdta")
    rng = random.Random(0)
    path = tmp_path / "damaged.sf2"
    outcomes = set()
    for _ in range(12):
        data = bytearray(original)
        for _ in range(400):
            data[rng.randrange(tables, len(data))] = rng.randrange(256)
        path.write_bytes(data)
        try:
            audio.render(scale(), soundfont=path)
            outcomes.add("sound")
        except InputFileError as error:
            assert "\n" not in str(error)
            outcomes.add("error")
    assert "error" in outcomes
