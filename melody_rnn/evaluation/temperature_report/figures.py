"""The report's figures, on Matplotlib axes that the caller gives."""

import io
import math
import re
from collections.abc import Callable, Sequence
from typing import Any, Final

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from melody_rnn.evaluation.temperature_report.estimates import Estimate
from melody_rnn.evaluation.temperature_report.table import COLUMNS, Column, TemperatureTable

# Okabe and Ito 2008, 'Color universal design': told apart with any colour vision, on light and dark grounds.
_BLUE: Final = "#0072B2"
_ORANGE: Final = "#D55E00"
_INK: Final = "#24292F"
# On a page, whose ground may be dark, the colours are the page's own.
_PAGE_COLORS: Final = {_BLUE: "var(--curve)", _ORANGE: "var(--real)", _INK: "currentColor"}
_DPI: Final = 150
_STYLE: Final[Any] = {
    "font.size": 10,
    "font.sans-serif": ["DejaVu Sans"],
    "text.color": _INK,
    "axes.edgecolor": _INK,
    "axes.labelcolor": _INK,
    "axes.titlesize": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": _INK,
    "ytick.color": _INK,
    "legend.frameon": False,
    "svg.fonttype": "none",
    "svg.hashsalt": "melody_rnn",
}
_BY_NAME: Final = {column.name: column for column in COLUMNS}
Drawing = Callable[[TemperatureTable, Figure], None]


def draw_diversity_against_mistakes(
    table: TemperatureTable, axes: Axes, diversity: str = "distinct_4grams", mistakes: str = "out_of_key"
) -> None:
    """Draws one column against another, the temperatures along a curve, and the real tunes as a star.

    Bars are 95 % intervals. The temperature nearest to the real tunes is ringed.

    Args:
        table: What was measured.
        axes: Where to draw.
        diversity: Name of the column on the x axis.
        mistakes: Name of the one on the y axis.
    """
    points = [(row.estimates[diversity], row.estimates[mistakes]) for row in table.rows]
    line: dict[str, Any] = {"color": _BLUE, "linewidth": 1.5, "marker": "o", "markersize": 6}
    axes.plot([x.value for x, _ in points], [y.value for _, y in points], **line, label="temperature along the curve")
    for row, (x, y) in zip(table.rows, points, strict=True):
        _cross(axes, x, y, _BLUE)
        at: dict[str, Any] = {"xytext": (-5, 6), "textcoords": "offset points", "ha": "right"}
        axes.annotate(row.label, (x.value, y.value), fontweight="bold" if row is table.nearest else "normal", **at)
    if table.real and table.nearest:
        real = table.real.estimates
        _mark_real(axes, real[diversity], real[mistakes], *points[table.rows.index(table.nearest)], table.nearest.label)
    for axis, name in ((axes.xaxis, diversity), (axes.yaxis, mistakes)):
        _format(axis, _BY_NAME[name])
    axes.set_xlabel(f"{_axis_title(_BY_NAME[diversity])} (more diverse →)")
    axes.set_ylabel(f"{_axis_title(_BY_NAME[mistakes])} (more mistakes →)")
    axes.legend(loc="upper left")
    axes.grid(alpha=0.2)


def draw_column(table: TemperatureTable, axes: Axes, name: str) -> None:
    """Draws a column over temperature: quartiles as a band, 95 % intervals as bars, the real tunes as a line.

    Args:
        table: What was measured.
        axes: Where to draw.
        name: The column's.
    """
    column, own = _BY_NAME[name], [row.estimates[name] for row in table.rows]
    temperatures = [float(row.temperature or 0) for row in table.rows]
    if all(math.isfinite(e.lower_quartile) for e in own):
        bounds = [e.lower_quartile for e in own], [e.upper_quartile for e in own]
        axes.fill_between(temperatures, *bounds, color=_BLUE, alpha=0.18, linewidth=0, label="middle half")
    spans = [[e.value - e.low for e in own], [e.high - e.value for e in own]]
    style: dict[str, Any] = {"color": _BLUE, "marker": "o", "markersize": 3.5, "linewidth": 1.5, "capsize": 2}
    axes.errorbar(temperatures, [e.value for e in own], spans, label="mean with 95 % interval", **style)
    if table.real:
        there = table.real.estimates[name]
        axes.axhline(there.value, color=_ORANGE, linestyle="--", linewidth=1.5, label="real tunes with 95 % interval")
        axes.axhspan(there.low, there.high, color=_ORANGE, alpha=0.2, linewidth=0)
    axes.set_title(_axis_title(column), loc="left")
    _format(axes.yaxis, column)
    axes.grid(alpha=0.2)


