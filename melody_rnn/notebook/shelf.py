"""The shelf of favourites, as Jupyter widgets: to see them again, to rename, to compare blindly, to take along."""

import html
import random
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import ipywidgets as widgets

from melody_rnn.errors import InvalidArgumentError
from melody_rnn.notebook.favourites import Favourites, zip_of
from melody_rnn.notebook.layout import card, column, row
from melody_rnn.notebook.showing import card_html, download_link, player_html
from melody_rnn.tunes.files import write_new
from melody_rnn.tunes.tune import Tune


class FavouritesShelf:
    """Shows favourites: to see again, to rename, to compare without their names, to export.

    Attributes:
        favourites: The tunes.
        view: All of it, as a widget.
        stage: Where two tunes are compared.
    """

    def __init__(
        self,
        words: Mapping[str, str],
        folder: Path,
        run: Callable[[Callable[[], str], widgets.Widget], None],
        take: Callable[[Tune], str],
        name_of: Callable[[int], str],
    ) -> None:
        """Makes an empty shelf.

        Args:
            words: Of the room.
            folder: Where exported files go, in a folder of their own.
            run: Does some work and shows in a widget what it says, or what was wrong.
            take: Shows a tune in the room, and says what it is.
            name_of: How pitches are called in pictures.
        """
        self.favourites = Favourites()
        self._words, self._folder, self._run_work, self._take = words, folder, run, take
        self._name_of = name_of
        self._pair: tuple[str, str] | None = None
        self._dice = random.Random()
        self.status = widgets.HTML()
        self.list = widgets.Select(rows=6, layout=widgets.Layout(width="340px", max_width="100%"))
        self.name = widgets.Text(placeholder=words["new_name"], layout=widgets.Layout(width="220px"))
        self.first, self.second = (
            widgets.Dropdown(
                description=letter, layout=widgets.Layout(width="220px"), style={"description_width": "20px"}
            )
            for letter in ("A", "B")
        )
        self.show, self.rename, self.remove, self.export = (
            self._button(name, work)
            for name, work in (
                ("show", self._show),
                ("rename", self._rename),
                ("remove", self._remove),
                ("export", self._export),
            )
        )
        self.blind = self._button("blind", self._compare_blindly)
        self.choices = [self._button(name, partial(self._choose, place)) for place, name in enumerate(("is_1", "is_2"))]
        self.stage = column([])
        self.view = column(
            [
                row([self.list, column([row([self.show, self.remove]), row([self.name, self.rename])])]),
                row([self.first, self.second, self.blind]),
                self.stage,
                row([self.export]),
                self.status,
            ]
        )
        self._refresh()

    def keep(self, tune: Tune, name: str) -> str:
        """Puts a tune on the shelf, and returns the name under which it is there."""
        name = self.favourites.keep(tune, name)
        self._refresh(name)
        return name

    def _button(self, name: str, work: Callable[[], str]) -> Any:
        button = widgets.Button(
            description=self._words[name], tooltip=self._words[f"{name}_tip"], layout=widgets.Layout(width="auto")
        )
        button.on_click(lambda _: self._run_work(work, self.status))
        return button

    def _refresh(self, chosen: str | None = None) -> None:
        names = list(self.favourites.tunes)
        wins = self.favourites.wins
        # A list of pairs, for these show how often a tune was preferred, and are called by their names.
        self.list.options = [(f"{name}  ★{wins[name]}" if wins[name] else name, name) for name in names]
        if chosen is not None:
            self.list.value = chosen
        for choice in (self.first, self.second):
            before = choice.value
            choice.options = [(name, name) for name in names]
            choice.value = before if before in names else next(iter(names), None)
        if len(names) > 1 and self.first.value == self.second.value:
            self.second.value = next(name for name in names if name != self.first.value)
        for button in (self.show, self.rename, self.remove, self.export):
            button.disabled = not names
        self.blind.disabled = len(names) < 2

    def _chosen(self) -> str:
        if self.list.value is None:
            raise InvalidArgumentError(self._words["none_chosen"])
        return str(self.list.value)

    def _show(self) -> str:
        return self._take(self.favourites.tunes[self._chosen()])

    def _rename(self) -> str:
        old = self._chosen()
        if not self.name.value.strip():
            raise InvalidArgumentError(self._words["no_new_name"])
        new = self.favourites.rename(old, self.name.value)
        self.name.value = ""
        self._end_comparison()
        self._refresh(new)
        return ""

    def _remove(self) -> str:
        self.favourites.remove(self._chosen())
        self._end_comparison()
        self._refresh()
        return ""

    def _compare_blindly(self) -> str:
        pair = [self.first.value, self.second.value]
        if pair[0] == pair[1]:
            raise InvalidArgumentError(self._words["same_twice"])
        self._dice.shuffle(pair)
        self._pair = (pair[0], pair[1])
        self.stage.children = [
            row(
                [
                    card([widgets.HTML(player_html(self.favourites.tunes[name], title)), choice])
                    for name, title, choice in zip(pair, ("1", "2"), self.choices, strict=True)
                ]
            )
        ]
        return self._words["blind_asked"]

    def _choose(self, place: int) -> str:
        assert self._pair is not None
        better, other = self._pair[place], self._pair[1 - place]
        self.favourites.wins[better] += 1
        cards = [
            card([widgets.HTML(card_html(self.favourites.tunes[name], f"{number}: {name}", None, self._name_of))])
            for number, name in enumerate(self._pair, start=1)
        ]
        self._pair = None
        self.stage.children = [row(cards)]
        self._refresh()
        told = self._words["blind_told"].format(better=better, other=other, wins=self.favourites.wins[better])
        return html.escape(told)

    def _end_comparison(self) -> None:
        self._pair, self.stage.children = None, []

    def _export(self) -> str:
        files = self.favourites.files()
        files["favourites.zip"] = zip_of(files)
        folder = self._folder / "favourites"
        for name, data in files.items():
            path = Path(name)
            write_new(folder, path.stem, data, path.suffix)
        kinds = {"favourites.pdf": "application/pdf", "favourites.zip": "application/zip"}
        links = [download_link(name, kind, files[name]) for name, kind in kinds.items()]
        told = self._words["exported"].format(count=len(self.favourites.tunes), folder=folder.absolute())
        return f"{html.escape(told)} {', '.join(links)}"
