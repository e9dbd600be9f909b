"""What generate's --copied says: which notes in a row of a tune are in one that the model was trained on."""

from typing import TYPE_CHECKING, Any

from melody_rnn.errors import ModelError, printable

if TYPE_CHECKING:
    from melody_rnn.model import MelodyRNN
    from melody_rnn.tunes.tune import Tune

_LONGEST_TITLE = 40


def check(model: "MelodyRNN", name: str) -> None:
    """Fails if a model does not know what it was trained on.

    Raises:
        ModelError: If so, or if its index is damaged.
    """
    if model.training_tunes is None:
        raise ModelError(
            f"{printable(name)} has no index of the tunes that it was trained on, so nobody knows what it copies; "
            "leave out --copied"
        )


def facts(model: "MelodyRNN", tune: "Tune") -> dict[str, Any] | None:
    """Returns what is to be said of a tune's longest run that a training tune has too; None if none is long enough.

    The steps are those of the tune as it is played.
    """
    index = model.training_tunes
    assert index is not None
    run = index.longest(tune)
    if run is None:
        return None
    found = {"notes": run.num_notes, "start": run.start, "end": run.end, "id": run.name.id, "title": run.name.title}
    return found | {"unseen_share": index.share_of_unseen(run.num_notes)}


def words(found: dict[str, Any] | None) -> str:
    """Returns the same for a table."""
    if found is None:
        return "-"
    title = found["title"] or found["id"]
    title = title if len(title) <= _LONGEST_TITLE else title[: _LONGEST_TITLE - 3] + "..."
    return f"{found['notes']} notes of {title}"


def explain(model: "MelodyRNN") -> None:
    """Prints what the figures mean, and how real tunes compare."""
    from rich.console import Console

    from melody_rnn.tunes.copied import FEWEST_NOTES

    index = model.training_tunes
    assert index is not None
    text = (
        "copied: most notes in a row that one of the "
        f"{len(index):,} training tunes has too, with the same intervals and durations; fewer than {FEWEST_NOTES} are "
        "not told."
    )
    if len(index.unseen):
        half, tenth, longest = index.quantiles_of_unseen(0.5, 0.9, 1)
        text += (
            f" Of {len(index.unseen):,} real tunes that the model was not trained on half have at most "
            f"{max(half, FEWEST_NOTES - 1)}, nine in ten at most {max(tenth, FEWEST_NOTES - 1)}, and one has {longest}."
        )
    Console().print(text, highlight=False, markup=False)
