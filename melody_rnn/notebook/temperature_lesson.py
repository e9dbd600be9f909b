"""Temperature to look at and to hear: what the temperature notebooks show, in English or Spanish."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

import ipywidgets as widgets
import numpy as np
from IPython.display import display
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from melody_rnn.errors import InvalidArgumentError
from melody_rnn.events import NO_EVENT, NOTE_OFF
from melody_rnn.model import MelodyRNN
from melody_rnn.music.pitches import note_name, syllable_name
from melody_rnn.notebook.composing import common_pitches, sound, temperature_of
from melody_rnn.notebook.words import Language
from melody_rnn.sampling.softmax import entropy_of, softmax, temper
from melody_rnn.tunes.piano_roll import GENERATED_COLOUR, PRIMER_COLOUR, RollWords, picture_bytes, plot_piano_roll
from melody_rnn.tunes.primers import parse_primer
from melody_rnn.tunes.tune import Tune

Floats = NDArray[np.float64]

_CURVE_TEMPERATURES: Final = np.geomspace(0.05, 50, 120)
_LIMITS: Final = (0.05, 1.0, 50.0)
_TICKS: Final = ("0.1", "0.5", "1", "2", "5", "10")
_CLOSE: Final = 0.01
_REPEAT: Final = "↺"
_ENGLISH: Final = {
    "hold": "hold",
    "off": "off",
    "step": "step",
    "temperature": "temperature T",
    "probability": "probability",
    "entropy": "entropy",
    "nats": "nats",
    "largest": "largest probability",
    "classes": "classes, from the largest logit to the smallest",
    "uniform": "all {n} classes alike",
    "certain": "one class alone",
    "right": "Right.",
    "wrong": "Not yet: at this temperature the quotient is {quotient}. Try a {other} one.",
    "higher": "higher",
    "lower": "lower",
}
_SPANISH: Final = {
    "hold": "sigue",
    "off": "termina",
    "step": "paso",
    "temperature": "temperatura T",
    "probability": "probabilidad",
    "entropy": "entropía",
    "nats": "nats",
    "largest": "probabilidad máxima",
    "classes": "clases, del logit mayor al menor",
    "uniform": "las {n} clases por igual",
    "certain": "una sola clase",
    "right": "Correcto.",
    "wrong": "Todavía no: a esta temperatura el cociente es {quotient}. Prueba con una {other}.",
    "higher": "más alta",
    "lower": "más baja",
}
_WORDS: Final[Mapping[Language, Mapping[str, str]]] = MappingProxyType({"en": _ENGLISH, "es": _SPANISH})


@dataclass(frozen=True)
class Step:
    """One choice of a model.

    Attributes:
        logits: [num_classes] float32.
        events: [num_classes] int32, the event that each class stands for at this step.
    """

    logits: NDArray[np.float32]
    events: NDArray[np.int32]

    @property
    def order(self) -> NDArray[np.int64]:
        """The classes from the largest logit to the smallest."""
        return np.argsort(-self.logits, kind="stable")

    def names(self, language: Language = "en") -> list[str]:
        """Returns a name for each class; a class that repeats what came earlier is marked with ↺."""
        words, name_of = _WORDS[language], syllable_name if language == "es" else note_name
        names: list[str] = []
        seen: set[int] = set()
        for event in map(int, self.events):
            name = {NO_EVENT: words["hold"], NOTE_OFF: words["off"]}.get(event) or name_of(event)
            names.append(name + (_REPEAT if event in seen else ""))
            seen.add(event)
        return names


def steps_of(model: MelodyRNN, primer: str) -> list[Step]:
    """Returns the model's choice at each step of a primer after the first, and the one after its end.

    Args:
        model: The model.
        primer: Text as `parse_primer` reads it.
    """
    (trace,) = model.trace([[*parse_primer(primer).events, NO_EVENT]])
    return [Step(logits, events) for logits, events in zip(trace.logits[1:], trace.label_events[1:], strict=True)]


def next_step(model: MelodyRNN, primer: str) -> Step:
    """Returns the model's choice of what follows a primer, which is text as `parse_primer` reads it."""
    return steps_of(model, primer)[-1]


def softmax_at(logits: NDArray[np.float32], temperature: float) -> Floats:
    """Returns softmax(logits / T), [num_classes]; at T = 0 its limit."""
    probabilities: Floats = softmax(temper(logits[np.newaxis], np.float32(temperature)))[0].astype(np.float64)
    return probabilities


