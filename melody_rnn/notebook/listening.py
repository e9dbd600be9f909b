"""The listening room: controls, tunes with their players and sheet music, as Jupyter widgets."""

import html
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, NamedTuple

import ipywidgets as widgets
from IPython.display import display

from melody_rnn.errors import InvalidArgumentError, MelodyError, MelodyRNNError
from melody_rnn.formats.accompaniment import Accompaniment
from melody_rnn.model import MelodyRNN, fresh_seed
from melody_rnn.music.instruments import INSTRUMENTS as RANGED
from melody_rnn.music.meters import parse_meter
from melody_rnn.music.pitches import note_name, syllable_name
from melody_rnn.notebook import composing
from melody_rnn.notebook.controls import MAX_TEMPERATURE, Controls, pairs
from melody_rnn.notebook.layout import card, column, row, short_text
from melody_rnn.notebook.shelf import FavouritesShelf
from melody_rnn.notebook.showing import card_html, download_link, emptied, sheet_html, tune_html
from melody_rnn.notebook.spanish import in_spanish, key_in_spanish
from melody_rnn.notebook.stored import StoredHTML
from melody_rnn.notebook.uploading import read_uploaded, uploaded_file
from melody_rnn.notebook.wish import Wish, at_tempo, knows_form, on_tonic, played_by, write_tunes
from melody_rnn.notebook.words import INSTRUMENTS, Language
from melody_rnn.presets import DEFAULT_PRESET
from melody_rnn.tunes.primers import parse_primer
from melody_rnn.tunes.tune import Tune

COMPARED: Final = ("0.5", "1", "1.5")
NUM_VARIATIONS: Final = 3
_RED: Final = "#b3261e"


# Where the controls are, nobody needs to be told.
_IF_OPENED_AGAIN: Final = "<style>.jp-OutputArea:has(.widget-dropdown) .melody-again { display: none }</style>"
_SOUNDING: Final = ("tempo", "key", "instrument", "is_accompanied")
_CONTROLS: Final = (
    *("model", "primer", "form", "bars", "meter", "chords", "keep", "temperature"),
    *("scale", "ends_on_tonic", "is_in_range", "seed"),
    *_SOUNDING,
)


class _Moment(NamedTuple):
    """What the room showed: a tune as the model wrote it, the file it went on from, and all controls."""

    written: Tune
    uploaded: tuple[str, Tune] | None
    controls: Mapping[str, Any]


