"""The package's messages in Spanish, as far as a notebook's controls can cause them."""

import re
from collections.abc import Sequence
from typing import Final

from melody_rnn.music.keys import Key
from melody_rnn.music.pitches import in_syllables

_MESSAGES: Final[Sequence[tuple[str, str]]] = (
    (
        r"(.+) is no note; write a letter from A to G, .*",
        r"\1 no es una nota; escribe una letra de A a G o una sílaba de do a si, # o b, y la octava: F#4, sol4",
    ),
    (r"(.+) is MIDI pitch (\d+), outside .*", r"\1 es la altura MIDI \2, fuera de 0..127 (de C-1 a G9)"),
    (
        r"the length in (.+) must be a number of steps from 1 to (\d+)",
        r"la duración en \1 ha de ser un número de 1 a \2",
    ),
    (r"the primer has no note: .*", "el comienzo no tiene ninguna nota: escribe al menos una, como C4 o do4"),
    (
        r"the primer (.+) is no list of events; .*",
        r"el comienzo \1 no es una lista de eventos; escribe números enteros entre corchetes, como [60, -2, 62, -2]",
    ),
    (
        r"the primer has (\d+) steps and a tune of this form (\d+) .*",
        r"el comienzo ocupa \1 semicorcheas y una melodía de esta forma, \2: pide una forma más larga",
    ),
    (
        r"the form must be letters such as AABB.*; got (.+)",
        r"la forma se escribe con letras, como AABB o A8A8B16B16; no \1",
    ),
    (
        r"(\d+) bars cannot be shared evenly by the (\d+) parts of (\w+); .*",
        r"\1 compases no se pueden repartir por igual entre las \2 partes de \3",
    ),
    (r"the form (.+) has (\d+) bars, not (\d+)", r"la forma \1 tiene \2 compases, no \3"),
    (r"there is no bar (\d+) to keep, the melody has (\d+) bars .*", r"no hay compás \1: la melodía tiene \2 compases"),
    (r"bars must be numbers and ranges, such as 1-2,7-8, got (.+)", r"los compases se escriben así: 1-2,7-8; no \1"),
    (r".*?'(.+?)' is no chord symbol that is known; .*", r"el acorde \1 no se conoce: escribe G, Am7, F#m7b5 o Bb/D"),
    (r"(.+): not a MIDI file .*", r"\1: no es un archivo MIDI"),
    (r"(.+): unknown kind of music file; give one of (.+)", r"\1: tipo de archivo desconocido; usa uno de estos: \2"),
    (r"(.+): is empty", r"\1: el archivo está vacío"),
    (r"(.+): not a readable (\S+) file.*", r"\1: no es un archivo \2 legible"),
    (r"(.*)there is no note in it that could be a melody.*", r"\1no hay en él ninguna nota que pueda ser melodía"),
)


_MODES: Final = {
    "major": "mayor",
    "minor": "menor",
    "dorian": "dórico",
    "phrygian": "frigio",
    "lydian": "lidio",
    "mixolydian": "mixolidio",
    "locrian": "locrio",
}


def key_in_spanish(key: Key) -> str:
    """Returns a key's name, such as re mayor or mib dórico."""
    return f"{in_syllables(key.tonic_name)} {_MODES[key.mode]}"


def in_spanish(message: str) -> str:
    """Returns a message in Spanish; one that is not known follows a Spanish sentence as it is."""
    for pattern, translation in _MESSAGES:
        match = re.fullmatch(pattern, message, re.DOTALL)
        if match:
            return match.expand(translation)
    # The room's own messages are Spanish already.
    return message if re.search("[áéíóúñ¿«]|hace falta|no hay", message) else f"no es posible: {message}"
