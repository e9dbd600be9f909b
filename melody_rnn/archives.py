"""Arrays in a NumPy archive, read only as far as they are what is expected of them."""

import io
import zipfile
import zlib
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

ARCHIVE_ERRORS: Final = (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError)
"""What reading a damaged zip archive raises; one may be packed by a method that Python does not know, or be locked."""


def pack_arrays(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """Returns arrays as a NumPy archive (.npz), the same bytes for the same arrays; `unpack_arrays` is the inverse."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, array in arrays.items():
            data = io.BytesIO()
            np.lib.format.write_array(data, array, allow_pickle=False)
            archive.writestr(zipfile.ZipInfo(f"{name}.npy"), data.getvalue(), zipfile.ZIP_DEFLATED)
    return packed.getvalue()


def unpack_arrays(data: bytes, kinds: Mapping[str, tuple[str, int]], max_bytes: int) -> dict[str, NDArray[Any]]:
    """Reads arrays out of a NumPy archive; nothing in it is executed.

    Args:
        data: The archive.
        kinds: Type and number of dimensions of each array, by its name; others are not read.
        max_bytes: How much all that is in the archive may come to.

    Raises:
        ARCHIVE_ERRORS, ValueError, KeyError: If it is damaged, or an array is missing or of another kind.
    """
    arrays = {}
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        if sum(info.file_size for info in archive.infolist()) > max_bytes:
            raise ValueError(f"it unpacks to more than {max_bytes:,} bytes")
        for name, (dtype, rank) in kinds.items():
            array = np.lib.format.read_array(io.BytesIO(archive.read(f"{name}.npy")), allow_pickle=False)
            if array.dtype != np.dtype(dtype) or array.ndim != rank:
                raise ValueError(f"its array {name} has another type or shape")
            arrays[name] = array
    return arrays