class ChoiceView:
    """The softmax of one step as bars, which follow a temperature slider and a slider over the steps of a primer.

    Attributes:
        view: All of it, as a widget.
        bars: Height of each bar shown, from the largest logit down.
    """

    def __init__(self, model: MelodyRNN, primer: str, language: Language = "en", num_bars: int = 16) -> None:
        """Makes the view; it starts with the step after the primer's end, at temperature 1."""
        self._steps = steps_of(model, primer)
        self._language: Language = language
        self._num_bars = num_bars
        words = _WORDS[language]
        wide: dict[str, Any] = {"layout": widgets.Layout(width="520px"), "style": {"description_width": "110px"}}
        self.temperature = widgets.FloatSlider(
            1.0, min=0.05, max=5, step=0.05, description=words["temperature"], continuous_update=False, **wide
        )
        self.step = widgets.IntSlider(
            len(self._steps), min=1, max=len(self._steps), description=words["step"], continuous_update=False, **wide
        )
        self.picture = widgets.Image(format="png", layout=widgets.Layout(max_width="100%"))
        self.view = widgets.VBox([self.temperature, self.step, self.picture])
        for control in (self.temperature, self.step):
            control.observe(self._draw, names="value")
        self._draw()

    def _ipython_display_(self) -> None:
        display(self.view)

    def _draw(self, *_: object) -> None:
        step = self._steps[self.step.value - 1]
        temperature = self.temperature.value
        figure = Figure(figsize=(8.5, 3.1), layout="constrained", dpi=110)
        axes = figure.subplots()
        self.bars = draw_choice(axes, step, temperature, self._language, self._num_bars)
        self.picture.value = picture_bytes(figure)


def draw_choice(
    axes: Axes, step: Step, temperature: float, language: Language = "en", num_bars: int = 16
) -> list[float]:
    """Draws the probabilities of a step's likeliest classes as bars, and returns them."""
    words = _WORDS[language]
    probabilities = softmax_at(step.logits, temperature)
    shown = step.order[:num_bars]
    names = step.names(language)
    bars = axes.bar(range(len(shown)), probabilities[shown], color=GENERATED_COLOUR)
    bars[0].set_color(PRIMER_COLOUR)
    axes.set_xticks(range(len(shown)), [names[index] for index in shown], fontsize=8)
    axes.set_ylim(0, 1.05)
    axes.set_ylabel(words["probability"])
    title = (
        f"T = {temperature:g}    {words['entropy']} {float(entropy_of(probabilities)):.2f} {words['nats']}    "
        f"{words['largest']} {probabilities.max():.2f}"
    )
    axes.set_title(_localised(title, language), fontsize=10, loc="left")
    _localise(axes, language)
    axes.spines[["top", "right"]].set_visible(False)
    return [float(probabilities[index]) for index in shown]


def plot_curves(step: Step, language: Language = "en", temperatures: Floats = _CURVE_TEMPERATURES) -> Figure:
    """Returns a picture of entropy and largest probability over the temperature, with the limits as dashed lines."""
    words, num_classes = _WORDS[language], len(step.logits)
    distributions = [softmax_at(step.logits, float(temperature)) for temperature in temperatures]
    figure = Figure(figsize=(8.5, 4.6), layout="constrained", dpi=110)
    upper, lower = figure.subplots(2, 1, sharex=True)
    upper.plot(
        temperatures, [float(entropy_of(distribution)) for distribution in distributions], color=GENERATED_COLOUR
    )
    _draw_limits(upper, {words["uniform"].format(n=num_classes): float(np.log(num_classes)), words["certain"]: 0.0})
    upper.set_ylabel(f"{words['entropy']} ({words['nats']})")
    lower.plot(temperatures, [distribution.max() for distribution in distributions], color=PRIMER_COLOUR)
    _draw_limits(lower, {words["certain"]: 1.0, words["uniform"].format(n=num_classes): 1 / num_classes})
    lower.set_ylabel(words["largest"])
    lower.set_xscale("log")
    lower.set_xticks([0.1, 0.5, 1, 2, 5, 10], [_localised(tick, language) for tick in _TICKS])
    lower.set_xlabel(words["temperature"])
    for axes in (upper, lower):
        _localise(axes, language)
        axes.axvline(1.0, color="#b9bdc6", linewidth=0.8)
        axes.spines[["top", "right"]].set_visible(False)
    return figure


