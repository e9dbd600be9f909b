from collections import Counter

import numpy as np
import pytest

from melody_rnn.errors import InputFileError
from melody_rnn.metrics import bigram_nats, unigram_nats
from melody_rnn.tunes.build import ExtractionRules, build_dataset
from melody_rnn.tunes.corpora import Source
from melody_rnn.tunes.dataset import Dataset, StoredMelody
from melody_rnn.tunes.splits import assign_splits, drop_duplicates, group, shingles


def melody(name, pitches, steps_per_bar=16):
    return StoredMelody(name, np.array(pitches, np.int8), steps_per_bar)


def random_melody(rng, name, length=60):
    return melody(name, rng.integers(55, 80, length))


def test_round_trip(tmp_path):
    rng = np.random.default_rng(0)
    melodies = [random_melody(rng, f"book/tune{i}.abc#{i}", 5 + i) for i in range(9)]
    before = Dataset(melodies, ["train"] * 5 + ["validation"] * 2 + ["test"] * 2)
    before.save(tmp_path / "a" / "tunes.npz")
    after = Dataset.load(tmp_path / "a" / "tunes.npz")
    assert after.splits == before.splits
    for a, b in zip(after.melodies, melodies, strict=True):
        assert (a.id, a.steps_per_bar, a.events.tolist()) == (b.id, b.steps_per_bar, b.events.tolist())
    assert [m.id for m in after.split("test")] == [m.id for m in melodies[7:]]


@pytest.mark.parametrize("data", [b"", b"PK", b"noise" * 50])
def test_damaged_files(tmp_path, data):
    (tmp_path / "a.npz").write_bytes(data)
    with pytest.raises(InputFileError, match=r"a\.npz"):
        Dataset.load(tmp_path / "a.npz")


def test_pickles_are_never_loaded(tmp_path):
    np.savez(tmp_path / "a.npz", events=np.array([{}], object))
    with pytest.raises(InputFileError, match="no dataset"):
        Dataset.load(tmp_path / "a.npz")


def test_duplicates_in_any_key_are_dropped():
    tune = [60, -2, 64, -1, 67, 60]
    moved = [e + 5 if e >= 0 else e for e in tune]
    assert [m.id for m in drop_duplicates([melody("a", tune), melody("b", moved), melody("c", tune[:-1])])] == [
        "a",
        "c",
    ]


def test_settings_of_one_tune_are_one_group():
    rng = np.random.default_rng(1)
    tunes = [random_melody(rng, f"t{i}") for i in range(40)]
    variant = tunes[3].events.copy() + 2
    variant[40:] = rng.integers(55, 80, 20)
    groups = group([*tunes, melody("variant", variant)])
    assert groups[40] == groups[3]
    assert len(set(groups[:40])) == 40


def test_splits_keep_groups_together_whatever_the_order():
    rng = np.random.default_rng(2)
    tunes = [random_melody(rng, f"t{i:03}") for i in range(300)]
    variants = [melody(f"v{i:03}", tunes[i].events[:50] + 1) for i in range(150)]
    melodies = tunes + variants
    splits = dict(zip([m.id for m in melodies], assign_splits(melodies), strict=True))
    assert all(splits[f"t{i:03}"] == splits[f"v{i:03}"] for i in range(150))
    shuffled = [melodies[i] for i in rng.permutation(len(melodies))]
    assert dict(zip([m.id for m in shuffled], assign_splits(shuffled), strict=True)) == splits
    counts = Counter(splits[f"t{i:03}"] for i in range(300))
    assert 210 <= counts["train"] <= 270
    assert min(counts["validation"], counts["test"]) >= 12


def test_shingles_know_no_key_and_no_rhythm():
    slow = np.array([e for p in range(60, 76) for e in (p, -2)], np.int8)
    assert shingles(slow) == shingles(np.arange(50, 66, dtype=np.int8)) != set()


def test_building_counts_what_is_dropped(tmp_path):
    bar = "C2 D2 E2 G2 | A2 G2 E2 D2 |"
    header = "X:{}\nM:4/4\nL:1/8\nK:C\n"
    tunes = [bar * 4, bar, "C8|" * 8, bar * 4, ""]
    text = "\n".join(header.format(i) + tune + "\n" for i, tune in enumerate(tunes))
    (tmp_path / "book.abc").write_text(text)
    dataset, counts = build_dataset([Source("book", tmp_path / "book.abc")], ExtractionRules())
    assert [m.id for m in dataset.melodies] == ["book#0"]
    assert len(dataset.melodies[0].events) == 128
    assert counts["kept"] == 1
    assert counts["shorter than 7 bars"] == 1
    assert counts["fewer than 5 pitch classes"] == 1
    assert counts["the same as another, in some key"] == 1
    assert counts["it has no notes"] == 1


def test_baselines():
    train = [np.array([60, -2, 60, -2, 60, -2], np.int8)]
    test = [np.array([60, -2, 60, -2], np.int8)]
    assert unigram_nats(train, test) == pytest.approx(-np.log(4 / (8 + 128 / 130)), rel=1e-6)
    assert bigram_nats(train, test) < unigram_nats(train, test)
