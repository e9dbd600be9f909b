"""Pieces of a page that a saved notebook keeps: widgets are gone when it is opened again, outputs are not."""

import uuid

from IPython.display import HTML, display, update_display


class StoredHTML:
    """HTML in a cell's output, which can be changed from a button's handler.

    Attributes:
        name: Its own; an HTML `id` may be the same.
    """

    def __init__(self) -> None:
        self.name = f"melody-{uuid.uuid4().hex}"
        self._value, self._is_shown = "", False

    @property
    def value(self) -> str:
        """What is shown; set it to change it in every cell that shows it."""
        return self._value

    @value.setter
    def value(self, value: str) -> None:
        self._value = value
        if self._is_shown:
            update_display(HTML(value), display_id=self.name)

    def show(self) -> None:
        """Shows it in the cell that runs."""
        display(HTML(self._value), display_id=self.name)
        self._is_shown = True
