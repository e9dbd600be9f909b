"""Tunes through files and back, and through readers that others wrote.

MELODY_RNN_ROUND_TRIPS sets how many random tunes go each way.
"""

import os
import random
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from melody_rnn.data.corpora import find_corpus
from melody_rnn.errors import InputFileError, MelodyError
from melody_rnn.formats.abc import read_abc_tune, split_tunebook
from melody_rnn.formats.abc.writer import abc_text
from melody_rnn.formats.midi.reader import read_midi
from melody_rnn.formats.musicxml.reader import read_musicxml
from melody_rnn.formats.musicxml.writer import musicxml_bytes, mxl_bytes
from melody_rnn.formats.score import Score
from melody_rnn.music.keys import Key
from melody_rnn.tunes.files import midi_of
from melody_rnn.tunes.from_score import tunes_of_score
from melody_rnn.tunes.to_score import score_of
from melody_rnn.tunes.tune import Tune
from tests.tunes.random_tunes import random_tune

COUNT = int(os.environ.get("MELODY_RNN_ROUND_TRIPS", "200"))
FINE_STEPS = 24
SAMPLE_OF_CORPUS = 40
BLACK = (1, 3, 6, 8, 10)


def through_abc(score: Score) -> Score:
    [tune] = split_tunebook(abc_text([score]).encode())
    return read_abc_tune(tune)


WAYS: dict[str, Callable[[Score], Score]] = {
    "abc": through_abc,
    "musicxml": lambda score: read_musicxml(musicxml_bytes(score)),
    "mxl": lambda score: read_musicxml(mxl_bytes(score)),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_tune_comes_back_from_a_file(way: str):
    for seed in range(COUNT):
        tune = random_tune(random.Random(seed))
        assert tunes_of_score(WAYS[way](score_of(tune))) == [tune], f"{way}, tune {seed}"


def test_a_tune_comes_back_from_midi_as_it_is_played():
    for seed in range(COUNT):
        tune = random_tune(random.Random(seed))
        played = tune.played()
        (again,) = tunes_of_score(read_midi(midi_of(tune)))
        assert sounds(again) == sounds(played), f"tune {seed}"


def sounds(tune: Tune) -> list[tuple[Fraction, Fraction, int]]:
    """Returns start, end and pitch of each note of a tune as it is played, from its first sound on, in quarters."""
    notes = score_of(tune.played()).parts[0].notes
    return [(note.start - notes[0].start, note.end - notes[0].start, note.pitch) for note in notes]


def corpus_tunes(every: int = 1) -> list[Tune]:
    """Returns the tunes of the tune books that are read without a remark, or some of them, at fine steps."""
    tunes = []
    for path in find_corpus("corpus:tunebooks").files.values():
        for text in split_tunebook(path.read_bytes()):
            if (text.index + len(path.name)) % every:
                continue
            try:
                read = tunes_of_score(read_abc_tune(text), FINE_STEPS)
            except (InputFileError, MelodyError):
                continue
            tunes += [tune for tune in read if not tune.remarks]
    return tunes


@pytest.mark.parametrize("way", WAYS)
def test_tunes_of_books_come_back(way: str):
    tunes = corpus_tunes(SAMPLE_OF_CORPUS)
    assert len(tunes) > 50
    for tune in tunes:
        assert tunes_of_score(WAYS[way](score_of(tune)), FINE_STEPS) == [tune], f"{way}, {tune.title}"


def onsets(score: Score) -> list[tuple[float, int]]:
    """Returns when the notes of all parts begin, counted from the first one, to a 100th of a quarter, and pitches."""
    found = sorted((float(note.start), note.pitch) for part in score.parts for note in part.notes)
    return [(round(start - found[0][0], 2), pitch) for start, pitch in found]


def judged_tune(seed: int, **kinds: bool) -> Tune | None:
    """Returns a random tune without chord symbols, which other programs play; None where they play repeats otherwise.

    abc2midi plays all that is repeated twice, unless each pass has an ending of its own.
    """
    tune = replace(random_tune(random.Random(seed), **kinds), chords=())
    return None if any(section.times > 2 for section in tune.sections) else tune


def expected_onsets(tune: Tune) -> list[tuple[float, int]]:
    return onsets(score_of(tune.played()))


@pytest.mark.skipif(shutil.which("abc2midi") is None, reason="abc2midi is not installed")
def test_abc2midi_plays_what_we_write(tmp_path: Path):
    for seed in range(COUNT):
        tune = judged_tune(seed)
        if tune is None:
            continue
        (tmp_path / "tune.abc").write_text(abc_text([score_of(tune)]))
        command = ["abc2midi", tmp_path / "tune.abc", "1", "-o", tmp_path / "tune.mid", "-quiet", "-NGRA"]
        subprocess.run(command, check=True, capture_output=True)
        again = read_midi((tmp_path / "tune.mid").read_bytes())
        assert onsets(again) == expected_onsets(tune), f"tune {seed}"


def test_symusic_plays_what_we_write():
    symusic = pytest.importorskip("symusic")
    for seed in range(COUNT):
        tune = judged_tune(seed)
        if tune is None:
            continue
        other = symusic.Score.from_abc(abc_text([score_of(tune)]))
        notes = sorted((note.time / other.tpq, note.pitch) for track in other.tracks for note in track.notes)
        assert [(round(time - notes[0][0], 2), pitch) for time, pitch in notes] == expected_onsets(tune), f"tune {seed}"


@pytest.mark.filterwarnings("ignore")
def test_music21_reads_what_we_write():
    music21 = pytest.importorskip("music21")
    for seed in range(max(COUNT // 10, 1)):
        tune = judged_tune(seed, has_repeats=False)
        assert tune is not None
        # It knows no Locrian keys, and forgets accidentals after a tie.
        white = tuple(event - (event >= 0 and event % 12 in BLACK) for event in tune.events)
        tune = replace(tune, events=white, key=Key(0))
        other = music21.converter.parseData(abc_text([score_of(tune)]), format="abc")
        notes = [
            (round(float(note.getOffsetInHierarchy(other)), 2), note.pitch.midi)
            for note in other.recurse().notes
            if note.tie is None or note.tie.type == "start"
        ]
        start = notes[0][0]
        assert [(round(time - start, 2), pitch) for time, pitch in notes] == expected_onsets(tune), f"tune {seed}"
