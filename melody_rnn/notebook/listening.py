"""The listening room: controls, tunes with their players and sheet music, as Jupyter widgets."""

import html
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, NamedTuple

import ipywidgets as widgets
from IPython.display import display

from melody_rnn.config import MAX_SEED
from melody_rnn.errors import InvalidArgumentError, MelodyError, MelodyRNNError
from melody_rnn.files import scratch_folder
from melody_rnn.formats.reading import SUFFIXES
from melody_rnn.model import MelodyRNN, fresh_seed
from melody_rnn.music.instruments import INSTRUMENTS as RANGED
from melody_rnn.music.meters import parse_meter
from melody_rnn.notebook import composing
from melody_rnn.notebook.showing import card_html, download_link, tune_html
from melody_rnn.notebook.spanish import in_spanish
from melody_rnn.notebook.wish import Wish, at_tempo, knows_form, on_tonic, parse_number, played_by, write_tunes
from melody_rnn.notebook.words import AS_IT_COMES, INSTRUMENTS, KEYS, METERS, SCALES, WORDS, Language
from melody_rnn.presets import DEFAULT_PRESET, list_presets
from melody_rnn.tunes.files import read_tune
from melody_rnn.tunes.primers import parse_primer
from melody_rnn.tunes.tune import Tune

COMPARED: Final = ("0.5", "1", "1.5")
NUM_VARIATIONS: Final = 3
MAX_TEMPERATURE: Final = 5.0
_WIDE: Final = {"description_width": "100px"}
# Version 7 of ipywidgets, which Colab has, calls it otherwise.
_TIP: Final = "description_tooltip" if widgets.__version__.startswith("7.") else "tooltip"
_RED: Final = "#b3261e"


class _Moment(NamedTuple):
    """What the room showed: a tune as the model wrote it, and all controls."""

    written: Tune | None
    controls: Mapping[str, Any]