def plot_limits(step: Step, language: Language = "en", temperatures: Sequence[float] = _LIMITS) -> Figure:
    """Returns all classes' probabilities near both limits and at T = 1, one panel a temperature."""
    figure = Figure(figsize=(8.5, 2.7), layout="constrained", dpi=110)
    for axes, temperature in zip(figure.subplots(1, len(temperatures), sharey=True), temperatures, strict=True):
        probabilities = softmax_at(step.logits, temperature)[step.order]
        axes.bar(range(len(probabilities)), probabilities, width=1.0, color=GENERATED_COLOUR)
        axes.set_title(_localised(f"T = {temperature:g}", language), fontsize=10)
        _localise(axes, language)
        axes.set_ylim(0, 1.05)
        axes.spines[["top", "right"]].set_visible(False)
    figure.supxlabel(_WORDS[language]["classes"], fontsize=9)
    figure.axes[0].set_ylabel(_WORDS[language]["probability"])
    return figure


def check_answer(step: Step, temperature: float, quotient: float = 10.0, language: Language = "en") -> str:
    """Returns whether a temperature makes a step's likeliest class so many times as probable as the second.

    Args:
        step: The choice.
        temperature: The answer, above 0.
        quotient: How many times.
        language: 'en' or 'es'.

    Raises:
        InvalidArgumentError: If the answer is no temperature above 0.
    """
    if not temperature > 0:
        raise InvalidArgumentError(f"the temperature must be above 0, got {temperature}")
    words = _WORDS[language]
    first, second = np.sort(step.logits.astype(np.float64))[::-1][:2]
    own = float(np.exp((first - second) / temperature))
    if abs(own / quotient - 1) < _CLOSE:
        return words["right"]
    other = words["higher" if own > quotient else "lower"]
    return words["wrong"].format(quotient=_localised(f"{own:.1f}", language), other=other)


def hear(tunes: Sequence[Tune], language: Language = "en") -> widgets.VBox:
    """Returns tunes below one another, each with its temperature, piano roll and player."""
    words = RollWords("comienzo", "generado", "probabilidad", ",") if language == "es" else RollWords()
    layout = widgets.Layout(max_width="100%", width="900px")
    pitches = common_pitches(tunes)
    rows = []
    for tune in tunes:
        title = _localised(f"T = {temperature_of(tune):g}", language)
        drawn = plot_piano_roll(tune, title=title, words=words, pitches=pitches)
        if language == "es":
            for axes in drawn.axes:
                axes.set_yticks(axes.get_yticks(), [syllable_name(int(pitch)) for pitch in axes.get_yticks()])
        roll = widgets.Image(value=picture_bytes(drawn), format="png", layout=layout)
        rows += [roll, widgets.Audio(value=sound(tune), format="mp3", autoplay=False, loop=False)]
    return widgets.VBox(rows)


def plot_diversity_against_mistakes(
    model: MelodyRNN, temperatures: Sequence[float], num_outputs: int = 40, seed: int = 0, language: Language = "en"
) -> Figure:
    """Returns the temperature report's first figure, of few melodies: share of different 4-grams and of wrong notes."""
    from melody_rnn.evaluation.temperature_report.figures import draw_diversity_against_mistakes
    from melody_rnn.evaluation.temperature_report.table import measure_temperatures

    table = measure_temperatures(model, temperatures, num_outputs, seed=seed)
    figure = Figure(figsize=(7, 4.5), layout="constrained", dpi=110)
    axes = figure.subplots()
    draw_diversity_against_mistakes(table, axes)
    if language == "es":
        _localise(axes, language)
        axes.xaxis.set_major_formatter(lambda value, place: f"{value:g}".replace(".", ","))
        axes.set_xlabel("giros distintos de cuatro notas (más diversidad →)")
        axes.set_ylabel("notas fuera de la tonalidad (más errores →)")
        axes.legend(["la temperatura, a lo largo de la curva"], loc="upper left")
    return figure


def _localised(text: str, language: Language) -> str:
    """Returns a text with decimal commas where the language has them."""
    return re.sub(r"(?<=\d)\.(?=\d)", ",", text) if language == "es" else text


def _localise(axes: Axes, language: Language) -> None:
    """Gives the numbers beside a picture decimal commas where the language has them."""
    if language == "es":
        axes.yaxis.set_major_formatter(lambda value, place: f"{value:g}".replace(".", ","))


def _draw_limits(axes: Axes, limits: Mapping[str, float]) -> None:
    for name, value in limits.items():
        axes.axhline(value, color="#7d828c", linewidth=0.8, linestyle="--")
        axes.annotate(
            name, (1.0, value), xycoords=("axes fraction", "data"), ha="right", va="bottom", fontsize=8, color="#555"
        )
