import numpy as np
import pytest

from melody_rnn.data.dataset import Dataset, StoredMelody, save
from melody_rnn.errors import InputFileError, InvalidArgumentError
from melody_rnn.evaluation.temperature_report.real_tunes import read_real_tunes
from melody_rnn.music.meters import COMMON_TIME, Meter

SCALE = [60, -2, 62, -2, 64, -2, 65, -2]
ABC = "X:{number}\nM:4/4\nL:1/4\nK:C\n{music}\n"


def dataset(tmp_path, events, number=5, **options):
    rows = [
        StoredMelody(f"{split}{i}", np.array(events, np.int8), Meter(2, 4), split, **options)
        for split in ("train", "test")
        for i in range(number)
    ]
    save(Dataset(tuple(rows)), tmp_path / "tunes")
    return str(tmp_path / "tunes")


def test_tunes_of_the_test_split_begin_with_a_note(tiny_config, tmp_path):
    corpus = dataset(tmp_path, [-2] * 6 + [60, -2] + SCALE * 3)
    real = read_real_tunes(corpus, tiny_config, 16, Meter(2, 4))
    assert real.about == "5 tunes in bars of 2/4 out of the test split of tunes"
    assert [list(tune.events) for tune in real.melodies] == [SCALE * 2] * 5
    assert real.melodies[0].steps_per_bar == 8
    assert len(real.train) == 5


def test_tunes_are_moved_into_the_model_s_range(tiny_config, tmp_path):
    corpus = dataset(tmp_path, [e + 24 if e > 0 else e for e in SCALE * 2])
    pitches = [
        event for event in read_real_tunes(corpus, tiny_config, 16, Meter(2, 4)).melodies[0].events if event >= 0
    ]
    assert min(pitches) >= 60 and max(pitches) < 72


def test_too_few_tunes_are_told_with_what_there_is(tiny_config, tmp_path):
    corpus = dataset(tmp_path, SCALE * 2, number=3)
    with pytest.raises(InputFileError, match="needs 4 tunes to compare with and has 3 tunes of 16 steps in bars of 8"):
        read_real_tunes(corpus, tiny_config, 16, Meter(2, 4))
    with pytest.raises(InputFileError, match=r"has 0 tunes .* \(in other bars: 3 of 8\)"):
        read_real_tunes(corpus, tiny_config, 16, Meter(6, 8))


def test_steps_of_another_length_are_refused(tiny_config, tmp_path):
    corpus = dataset(tmp_path, SCALE * 2, steps_per_quarter=8)
    with pytest.raises(InvalidArgumentError, match="has 8 steps a quarter note, the model 4"):
        read_real_tunes(corpus, tiny_config, 16, Meter(2, 4))


def test_all_tunes_of_a_folder_of_music_are_taken(tiny_config, tmp_path):
    bars = ["C D E F |", "G A B c |", "c B A G |", "E D C2 |"]
    for i in range(4):
        (tmp_path / f"{i}.abc").write_text(ABC.format(number=i, music=" ".join(bars[i:] + bars + bars[:i])))
    real = read_real_tunes(str(tmp_path), tiny_config, 32, COMMON_TIME)
    assert (len(real.melodies), real.train) == (4, [])
    assert real.about == f"4 tunes in bars of 4/4 out of {tmp_path.name}"


def test_a_folder_without_music_is_an_error(tiny_config, tmp_path):
    with pytest.raises(InputFileError, match="no melody"):
        read_real_tunes(str(tmp_path), tiny_config, 32, COMMON_TIME)
