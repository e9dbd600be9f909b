"""Instruments: General MIDI's programs by the names that people have for them, and what range a melody has on them.

Source: General MIDI System Level 1, midi.org.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final

from melody_rnn.errors import InvalidArgumentError

MAX_PROGRAM: Final = 127
_FAMILIES: Final = """
Acoustic Grand Piano, Bright Acoustic Piano, Electric Grand Piano, Honky-tonk Piano,
Electric Piano 1, Electric Piano 2, Harpsichord, Clavinet,
Celesta, Glockenspiel, Music Box, Vibraphone, Marimba, Xylophone, Tubular Bells, Dulcimer,
Drawbar Organ, Percussive Organ, Rock Organ, Church Organ, Reed Organ, Accordion, Harmonica, Tango Accordion,
Acoustic Guitar (nylon), Acoustic Guitar (steel), Electric Guitar (jazz), Electric Guitar (clean),
Electric Guitar (muted), Overdriven Guitar, Distortion Guitar, Guitar Harmonics,
Acoustic Bass, Electric Bass (finger), Electric Bass (pick), Fretless Bass,
Slap Bass 1, Slap Bass 2, Synth Bass 1, Synth Bass 2,
Violin, Viola, Cello, Contrabass, Tremolo Strings, Pizzicato Strings, Orchestral Harp, Timpani,
String Ensemble 1, String Ensemble 2, Synth Strings 1, Synth Strings 2,
Choir Aahs, Voice Oohs, Synth Choir, Orchestra Hit,
Trumpet, Trombone, Tuba, Muted Trumpet, French Horn, Brass Section, Synth Brass 1, Synth Brass 2,
Soprano Sax, Alto Sax, Tenor Sax, Baritone Sax, Oboe, English Horn, Bassoon, Clarinet,
Piccolo, Flute, Recorder, Pan Flute, Blown bottle, Shakuhachi, Whistle, Ocarina,
Lead 1 (square), Lead 2 (sawtooth), Lead 3 (calliope), Lead 4 chiff,
Lead 5 (charang), Lead 6 (voice), Lead 7 (fifths), Lead 8 (bass + lead),
Pad 1 (new age), Pad 2 (warm), Pad 3 (polysynth), Pad 4 (choir),
Pad 5 (bowed), Pad 6 (metallic), Pad 7 (halo), Pad 8 (sweep),
FX 1 (rain), FX 2 (soundtrack), FX 3 (crystal), FX 4 (atmosphere),
FX 5 (brightness), FX 6 (goblins), FX 7 (echoes), FX 8 (sci-fi),
Sitar, Banjo, Shamisen, Koto, Kalimba, Bagpipe, Fiddle, Shanai,
Tinkle Bell, Agogo, Steel Drums, Woodblock, Taiko Drum, Melodic Tom, Synth Drum, Reverse Cymbal,
Guitar Fret Noise, Breath Noise, Seashore, Bird Tweet, Telephone Ring, Helicopter, Applause, Gunshot
"""
PROGRAM_NAMES: Final = tuple(re.split(r",\s+", _FAMILIES.strip()))
"""The name of each program, in General MIDI's order."""
COMMON_PROGRAMS: Final[Mapping[str, int]] = {
    "piano": 0,
    "honky tonk": 3,
    "electric piano": 4,
    "hammered dulcimer": 15,
    "organ": 19,
    "harmonium": 20,
    "button accordion": 21,
    "piano accordion": 21,
    "melodeon": 21,
    "mouth organ": 22,
    "concertina": 23,
    "bandoneon": 23,
    "guitar": 24,
    "classical guitar": 24,
    "ukulele": 24,
    "steel guitar": 25,
    "mandolin": 25,
    "bouzouki": 25,
    "electric guitar": 27,
    "bass guitar": 33,
    "double bass": 43,
    "harp": 46,
    "strings": 48,
    "choir": 52,
    "voice": 53,
    "horn": 60,
    "brass": 61,
    "sax": 65,
    "saxophone": 65,
    "cor anglais": 69,
    "panpipes": 75,
    "tin whistle": 78,
    "penny whistle": 78,
    "low whistle": 78,
    "thumb piano": 108,
    "bagpipes": 109,
    "uilleann pipes": 109,
    "shehnai": 111,
    "steel drum": 114,
    "steelpan": 114,
}
"""Programs by other names that people have for them; where General MIDI has no such instrument, the nearest one."""


@dataclass(frozen=True)
class Instrument:
    """Whom a melody is for.

    Attributes:
        name: Its name.
        program: General MIDI instrument.
        lowest: The lowest MIDI pitch that is comfortable on it, as its tunes are written: what sounds an octave higher
            (whistle, recorder) or lower (tenor banjo) is written as the fiddle's tunes are.
        highest: The highest one.
        source: Where the two are from.
    """

    name: str
    program: int
    lowest: int
    highest: int
    source: str


INSTRUMENTS: Final[Mapping[str, Instrument]] = {
    instrument.name: instrument
    for instrument in (
        Instrument("fiddle", 110, 55, 83, "First position: the open G string to the fourth finger on the E string."),
        Instrument(
            "whistle",
            78,
            62,
            83,
            "A tin whistle in D: six holes closed, to B in the second register, above which it takes much breath. "
            "It sounds D5 to B6; tune books have it an octave lower, since it shares its tunes with fiddle and flute.",
        ),
        Instrument("flute", 73, 62, 86, "A flute in D of six holes: all closed, and the two octaves of two registers."),
        Instrument(
            "recorder",
            74,
            60,
            81,
            "A soprano recorder: all holes closed, to A in the second register, above which fingerings are hard. It "
            "sounds an octave higher than it is written.",
        ),
        Instrument("mandolin", 25, 55, 83, "First position, as on the fiddle, whose tuning it has."),
        Instrument(
            "banjo",
            105,
            55,
            83,
            "First position of an Irish tenor banjo, G D A E, which sounds an octave lower than it is written.",
        ),
        Instrument("voice", 53, 57, 76, "A3 to E5, what hymnals and song books for everybody keep to, about."),
    )
}
"""Instruments that play tunes, each with the range in which a melody lies well on it."""


def parse_program(text: str) -> int:
    """Returns the General MIDI program, 0 to 127, that a person names: 'fiddle', 'tin whistle', 'Alto Sax' or '40'.

    Raises:
        InvalidArgumentError: If there is none of that name or number; the message has similar names.
    """
    wanted = _plain(text)
    if re.fullmatch("[0-9]{1,3}", text.strip()) and int(text) <= MAX_PROGRAM:
        return int(text)
    if wanted in _PROGRAMS:
        return _PROGRAMS[wanted]
    similar = _similar(wanted) or ["fiddle", "flute", "piano"]
    raise InvalidArgumentError(
        f"{text!r} is no instrument of General MIDI; write a number from 0 to {MAX_PROGRAM} or a name, such as "
        f"{', '.join(similar)}"
    )


def _plain(name: str) -> str:
    """Returns a name's letters and digits in lower case, a space between words."""
    return " ".join(re.findall("[a-z0-9]+", name.lower()))


_PROGRAMS: Final[Mapping[str, int]] = {
    **{_plain(name): program for program, name in enumerate(PROGRAM_NAMES)},
    **COMMON_PROGRAMS,
}


def _similar(wanted: str) -> list[str]:
    """Returns up to three names that are spelled almost so, or else have a word of it."""
    words = set(wanted.split())
    return get_close_matches(wanted, _PROGRAMS) or [name for name in _PROGRAMS if words & set(name.split())][:3]
