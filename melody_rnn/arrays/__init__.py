"""One code for NumPy arrays and TensorFlow tensors: what stands around the network's step is written once.

A function asks for the `namespace` of what it is given and calls that under NumPy's names, as the Python array API
standard has it; the same lines then run at once on arrays, or become part of a compiled graph. TensorFlow is imported
by the first tensor that comes, never before.
"""

from typing import Any

import numpy as np

from melody_rnn.events import NUM_SPECIAL_EVENTS

Array = Any
"""A NumPy array or a tensor."""


def namespace(*arrays: Array) -> Any:
    """Returns the module with the functions for some arrays: `tensors` if one of them is a tensor, else `ndarrays`."""
    if all(isinstance(array, np.ndarray | np.generic | int | float) for array in arrays):
        from melody_rnn.arrays import ndarrays

        return ndarrays
    from melody_rnn.arrays import tensors

    return tensors


def event_index(event: Array, min_note: int) -> Array:
    """Returns `melody_rnn.events.event_index` of an array or a tensor, int32 of the same shape."""
    return namespace(event).where(event < 0, event, event - min_note) + NUM_SPECIAL_EVENTS
