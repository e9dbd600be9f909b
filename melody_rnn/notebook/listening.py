"""The listening room: controls, a piano roll, sheet music and a player, as Jupyter widgets."""

import base64
import html
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import ipywidgets as widgets
from IPython.display import display

from melody_rnn.config import MAX_SEED
from melody_rnn.errors import MelodyRNNError
from melody_rnn.events import DEFAULT_QPM
from melody_rnn.files import scratch_folder
from melody_rnn.formats.reading import SUFFIXES
from melody_rnn.model import MelodyRNN, fresh_seed
from melody_rnn.music.instruments import parse_program
from melody_rnn.music.meters import parse_meter
from melody_rnn.notebook import composing
from melody_rnn.notebook.composing import compose
from melody_rnn.presets import DEFAULT_PRESET, list_presets
from melody_rnn.tunes.files import read_tune
from melody_rnn.tunes.tune import Tune

_PLAYERS: Final = (
    "piano",
    "music box",
    "vibraphone",
    "organ",
    "accordion",
    "guitar",
    "violin",
    "harp",
    "clarinet",
    "piccolo",
    "flute",
    "whistle",
    "banjo",
    "fiddle",
)
INSTRUMENTS: Final = {name: parse_program(name) for name in _PLAYERS}
KEYS: Final = ("C", "C#/Db", "D", "D#/Eb", "E", "F", "F#/Gb", "G", "G#/Ab", "A", "A#/Bb", "B")
METERS: Final = ("4/4", "2/4", "3/4", "6/8", "9/8", "3/2")
COMPARED: Final = (0.5, 1.0, 1.5)
_WIDE: Final = {"description_width": "90px"}
_AS_IT_COMES: Final = "as it comes"
_NO_PRIMER: Final = "C4 D4 E4:2 F4:2   (empty: none)"