def draw_top(table: TemperatureTable, figure: Figure) -> None:
    """Draws the figure that stands on top of the report."""
    figure.set_size_inches(8, 5.2)
    draw_diversity_against_mistakes(table, figure.add_subplot())


def draw_model(table: TemperatureTable, figure: Figure) -> None:
    """Draws the columns that speak of the model's distributions."""
    _draw_grid(table, figure, [column for column in table.columns if column.group == "model"])


def draw_music(table: TemperatureTable, figure: Figure) -> None:
    """Draws the musical metrics."""
    _draw_grid(table, figure, [column for column in table.columns if column.group != "model"])


def png(draw: Drawing, table: TemperatureTable) -> bytes:
    """Returns a figure as a PNG picture on white."""
    return _saved(draw, table, "png", dpi=_DPI)


def svg(draw: Drawing, table: TemperatureTable, text: str) -> str:
    """Returns a figure as an SVG element for a page, whose colours it takes: text, --curve and --real.

    Args:
        draw: What draws it.
        table: What was measured.
        text: What the figure shows, for those who cannot see it.
    """
    nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
    element = _saved(draw, table, "svg", transparent=True, metadata=nothing).decode().partition("<svg")[2]
    for size in ("width", "height"):
        element = re.sub(rf'^([^>]*?) {size}="[^"]*"', r"\1", element)
    for color, page_color in _PAGE_COLORS.items():
        element = re.sub(f"(?i){color}", page_color, element)
    # Several figures stand on one page, where an id may be there once only.
    element = re.sub(r'( id="|url\(#|href="#)', rf"\1{draw.__name__}-", element)
    return f'<svg role="img" aria-label="{text}"{element}'


def _saved(draw: Drawing, table: TemperatureTable, kind: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    with matplotlib.rc_context(_STYLE):
        figure = Figure(layout="constrained")
        draw(table, figure)
        figure.savefig(buffer, format=kind, **options)
    return buffer.getvalue()


def _draw_grid(table: TemperatureTable, figure: Figure, columns: Sequence[Column]) -> None:
    across = 3
    down = -(-len(columns) // across)
    figure.set_size_inches(10, 2.6 * down + 0.5)
    panels = figure.subplots(down, across, squeeze=False).ravel()
    for axes, column in zip(panels, columns, strict=False):
        draw_column(table, axes, column.name)
        axes.set_xlabel("temperature")
    for axes in panels[len(columns) :]:
        axes.set_visible(False)
    labelled = [panel.get_legend_handles_labels() for panel in panels]
    legend = {label: handle for handles, labels in labelled for handle, label in zip(handles, labels, strict=True)}
    figure.legend(legend.values(), legend.keys(), loc="outside lower center", ncols=len(legend))


def _mark_real(axes: Axes, x: Estimate, y: Estimate, nearest_x: Estimate, nearest_y: Estimate, label: str) -> None:
    _cross(axes, x, y, _ORANGE)
    style: dict[str, Any] = {"color": _ORANGE, "linestyle": "none", "zorder": 4}
    axes.plot(x.value, y.value, marker="*", markersize=15, label="real tunes", **style)
    ring: dict[str, Any] = {"marker": "o", "markersize": 13, "fillstyle": "none", "markeredgewidth": 1.8}
    axes.plot(nearest_x.value, nearest_y.value, label=f"nearest to real tunes: T = {label}", **ring, **style)


def _cross(axes: Axes, x: Estimate, y: Estimate, color: str) -> None:
    spans: Any = {"xerr": [[x.value - x.low], [x.high - x.value]], "yerr": [[y.value - y.low], [y.high - y.value]]}
    axes.errorbar(x.value, y.value, **spans, color=color, elinewidth=1, linestyle="none", zorder=3)


def _axis_title(column: Column) -> str:
    return f"{column.title} ({column.unit})" if column.unit else column.title


def _format(axis: Any, column: Column) -> None:
    factor, sign = (1, "") if column.unit else (100, " %")
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{factor * value:.3g}{sign}"))
