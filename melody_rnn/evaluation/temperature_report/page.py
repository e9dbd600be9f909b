"""The report as a page and its files."""

import csv
import io
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup, escape

from melody_rnn import __version__
from melody_rnn.evaluation.temperature_report import figures, folder
from melody_rnn.evaluation.temperature_report.estimates import NUM_HALVES, Estimate
from melody_rnn.evaluation.temperature_report.table import Column, Row, TemperatureTable
from melody_rnn.files import whole_folder

_TEMPLATE: Final = "page.html.jinja"
_GROUPS: Final = {
    "model": "The model's distributions",
    "diversity": "Diversity",
    "mistakes": "Mistakes",
    "texture": "Texture",
}


@dataclass(frozen=True)
class About:
    """What a report says of its making.

    Attributes:
        model: The model's name.
        command: The command line that made it.
    """

    model: str
    command: str


def write_report(table: TemperatureTable, path: Path, about: About, overwrite: bool = False) -> None:
    """Writes report.html, metrics.csv and the pictures into a folder, whole or not at all.

    Raises:
        OutputError: If the folder is there already and is no report that may be replaced, or cannot be written.
    """
    folder.check_folder(path, overwrite)
    contents = {
        folder.PAGE: page(table, about).encode(),
        folder.METRICS: metrics_csv(table).encode(),
        folder.TOP_PICTURE: figures.png(figures.draw_top, table),
        folder.MODEL_PICTURE: figures.png(figures.draw_model, table),
        folder.MUSIC_PICTURE: figures.png(figures.draw_music, table),
    }
    with whole_folder(path, "report") as unfinished:
        for name, content in contents.items():
            (unfinished / name).write_bytes(content)


def page(table: TemperatureTable, about: About) -> str:
    """Returns the page: HTML that needs nothing besides itself."""
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    template = environment.from_string(files(__package__).joinpath(_TEMPLATE).read_text("utf-8"))
    text: str = template.render(
        table=table,
        about=about,
        version=__version__,
        groups={title: [c for c in table.columns if c.group == group] for group, title in _GROUPS.items()},
        meter=table.meter,
        num_halves=NUM_HALVES,
        top=_picture(figures.draw_top, table, "Notes out of key against distinct 4-grams, by temperature"),
        model=_picture(figures.draw_model, table, "Entropy, largest probability and log-likelihood by temperature"),
        music=_picture(figures.draw_music, table, "The musical metrics by temperature"),
        prose=_prose,
        number=_number,
        interval=_interval,
        quartiles=_quartiles,
    )
    return text


def metrics_csv(table: TemperatureTable) -> str:
    """Returns a line for each temperature and metric; values that are not defined are empty."""
    records = table.records()
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, records[0].keys(), lineterminator="\n")
    writer.writeheader()
    writer.writerows({key: _cell(value) for key, value in record.items()} for record in records)
    return buffer.getvalue()


def _picture(draw: Callable[[TemperatureTable, Any], None], table: TemperatureTable, text: str) -> Markup:
    return Markup(figures.svg(draw, table, text))


def _cell(value: Any) -> Any:
    if isinstance(value, float):
        return f"{value:.6g}" if math.isfinite(value) else ""
    return value


def _prose(text: str) -> Markup:
    """Returns a text in which names stand in backticks as HTML."""
    return Markup(re.sub("`(.*?)`", r"<code>\1</code>", str(escape(text))))


def _number(value: float, column: Column) -> str:
    if not math.isfinite(value):
        return "-"
    if column.unit:
        return f"{value:.2f}".replace("-", "\N{MINUS SIGN}")
    return f"{100 * value:.{1 if value >= 0.0995 else 2}f} %"


def _interval(own: Estimate, column: Column) -> str:
    return f"{_number(own.low, column)} to {_number(own.high, column)}"


def _quartiles(row: Row, column: Column) -> str:
    own = row.estimates[column.name]
    return f"{_number(own.lower_quartile, column)} to {_number(own.upper_quartile, column)}"