class ListeningRoom:
    """Sets the controls, generates, shows and plays, and saves.

    Attributes:
        view: All of it, as a widget; the room shows itself where it is a cell's last line.
        tune: What was generated last, or None.
        compared: What was compared last.
        comparison: A button and the tunes side by side, to be shown where the notebook wants them.
    """

    def __init__(self, model: str | None = None, folder: str | Path = "midi_out") -> None:
        """Makes the room.

        Args:
            model: The shipped model that is chosen at first; the default one if None.
            folder: Where saved files go.
        """
        self.tune: Tune | None = None
        self.compared: list[Tune] = []
        self._folder = Path(folder)
        self._models: dict[str, MelodyRNN] = {}
        self._uploaded: Tune | None = None
        self._make_controls(model or DEFAULT_PRESET)
        self.status = widgets.HTML()
        self.roll = widgets.Image(format="png", layout=widgets.Layout(max_width="100%", object_fit="contain"))
        self.sheet = widgets.HTML(layout=widgets.Layout(max_width="100%"))
        self.player = _player()
        shown = [self.roll, self.player, self.sheet]
        self._result = widgets.VBox(shown, layout=widgets.Layout(display="none"))
        self._cards = widgets.HBox(layout=widgets.Layout(flex_flow="row wrap"))
        generate = _button("Generate", self.generate, "primary", "play")
        save = _button("Save .mid and .wav", self.save, "", "download")
        compare = _button("Compare", lambda *_: self.compare(), "primary", "columns")
        self._buttons = [generate, save, compare]
        self.compared_temperatures = [_temperature_box(temperature) for temperature in COMPARED]
        self.compared_status = widgets.HTML()
        top = _row([*self.compared_temperatures, compare, self.compared_status])
        self.comparison = widgets.VBox([top, self._cards])
        self.view = widgets.VBox([self._arrange(), _row([generate, save]), self.status, self._result])

    def _ipython_display_(self) -> None:
        display(self.view)

    def generate(self, *_: object) -> None:
        """Generates with the controls' settings, shows piano roll and sheet music, and loads the player."""
        self._run(self._generate)

    def compare(self) -> None:
        """Generates once for each temperature of the comparison, with the same seed, side by side."""
        self._run(self._compare, self.compared_status)

    def save(self, *_: object) -> None:
        """Writes what was generated last as .mid and .wav, and offers both for download."""
        self._run(self._save)

    def _make_controls(self, model: str) -> None:
        slider = {"style": _WIDE, "continuous_update": False}
        names = [preset.name for preset in list_presets()]
        self.model = widgets.Dropdown(options=names, value=model, description="model", style=_WIDE)
        self.primer = widgets.Text(placeholder=_NO_PRIMER, description="primer", style=_WIDE)
        self.upload = widgets.FileUpload(
            accept=",".join(SUFFIXES),
            multiple=False,
            description="primer from a file",
            layout=widgets.Layout(width="200px", margin="2px 2px 2px 98px"),
        )
        self.temperature = widgets.FloatSlider(1.0, min=0, max=2, step=0.05, description="temperature", **slider)
        self.bars = widgets.IntSlider(8, min=1, max=32, description="bars", **slider)
        self.qpm = widgets.IntSlider(int(DEFAULT_QPM), min=40, max=240, description="quarters/min", **slider)
        self.meter = widgets.Dropdown(options=METERS, value="4/4", description="meter", style=_WIDE)
        self.key = widgets.Dropdown(options=[_AS_IT_COMES, *KEYS], description="key", style=_WIDE)
        self.instrument = widgets.Dropdown(options=list(INSTRUMENTS.items()), description="instrument", style=_WIDE)
        self.seed = widgets.BoundedIntText(1, min=0, max=MAX_SEED, description="seed", style=_WIDE)
        self.is_fresh = widgets.Checkbox(True, description="a new seed each time", style=_WIDE)
        self.upload.observe(lambda _: self._run(self._read_upload), names="value")
        self.primer.observe(self._forget_upload, names="value")

    def _arrange(self) -> widgets.Widget:
        columns = [
            [self.model, self.primer, self.upload, self.meter, self.seed, self.is_fresh],
            [self.temperature, self.bars, self.qpm, self.key, self.instrument],
        ]
        return _row([widgets.VBox(column) for column in columns])

    def _run(self, work: Callable[[], str], status: widgets.Widget | None = None) -> None:
        """Does some work, shows what it says or the user's mistake, and keeps the buttons still meanwhile."""
        status = status or self.status
        status.value = "working ..."
        for button in self._buttons:
            button.disabled = True
        try:
            status.value = work()
        except MelodyRNNError as error:
            status.value = f'<span style="color: #b3261e">{html.escape(str(error))}</span>'
        finally:
            for button in self._buttons:
                button.disabled = False

    def _generate(self) -> str:
        if self.is_fresh.value and self.tune is not None:
            self.seed.value = fresh_seed()
        (self.tune,) = self._compose([self.temperature.value])
        self.roll.value = composing.picture(self.tune)
        self.player.value = composing.sound(self.tune)
        self.sheet.value = composing.sheet(self.tune)
        self._result.layout.display = ""
        return f"{self.model.value}, temperature {self.temperature.value:g}, seed {self.seed.value}"

    def _compare(self) -> str:
        self.compared = self._compose([box.value for box in self.compared_temperatures])
        pitches = composing.common_pitches(self.compared)
        self._cards.children = [_card(tune, pitches) for tune in self.compared]
        return f"{self.model.value}, seed {self.seed.value} at each temperature: the same dice"

    def _compose(self, temperatures: Sequence[float]) -> list[Tune]:
        return compose(
            self._loaded(),
            temperatures,
            num_bars=self.bars.value,
            primer=self._uploaded or (self.primer.value if self.primer.value.strip() else None),
            seed=self.seed.value,
            meter=parse_meter(self.meter.value),
            tonic=KEYS.index(self.key.value) if self.key.value in KEYS else None,
            qpm=self.qpm.value,
            program=self.instrument.value,
        )

    def _loaded(self) -> MelodyRNN:
        name = self.model.value
        if name not in self._models:
            self._models[name] = MelodyRNN.from_preset(name)
        return self._models[name]

    def _save(self) -> str:
        if self.tune is None:
            return "nothing to save yet: press Generate"
        paths = composing.save(self.tune, self._folder)
        names = " and ".join(path.name for path in paths)
        # The sound is linked compressed, for what is linked is saved with the notebook.
        links = [
            _download_link(paths[0].name, "midi", paths[0].read_bytes()),
            _download_link(f"{paths[0].stem}.mp3", "mpeg", composing.sound(self.tune)),
        ]
        folder = html.escape(str(self._folder.absolute()))
        return f"saved in {folder}: {html.escape(names)}. Download: {', '.join(links)}"

    def _forget_upload(self, *_: object) -> None:
        self._uploaded, self.primer.placeholder = None, _NO_PRIMER

    def _read_upload(self) -> str:
        # Version 7 of ipywidgets, which Colab has, gives a dictionary of files; version 8 a tuple.
        files: Any = self.upload.value
        if not files:
            return ""
        name, file = next(iter(files.items())) if isinstance(files, dict) else (files[0]["name"], files[0])
        with scratch_folder() as folder:
            path = folder / Path(name).name
            path.write_bytes(bytes(file["content"]))
            try:
                primer = read_tune(path, self._loaded().config.steps_per_quarter)
            except MelodyRNNError as error:
                # The folder is nobody's business.
                raise type(error)(str(error).replace(f"{path}", name)) from error
        if str(primer.meter) not in self.meter.options:
            self.meter.options = [*self.meter.options, str(primer.meter)]
        self.meter.value = str(primer.meter)
        self.primer.value, self.primer.placeholder = "", f"{name} (or type another one here)"
        self._uploaded = primer
        remarks = "".join(f"; {remark}" for remark in primer.remarks)
        return html.escape(f"primer: {name}, {len(primer)} steps in {primer.meter}{remarks}")


