"""How the room's widgets stand: in rows that wrap where there is no room, so that a phone shows them as a stack."""

from collections.abc import Sequence

import ipywidgets as widgets


def row(children: Sequence[widgets.Widget]) -> widgets.Widget:
    """Returns widgets side by side, as far as there is room."""
    return widgets.HBox(children, layout=widgets.Layout(flex_flow="row wrap", margin="4px 0", max_width="100%"))


def column(children: Sequence[widgets.Widget]) -> widgets.Widget:
    """Returns widgets below one another, never wider than the page."""
    return widgets.VBox(children, layout=widgets.Layout(max_width="100%"))


def card(children: Sequence[widgets.Widget]) -> widgets.Widget:
    """Returns what stands beside other cards."""
    layout = widgets.Layout(width="440px", max_width="100%", padding="4px", margin="0 8px 0 0")
    return widgets.VBox(children, layout=layout)


def short_text(value: str, description: str) -> widgets.Widget:
    """Returns a control for a number, with a name of a letter or two."""
    layout = widgets.Layout(width="110px")
    return widgets.Text(value, description=description, layout=layout, style={"description_width": "20px"})