class ListeningRoom(Controls):
    """Sets the controls, writes tunes, shows and plays them, and saves.

    What the controls show is what is used: a mistake in one of them is said until it is mended, and nothing is written
    meanwhile. Tempo, instrument, key and accompaniment change how the tune that is there sounds; all others are for
    the next one.

    Attributes:
        view: The controls, as a widget; the room shows itself where it is a cell's last line.
        result: The tune that is shown, with its player, which a saved notebook keeps.
        sheet: Its sheet music, likewise.
        tune: The tune that is shown, or None.
        compared: What was put side by side last.
        comparison: Temperatures, variations, and the tunes side by side, to be shown where the notebook wants them.
        favourites: What is kept, to be shown likewise.
    """

    def __init__(self, model: str | None = None, folder: str | Path = "midi_out", language: Language = "en") -> None:
        """Makes the room.

        Args:
            model: The shipped model that is chosen at first; the default one if None.
            folder: Where saved files go.
            language: 'en' or 'es'.
        """
        super().__init__(model or DEFAULT_PRESET, language)
        self.tune: Tune | None = None
        self.compared: list[Tune] = []
        self._folder = Path(folder)
        self._name_of = syllable_name if language == "es" else note_name
        self._models: dict[str, MelodyRNN] = {}
        self._uploaded: tuple[str, Tune] | None = None
        self._upload_error: MelodyRNNError | None = None
        self._now: _Moment | None = None
        self._past: list[_Moment] = []
        self._observe()
        self.status, self.compared_status = widgets.HTML(), widgets.HTML()
        self.result, self.sheet = StoredHTML(), StoredHTML()
        self.shelf = FavouritesShelf(self._words, self._folder, self._run, self._take, self._name_of)
        self.favourites = self.shelf.view
        self._cards = row([])
        generate = self._button("generate", self.generate, "primary", "play")
        undo = self._button("undo", self.undo, "", "undo")
        save = self._button("save", self.save, "", "download")
        keep = self._button("keep_tune", self.keep_favourite, "", "star")
        compare = self._button("compare", lambda *_: self.compare(), "primary", "columns")
        vary = self._button("vary", lambda *_: self.vary(), "", "random")
        self._buttons = [generate, undo, save, keep, compare, vary]
        self.compared_temperatures = [short_text(temperature, "T") for temperature in COMPARED]
        top = row([*self.compared_temperatures, compare, vary, self.compared_status])
        self.comparison = column([top, self._cards])
        self.view = column([self._arrange(), row([generate, undo, save, self.favourite_name, keep]), self.status])

    def _ipython_display_(self) -> None:
        display(self.view)
        self.result.show()
        self.sheet.show()

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

    def keep_favourite(self, *_: object) -> None:
        """Puts the tune that is shown on the shelf of favourites, under the name that was typed."""
        self._run(self._keep_favourite)

    def _observe(self) -> None:
        self.upload.observe(lambda _: self._run(self._read_upload), names="value")
        self.primer.observe(self._forget_upload, names="value")
        self.model.observe(self._on_model, names="value")
        for control in (self.tempo, self.key, self.instrument, self.is_accompanied):
            control.observe(self._on_sounding, names="value")

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
            if self.is_fresh.value and self._now is not None:
                self.seed.value = str(fresh_seed())
        (tune,) = write_tunes(model, wish, self._seed())
        return self._go_on_to(tune)

    def _go_on_to(self, written: Tune) -> str:
        """Shows another tune, as the controls say; undo comes back to the one before."""
        if self._now is not None:
            self._past.append(self._now)
        self._now = _Moment(written, self._uploaded, {name: getattr(self, name).value for name in _CONTROLS})
        return self._show()

    def _take(self, tune: Tune) -> str:
        """Shows a tune from the shelf or the comparison, at its own tempo, in its key and by its instrument."""
        with self._own_changes():
            self.tempo.value = self.key.value = ""
            own = [name for name in INSTRUMENTS if played_by(tune, name).program == tune.program]
            if self.instrument.value not in own:
                self.instrument.value = own[0]
        return self._go_on_to(tune)

    def _show(self) -> str:
        """Shows the tune that was written last, at the tempo, in the key and by the instrument of the controls."""
        assert self._now is not None
        tune = self._sounding(self._now.written)
        again = f'{_IF_OPENED_AGAIN}<div class="melody-again">{self._words["again"]}</div>'
        shown = again + tune_html(tune, self.sheet.name, self._name_of, self._accompaniment(tune))
        # The sound is there first, and never over the sheet music of another tune.
        self.sheet.value = emptied(self.sheet.value)
        self.result.value, self.tune = shown, tune
        self.sheet.value = sheet_html(tune, self.sheet.name)
        assert tune.origin is not None
        beats = tune.tempo / float(tune.meter.tempo_beat)
        form = f", {tune.form}" if tune.sections else ""
        about = self._words["about"].format(
            model=tune.origin.model, temperature=self._shown(composing.temperature_of(tune)), seed=tune.origin.seed
        )
        key = key_in_spanish(tune.key) if self._language == "es" and tune.key else tune.key
        return html.escape(f"{about}{form}, {tune.meter}, {key}, {beats:.0f} {self._words['beats']}")

    def _accompaniment(self, tune: Tune) -> Accompaniment | None:
        return Accompaniment() if self.is_accompanied.value and tune.chords else None

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
        self._cards.children = [
            card([widgets.HTML(card_html(tune, title, pitches, self._name_of)), self._take_button(tune)])
            for tune, title in zip(self.compared, titles, strict=True)
        ]

    def _take_button(self, tune: Tune) -> widgets.Widget:
        return self._button("take", lambda *_: self._run(lambda: self._take(tune)), "", "arrow-up")

    def _undo(self) -> str:
        if not self._past:
            raise InvalidArgumentError(self._words["nothing_to_undo"])
        self._now = self._past.pop()
        with self._own_changes():
            for name, value in self._now.controls.items():
                getattr(self, name).value = value
            self._match_slider()
            self._use_file(self._now.uploaded)
        return self._show()

    def _keep_favourite(self) -> str:
        if self.tune is None:
            raise InvalidArgumentError(self._words["nothing_to_save"])
        name = self.shelf.keep(self.tune, self.favourite_name.value)
        self.favourite_name.value = ""
        return html.escape(self._words["kept"].format(name=name))

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
            chords=self.chords.value.strip() or None,
            kept=self.tune if keep else None,
        )

    def _primer(self) -> Tune | None:
        text = self.primer.value.strip()
        if self._uploaded is not None or not text:
            return self._uploaded[1] if self._uploaded else None
        meter = parse_meter(self.meter.value) if self.meter.value else None
        return parse_primer(text, self._loaded().config.steps_per_quarter, meter)

    def _loaded(self) -> MelodyRNN:
        name = self.model.value
        if name not in self._models:
            self._models[name] = MelodyRNN.from_preset(name)
        return self._models[name]

    def _save(self) -> str:
        if self.tune is None:
            raise InvalidArgumentError(self._words["nothing_to_save"])
        accompaniment = self._accompaniment(self.tune)
        paths = composing.save(self.tune, self._folder, accompaniment)
        # The sound is linked compressed, for what is linked is saved with the notebook.
        links = [
            download_link(paths[0].name, "audio/midi", paths[0].read_bytes()),
            download_link(paths[1].name, "application/pdf", paths[1].read_bytes()),
            download_link(
                f"{paths[0].stem}.mp3", "audio/mpeg", composing.sound(self.tune, accompaniment=accompaniment)
            ),
        ]
        names = ", ".join(path.name for path in paths)
        saved = self._words["saved"].format(folder=self._folder.absolute(), names=names)
        return f"{html.escape(saved)} {', '.join(links)}"

    def _on_sounding(self, *_: object) -> None:
        if not self._is_own_change and self._now is not None:
            controls = dict(self._now.controls) | {name: getattr(self, name).value for name in _SOUNDING}
            self._now = self._now._replace(controls=controls)
            self._run(self._show)

    def _on_model(self, *_: object) -> None:
        self.form.disabled = not knows_form(self._loaded())

    def _forget_upload(self, *_: object) -> None:
        if not self._is_own_change:
            self._use_file(None)

    def _use_file(self, uploaded: tuple[str, Tune] | None) -> str:
        """Takes the tune of a file, which has a name, as the primer, or none; returns what is said of it."""
        self._uploaded, self._upload_error, told = uploaded, None, ""
        if uploaded is not None:
            name, primer = uploaded
            told = self._words["primer_read"].format(name=name, steps=len(primer), meter=primer.meter)
        self.file.value = f'<div style="margin-left: 108px">{html.escape(told)}</div>' if told else ""
        return told

    def _read_upload(self) -> str:
        file = uploaded_file(self.upload.value)
        if file is None:
            return ""
        # What was there before is not what is shown any more.
        self._use_file(None)
        try:
            primer = read_uploaded(*file, self._loaded().config.steps_per_quarter)
        except MelodyRNNError as error:
            self._upload_error = error
            raise
        if str(primer.meter) not in [value for _, value in self.meter.options]:
            self.meter.options = [*self.meter.options, *pairs([str(primer.meter)])]
        with self._own_changes():
            self.meter.value = str(primer.meter)
            self.primer.value = ""
        told = self._use_file((file[0], primer))
        return html.escape("; ".join([told, *primer.remarks]))