class ListeningRoom:
    """Sets the controls, writes tunes, shows and plays them, and saves.

    What the controls show is what is used: a mistake in one of them is said until it is mended, and nothing is written
    meanwhile. Tempo, instrument and key change how the tune that is there sounds; all others are for the next one.

    Attributes:
        view: All of it, as a widget; the room shows itself where it is a cell's last line.
        tune: The tune that is shown, or None.
        compared: What was put side by side last.
        comparison: Temperatures, variations, and the tunes side by side, to be shown where the notebook wants them.
    """

    def __init__(self, model: str | None = None, folder: str | Path = "midi_out", language: Language = "en") -> None:
        """Makes the room.

        Args:
            model: The shipped model that is chosen at first; the default one if None.
            folder: Where saved files go.
            language: 'en' or 'es'.
        """
        self.tune: Tune | None = None
        self.compared: list[Tune] = []
        self._written: Tune | None = None
        self._folder = Path(folder)
        self._language: Language = language
        self._words = WORDS[language]
        self._models: dict[str, MelodyRNN] = {}
        self._uploaded: Tune | None = None
        self._upload_error: MelodyRNNError | None = None
        self._past: list[_Moment] = []
        self._is_own_change = False
        self._make_controls(model or DEFAULT_PRESET)
        self.status, self.compared_status = widgets.HTML(), widgets.HTML()
        self.result = widgets.HTML(layout=widgets.Layout(max_width="100%"))
        self._cards = widgets.HBox(layout=widgets.Layout(flex_flow="row wrap"))
        generate = self._button("generate", self.generate, "primary", "play")
        undo = self._button("undo", self.undo, "", "undo")
        save = self._button("save", self.save, "", "download")
        compare = self._button("compare", lambda *_: self.compare(), "primary", "columns")
        vary = self._button("vary", lambda *_: self.vary(), "", "random")
        self._buttons = [generate, undo, save, compare, vary]
        self.compared_temperatures = [_short_text(temperature, "T") for temperature in COMPARED]
        top = _row([*self.compared_temperatures, compare, vary, self.compared_status])
        self.comparison = widgets.VBox([top, self._cards])
        again = widgets.HTML(f'<span style="color: #555; font-size: 12px">{self._words["again"]}</span>')
        self.view = widgets.VBox([self._arrange(), _row([generate, undo, save]), self.status, self.result, again])

    def _ipython_display_(self) -> None:
        display(self.view)

    def generate(self, *_: object) -> None:
        """Writes a tune as the controls say, and shows it with its player and its sheet music."""
        self._run(self._generate)

    def compare(self) -> None:
        """Writes a tune for each temperature of the comparison, with the same seed, side by side."""
        self._run(self._compare, self.compared_status)

    def vary(self) -> None:
        """Writes some tunes as the controls say, side by side; the first is that of the seed."""
        self._run(self._vary, self.compared_status)

    def undo(self, *_: object) -> None:
        """Shows the tune before, and its controls."""
        self._run(self._undo)

    def save(self, *_: object) -> None:
        """Writes the tune that is shown as .mid, .pdf and .wav, and offers the files for download."""
        self._run(self._save)

    def _make_controls(self, model: str) -> None:
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
        self.meter = self._control("meter", widgets.Dropdown, options=[(comes, ""), *_pairs(METERS)])
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
        self.key = self._control("key", widgets.Dropdown, options=[(comes, ""), *_pairs(KEYS)])
        scales = [(comes, ""), *((self._words.get(name, name), name) for name in SCALES)]
        self.scale = self._control("scale", widgets.Dropdown, options=scales)
        instruments = [(self._words.get(name, name), name) for name in INSTRUMENTS]
        self.instrument = self._control("instrument", widgets.Dropdown, options=instruments)
        self.is_in_range = self._control("in_range", widgets.Checkbox, value=True)
        self.ends_on_tonic = self._control("ending", widgets.Checkbox, value=False)
        self.keep = self._control("keep", widgets.Text, placeholder=self._words["no_keep"])
        self.seed = self._control("seed", widgets.Text, value="1")
        self.is_fresh = self._control("fresh", widgets.Checkbox, value=True)
        self._observe()

    def _observe(self) -> None:
        self.upload.observe(lambda _: self._run(self._read_upload), names="value")
        self.primer.observe(self._forget_upload, names="value")
        self.seed.observe(self._on_seed, names="value")
        self.slider.observe(self._on_slider, names="value")
        self.temperature.observe(self._on_temperature, names="value")
        self.model.observe(self._on_model, names="value")
        for control in (self.tempo, self.key, self.instrument):
            control.observe(self._on_sounding, names="value")

    def _control(self, name: str, kind: Callable[..., Any], **options: Any) -> Any:
        """Returns a control with its name and, where the mouse rests on it, what it does."""
        return kind(description=self._words[name], style=_WIDE, **{_TIP: self._words[f"{name}_tip"]}, **options)

    def _button(self, name: str, on_click: Callable[..., None], style: str, icon: str) -> Any:
        layout = widgets.Layout(width="auto", min_width="120px")
        tip = self._words[f"{name}_tip"]
        button = widgets.Button(
            description=self._words[name], tooltip=tip, button_style=style, icon=icon, layout=layout
        )
        button.on_click(on_click)
        return button

    def _arrange(self) -> widgets.Widget:
        columns = [
            [self.model, self.primer, self.upload, self.file, self.form, self.bars, self.meter, self.keep],
            [self.temperature, self.slider, self.key, self.scale, self.ends_on_tonic],
            [self.tempo, self.instrument, self.is_in_range, self.seed, self.is_fresh],
        ]
        return _row([widgets.VBox(column) for column in columns])

    def _run(self, work: Callable[[], str], status: widgets.Widget | None = None) -> None:
        """Does some work, shows what it says or the user's mistake, and keeps the buttons still meanwhile."""
        status = status or self.status
        status.value = self._words["working"]
        for button in self._buttons:
            button.disabled = True
        try:
            status.value = work()
        except MelodyRNNError as error:
            status.value = f'<span style="color: {_RED}">{html.escape(self._told(error))}</span>'
        finally:
            for button in self._buttons:
                button.disabled = False

    def _told(self, error: MelodyRNNError) -> str:
        return in_spanish(str(error)) if self._language == "es" else str(error)

    def _generate(self) -> str:
        model, wish = self._loaded(), self._wish()
        with self._own_changes():
            if self.is_fresh.value and self._written is not None:
                self.seed.value = str(fresh_seed())
        (tune,) = write_tunes(model, wish, self._seed())
        if self._written is not None:
            self._past.append(_Moment(self._written, self._values()))
        self._written = tune
        return self._show()

    def _show(self) -> str:
        """Shows the tune that was written last, at the tempo, in the key and by the instrument of the controls."""
        assert self._written is not None
        tune = self._sounding(self._written)
        # One piece, so that nothing of it can belong to another tune.
        self.result.value = tune_html(tune)
        self.tune = tune
        assert tune.origin is not None
        beats = tune.tempo / float(tune.meter.tempo_beat)
        form = f", {tune.form}" if tune.sections else ""
        about = self._words["about"].format(
            model=tune.origin.model, temperature=tune.origin.settings["temperature"], seed=tune.origin.seed
        )
        return html.escape(f"{about}{form}, {tune.meter}, {tune.key}, {beats:.0f} {self._words['beats']}")

    def _sounding(self, tune: Tune) -> Tune:
        tune = played_by(tune, self.instrument.value)
        if self.key.value:
            tune = on_tonic(tune, self.key.value)
        return at_tempo(tune, self._number(self.tempo, "tempo", 20, 400)) if self.tempo.value.strip() else tune

    def _compare(self) -> str:
        temperatures = [self._number(box, "temperature", 0, MAX_TEMPERATURE) for box in self.compared_temperatures]
        model, wish, seed = self._loaded(), self._wish(), self._seed()
        tunes = [write_tunes(model, replace(wish, temperature=t), seed)[0] for t in temperatures]
        self._show_beside(tunes, [f"T = {self._shown(temperature)}" for temperature in temperatures])
        return html.escape(self._words["same_dice"].format(model=self.model.value, seed=seed))

    def _vary(self) -> str:
        tunes = write_tunes(self._loaded(), self._wish(), self._seed(), NUM_VARIATIONS)
        self._show_beside(tunes, [f"{self._words['variation']} {n}" for n in range(1, len(tunes) + 1)])
        return html.escape(self._words["varied"].format(model=self.model.value, seed=self._seed()))

    def _show_beside(self, tunes: Sequence[Tune], titles: Sequence[str]) -> None:
        self.compared = [self._sounding(tune) for tune in tunes]
        pitches = composing.common_pitches(self.compared)
        layout = {"width": "440px", "max_width": "100%", "padding": "4px"}
        self._cards.children = [
            widgets.HTML(card_html(tune, title, pitches), layout=widgets.Layout(**layout))
            for tune, title in zip(self.compared, titles, strict=True)
        ]

    def _undo(self) -> str:
        if not self._past:
            raise InvalidArgumentError(self._words["nothing_to_undo"])
        moment = self._past.pop()
        self._written = moment.written
        with self._own_changes():
            for name, value in moment.controls.items():
                getattr(self, name).value = value
        return self._show()

    def _wish(self) -> Wish:
        """Returns what the controls ask for.

        Raises:
            MelodyRNNError: If one of them holds a mistake; the file that could not be read, too, until it is mended.
        """
        if self._upload_error is not None:
            raise self._upload_error
        meter = parse_meter(self.meter.value) if self.meter.value else None
        keep = self.keep.value.strip() or None
        if keep is not None and self.tune is None:
            raise MelodyError(self._words["nothing_to_keep"])
        ranged = RANGED.get(self.instrument.value) if self.is_in_range.value else None
        is_whole = knows_form(self._loaded())
        return Wish(
            primer=self._primer(),
            form=(self.form.value.strip() or None) if is_whole else None,
            bars=int(self._number(self.bars, "bars", 1, 512, is_whole=True)) if self.bars.value.strip() else None,
            meter=meter,
            tonic=self.key.value or None,
            scale=self.scale.value or None,
            pitches=(ranged.lowest, ranged.highest) if ranged else None,
            ends_on_tonic=self.ends_on_tonic.value,
            temperature=self._number(self.temperature, "temperature", 0, MAX_TEMPERATURE),
            keep=keep,
            kept=self.tune if keep else None,
        )

    def _primer(self) -> Tune | None:
        text = self.primer.value.strip()
        if self._uploaded is not None or not text:
            return self._uploaded
        meter = parse_meter(self.meter.value) if self.meter.value else None
        return parse_primer(text, self._loaded().config.steps_per_quarter, meter)

    def _seed(self) -> int:
        return int(self._number(self.seed, "seed", 0, MAX_SEED, is_whole=True))

    def _number(self, control: Any, name: str, lowest: float, highest: float, is_whole: bool = False) -> float:
        words = self._words["whole_number" if is_whole else "number"]
        return parse_number(control.value, self._words[name], lowest, highest, is_whole, words)

    def _shown(self, number: float) -> str:
        return f"{number:g}".replace(".", self._words["point"])

    def _loaded(self) -> MelodyRNN:
        name = self.model.value
        if name not in self._models:
            self._models[name] = MelodyRNN.from_preset(name)
        return self._models[name]

    def _save(self) -> str:
        if self.tune is None:
            raise InvalidArgumentError(self._words["nothing_to_save"])
        paths = composing.save(self.tune, self._folder)
        # The sound is linked compressed, for what is linked is saved with the notebook.
        links = [
            download_link(paths[0].name, "audio/midi", paths[0].read_bytes()),
            download_link(paths[1].name, "application/pdf", paths[1].read_bytes()),
            download_link(f"{paths[0].stem}.mp3", "audio/mpeg", composing.sound(self.tune)),
        ]
        names = ", ".join(path.name for path in paths)
        saved = self._words["saved"].format(folder=self._folder.absolute(), names=names)
        return f"{html.escape(saved)} {', '.join(links)}"

    def _values(self) -> dict[str, Any]:
        names = ("form", "bars", "meter", "temperature", "tempo", "key", "scale", "instrument", "keep")
        assert self._written is not None and self._written.origin is not None
        return {name: getattr(self, name).value for name in names} | {"seed": str(self._written.origin.seed)}

    @contextmanager
    def _own_changes(self) -> Iterator[None]:
        """While it lasts, changes of controls are the room's own and not a person's."""
        self._is_own_change = True
        try:
            yield
        finally:
            self._is_own_change = False

    def _on_sounding(self, *_: object) -> None:
        if not self._is_own_change and self._written is not None:
            self._run(self._show)

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
                try:
                    self.slider.value = self._number(self.temperature, "temperature", 0, MAX_TEMPERATURE)
                except InvalidArgumentError:
                    # Said when it is used; half of a number is no mistake yet.
                    return

    def _on_model(self, *_: object) -> None:
        self.form.disabled = not knows_form(self._loaded())

    def _forget_upload(self, *_: object) -> None:
        if not self._is_own_change:
            self._uploaded, self._upload_error, self.file.value = None, None, ""

    def _read_upload(self) -> str:
        # Version 7 of ipywidgets, which Colab has, gives a dictionary of files; version 8 a tuple.
        files: Any = self.upload.value
        if not files:
            return ""
        name, file = next(iter(files.items())) if isinstance(files, dict) else (files[0]["name"], files[0])
        # What was there before is not what is shown any more.
        self._uploaded, self._upload_error, self.file.value = None, None, ""
        with scratch_folder() as folder:
            path = folder / Path(name).name
            path.write_bytes(bytes(file["content"]))
            try:
                primer = read_tune(path, self._loaded().config.steps_per_quarter)
            except MelodyRNNError as error:
                # The folder is nobody's business.
                self._upload_error = type(error)(str(error).replace(f"{path}", name))
                raise self._upload_error from error
        if str(primer.meter) not in [value for _, value in self.meter.options]:
            self.meter.options = [*self.meter.options, *_pairs([str(primer.meter)])]
        with self._own_changes():
            self.meter.value = str(primer.meter)
            self.primer.value = ""
        self._uploaded = primer
        told = self._words["primer_read"].format(name=name, steps=len(primer), meter=primer.meter)
        self.file.value = f'<div style="margin-left: 108px">{html.escape(told)}</div>'
        return html.escape("; ".join([told, *primer.remarks]))


def _pairs(names: Sequence[str]) -> list[tuple[str, str]]:
    """Returns a control's options that are shown as they are called; it takes pairs only, or none."""
    return [(name, name) for name in names]


def _row(children: Sequence[widgets.Widget]) -> widgets.Widget:
    return widgets.HBox(children, layout=widgets.Layout(flex_flow="row wrap", margin="4px 0"))


def _short_text(value: str, description: str) -> widgets.Widget:
    layout = widgets.Layout(width="110px")
    return widgets.Text(value, description=description, layout=layout, style={"description_width": "20px"})
