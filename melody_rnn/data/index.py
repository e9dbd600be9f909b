"""The index of a dataset's train split, by which a model's tunes are told from those that it was trained on."""

from typing import Final

from melody_rnn.data.dataset import Dataset
from melody_rnn.tunes.copied import TrainingIndex, TuneName

MAX_NOTES: Final = 2**24
"""Notes of a train split that is indexed; the index of more would be larger than most models."""
_MOST_UNSEEN: Final = 1000


def training_index(dataset: Dataset) -> TrainingIndex | None:
    """Returns the index of a dataset's train split, with how much tunes of another split share with it.

    Those are of the test split, or where it is empty of the validation split; of many some, evenly taken.

    Returns:
        None where the train split has more than `MAX_NOTES` notes.
    """
    train = dataset.split("train")
    if sum(int((melody.events >= 0).sum()) for melody in train) > MAX_NOTES:
        return None
    unseen = dataset.split("test") or dataset.split("validation")
    some = unseen[:: max(-(-len(unseen) // _MOST_UNSEEN), 1)]
    names = [TuneName(melody.id, melody.title) for melody in train]
    return TrainingIndex.of([melody.tune for melody in train], names, [melody.tune for melody in some])
