"""Pieces of a page that a saved notebook keeps: widgets are gone when it is opened again, outputs are not."""

import uuid

from IPython.display import HTML, display, update_display


class StoredHTML:
    """HTML in a cell's output, which can be changed from a button's handler."""

    def __init__(self) -> None:
        self._value, self._display_id, self._is_shown = "", uuid.uuid4().hex, False

    @property
    def value(self) -> str:
        """What is shown; set it to change it in every cell that shows it."""
        return self._value

    @value.setter
    def value(self, value: str) -> None:
        self._value = value
        if self._is_shown:
            update_display(HTML(value), display_id=self._display_id)

    def show(self) -> None:
        """Shows it in the cell that runs."""
        display(HTML(self._value), display_id=self._display_id)
        self._is_shown = True
