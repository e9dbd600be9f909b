import numpy as np
import pytest

from melody_rnn.errors import ModelError
from melody_rnn.tunes.copied import FEWEST_NOTES, TrainingIndex, TuneName
from melody_rnn.tunes.tune import Section, Tune


def random_tune(rng, num_notes=60):
    events = []
    for pitch, steps in zip(rng.integers(60, 63, num_notes), rng.integers(1, 3, num_notes), strict=True):
        events += [int(pitch)] + [-2] * (int(steps) - 1)
    return Tune(tuple(events))


def signs(tune):
    onsets = [step for step, event in enumerate(tune.events) if event >= 0]
    pitches = [tune.events[step] for step in onsets]
    return list(zip(np.diff(pitches).tolist(), np.diff(onsets).tolist(), strict=True)), onsets


def longest_by_trying(tune, training):
    """Returns the notes of the longest run that any training tune has too, and the step where it first begins."""
    own, onsets = signs(tune)
    best = (0, 0)
    for other, _ in map(signs, training):
        for i in range(len(own)):
            for j in range(len(other)):
                length = 0
                while i + length < len(own) and j + length < len(other) and own[i + length] == other[j + length]:
                    length += 1
                best = max(best, (length + 1, -onsets[i]))
    return best[0], -best[1]


@pytest.fixture(scope="module")
def training():
    rng = np.random.default_rng(1)
    return [random_tune(rng) for _ in range(12)]


@pytest.fixture(scope="module")
def index(training):
    return TrainingIndex.of(training, [TuneName(f"book:{k}", f"Tune {k}") for k in range(12)], training[:1])


def test_the_longest_run_is_the_one_that_trying_all_finds(training, index):
    rng = np.random.default_rng(2)
    for _ in range(20):
        tune = random_tune(rng)
        num_notes, start = longest_by_trying(tune, training)
        run = index.longest(tune)
        assert (run is None) == (num_notes < FEWEST_NOTES)
        assert run is None or (run.num_notes, run.start) == (num_notes, start)


def test_a_run_is_named_in_any_key_and_repeats_are_played(training, index):
    excerpt = training[7].transpose(-5).events[10:40]
    first = next(step for step, event in enumerate(excerpt) if event >= 0)
    num_notes = sum(event >= 0 for event in excerpt)
    rest = (-1, *[-2] * 31)
    run = index.longest(Tune((*rest, *excerpt, *rest)))
    assert (run.num_notes, run.start, run.name) == (num_notes, 32 + first, TuneName("book:7", "Tune 7"))
    # What follows a section on its second pass is heard only where it is played.
    twice = training[7].events[:24] + training[7].events[:8]
    halves = Tune(twice[:24], sections=(Section(0, "A", 2),))
    assert index.longest(halves).num_notes == index.longest(Tune(twice[:24] * 2)).num_notes


def test_runs_end_with_a_tune(training, index):
    glued = training[3].events + training[4].events
    assert index.longest(Tune(glued)).num_notes < sum(event >= 0 for event in glued)


def test_unseen_tunes_compare(training, index):
    num_notes = len(training[0].pitches)
    assert (index.share_of_unseen(num_notes), index.share_of_unseen(num_notes + 1)) == (1, 0)
    assert index.quantiles_of_unseen(0.5) == [num_notes]
    assert TrainingIndex.of(training, [TuneName("a")] * 12).share_of_unseen(9) is None


def test_an_index_is_kept_without_notes(training, index):
    data = index.to_bytes()
    again = TrainingIndex.from_bytes(data)
    assert (again.to_bytes(), len(again), again.unseen.tolist()) == (data, 12, index.unseen.tolist())
    assert again.longest(training[5]) == index.longest(training[5])
    short = Tune((60, 62, 64))
    assert TrainingIndex.from_bytes(TrainingIndex.of([short], [TuneName("a")]).to_bytes()).longest(short) is None


@pytest.mark.parametrize("cut", [0, 100, -30])
def test_damaged_indexes(index, cut):
    with pytest.raises(ModelError, match="the index of the training tunes is damaged"):
        TrainingIndex.from_bytes(index.to_bytes()[:cut])
