"""The listening room's controls, as Jupyter widgets, and what a person typed into them."""

import html
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Final

import ipywidgets as widgets

from melody_rnn.config import MAX_SEED
from melody_rnn.errors import InvalidArgumentError
from melody_rnn.formats.reading import SUFFIXES
from melody_rnn.music.pitches import in_syllables
from melody_rnn.notebook.layout import column, row
from melody_rnn.notebook.wish import parse_number
from melody_rnn.notebook.words import AS_IT_COMES, INSTRUMENTS, KEYS, METERS, SCALES, WORDS, Language
from melody_rnn.presets import list_presets

MAX_TEMPERATURE: Final = 5.0
_WIDE: Final = {"description_width": "100px"}
_DOTTED: Final = "text-decoration: underline dotted; cursor: help"
# Colab has it.
_IS_VERSION_7: Final = widgets.__version__.startswith("7.")


class Controls:
    """The controls, each with what it does where the mouse rests on it.

    The slider and the number beside it move together, and a seed that is typed is kept for the next tune.
    """

    def __init__(self, model: str, language: Language) -> None:
        """Makes the controls.

        Args:
            model: The shipped model that is chosen at first.
            language: 'en' or 'es'.
        """
        self._language: Language = language
        self._words = WORDS[language]
        self._is_own_change = False
        names = [preset.name for preset in list_presets()]
        comes = self._words[AS_IT_COMES]
        self.model = self._control("model", widgets.Dropdown, options=names, value=model)
        self.primer = self._control("primer", widgets.Text, placeholder=self._words["no_primer"])
        self.upload = widgets.FileUpload(
            accept=",".join(SUFFIXES),
            multiple=False,
            description=self._words["upload"],
            layout=widgets.Layout(width="200px", margin="2px 2px 2px 108px"),
        )
        self.file = widgets.HTML()
        self.form = self._control("form", widgets.Text, placeholder=self._words["no_form"])
        self.bars = self._control("bars", widgets.Text, placeholder=self._words["no_bars"])
        self.meter = self._control("meter", widgets.Dropdown, options=[(comes, ""), *pairs(METERS)])
        self.temperature = self._control("temperature", widgets.Text, value="1")
        self.slider = widgets.FloatSlider(
            1.0,
            min=0,
            max=2,
            step=0.05,
            readout=False,
            layout=widgets.Layout(width="200px", margin="2px 2px 2px 108px"),
        )
        self.tempo = self._control("tempo", widgets.Text, placeholder=self._words["no_tempo"], continuous_update=False)
        self.key = self._control("key", widgets.Dropdown, options=[(comes, ""), *self._keys()])
        scales = [(comes, ""), *((self._words.get(name, name), name) for name in SCALES)]
        self.scale = self._control("scale", widgets.Dropdown, options=scales)
        instruments = [(self._words.get(name, name), name) for name in INSTRUMENTS]
        self.instrument = self._control("instrument", widgets.Dropdown, options=instruments)
        self.is_in_range = self._box("in_range", is_ticked=True)
        self.ends_on_tonic = self._box("ending", is_ticked=False)
        self.chords = self._control("chords", widgets.Text, placeholder=self._words["no_chords"])
        self.is_accompanied = self._box("accompanied", is_ticked=False)
        self.keep = self._control("keep", widgets.Text, placeholder=self._words["no_keep"])
        self.seed = self._control("seed", widgets.Text, value="1")
        self.is_fresh = self._box("fresh", is_ticked=True)
        self.favourite_name = widgets.Text(
            placeholder=self._words["favourite_name"], layout=widgets.Layout(width="200px", margin="2px 2px 2px 24px")
        )
        self.seed.observe(self._on_seed, names="value")
        self.slider.observe(self._on_slider, names="value")
        self.temperature.observe(self._on_temperature, names="value")

    def _arrange(self) -> widgets.Widget:
        in_range, fresh = self._explained("in_range", self.is_in_range), self._explained("fresh", self.is_fresh)
        accompanied = self._explained("accompanied", self.is_accompanied)
        columns = [
            [self.model, self.primer, self.upload, self.file, self.form, self.bars, self.meter, self.chords, self.keep],
            [self.temperature, self.slider, self.key, self.scale, self._explained("ending", self.ends_on_tonic)],
            [self.tempo, self.instrument, in_range, accompanied, self.seed, fresh],
        ]
        return row([column(controls) for controls in columns])

    def _control(self, name: str, kind: Callable[..., Any], **options: Any) -> Any:
        """Returns a control with its name, which says what it does where the mouse rests on it."""
        words, tip = self._words[name], self._words[f"{name}_tip"]
        if _IS_VERSION_7:
            return kind(description=words, style=_WIDE, description_tooltip=tip, **options)
        # Its own tooltip is only shown by controls without a name.
        named = f'<span title="{html.escape(tip)}" style="{_DOTTED}">{html.escape(words)}</span>'
        return kind(description=named, description_allow_html=True, style=_WIDE, **options)

    def _box(self, name: str, is_ticked: bool) -> Any:
        """Returns a box to tick; what stands beside it says what it does."""
        layout = widgets.Layout(width="auto", max_width="100%")
        return widgets.Checkbox(is_ticked, description=self._words[name], style=_WIDE, layout=layout)

    def _explained(self, name: str, box: Any) -> widgets.Widget:
        tip = html.escape(self._words[f"{name}_tip"])
        return row([box, widgets.HTML(f'<span title="{tip}" style="color: #555; cursor: help">(?)</span>')])

    def _button(self, name: str, on_click: Callable[..., None], style: str, icon: str) -> Any:
        layout = widgets.Layout(width="auto", min_width="120px")
        tip = self._words[f"{name}_tip"]
        button = widgets.Button(
            description=self._words[name], tooltip=tip, button_style=style, icon=icon, layout=layout
        )
        button.on_click(on_click)
        return button

    def _keys(self) -> list[tuple[str, str]]:
        """Returns the tonics, in Spanish by both of their names."""
        if self._language == "en":
            return pairs(KEYS)
        return [(f"{in_syllables(name)} ({name})", name) for name in KEYS]

    def _seed(self) -> int:
        return int(self._number(self.seed, "seed", 0, MAX_SEED, is_whole=True))

    def _number(self, control: Any, name: str, lowest: float, highest: float, is_whole: bool = False) -> float:
        words = self._words["whole_number" if is_whole else "number"]
        return parse_number(control.value, self._words[name], lowest, highest, is_whole, words)

    def _shown(self, number: float) -> str:
        return f"{number:g}".replace(".", self._words["point"])

    @contextmanager
    def _own_changes(self) -> Iterator[None]:
        """While it lasts, changes of controls are the room's own and not a person's."""
        self._is_own_change = True
        try:
            yield
        finally:
            self._is_own_change = False

    def _on_seed(self, *_: object) -> None:
        if not self._is_own_change:
            self.is_fresh.value = False

    def _on_slider(self, *_: object) -> None:
        if not self._is_own_change:
            with self._own_changes():
                self.temperature.value = self._shown(self.slider.value)

    def _on_temperature(self, *_: object) -> None:
        if not self._is_own_change:
            with self._own_changes():
                self._match_slider()

    def _match_slider(self) -> None:
        """Moves the slider to the temperature; half of a number is no mistake yet, and is said when it is used."""
        with suppress(InvalidArgumentError):
            self.slider.value = self._number(self.temperature, "temperature", 0, MAX_TEMPERATURE)


def pairs(names: Sequence[str]) -> list[tuple[str, str]]:
    """Returns a control's options that are shown as they are called; it takes pairs only, or none."""
    return [(name, name) for name in names]