def _row(children: Sequence[widgets.Widget]) -> widgets.Widget:
    return widgets.HBox(children, layout=widgets.Layout(flex_flow="row wrap", margin="4px 0"))


def _button(text: str, on_click: Callable[..., None], style: str, icon: str) -> widgets.Widget:
    layout = widgets.Layout(width="auto", min_width="130px")
    button = widgets.Button(description=text, button_style=style, icon=icon, layout=layout)
    button.on_click(on_click)
    return button


def _temperature_box(temperature: float) -> widgets.Widget:
    layout = widgets.Layout(width="120px")
    return widgets.BoundedFloatText(
        temperature, min=0, max=5, step=0.1, description="T", layout=layout, style={"description_width": "20px"}
    )


def _card(tune: Tune, pitches: range) -> widgets.Widget:
    """Returns a tune of a comparison: its temperature, its piano roll, its player."""
    title = widgets.HTML(f"<b>T = {composing.temperature_of(tune):g}</b>")
    png = composing.picture(tune, bars_per_row=4, pitches=pitches)
    roll = widgets.Image(value=png, format="png", layout=widgets.Layout(max_width="100%"))
    player = _player(composing.sound(tune))
    player.layout.width = "100%"
    return widgets.VBox([title, roll, player], layout=widgets.Layout(width="32%", min_width="240px", padding="4px"))


def _player(mp3: bytes = b"") -> widgets.Audio:
    return widgets.Audio(value=mp3, format="mp3", autoplay=False, loop=False)


def _download_link(name: str, kind: str, data: bytes) -> str:
    address = f"data:audio/{kind};base64,{base64.b64encode(data).decode()}"
    return f'<a href="{address}" download="{html.escape(name)}">{html.escape(name)}</a>'
