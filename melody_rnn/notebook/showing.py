"""A tune on a page: picture and player as one piece, which therefore always belong together, and its sheet music.

Handlers stand in the elements themselves, for a page's scripts are not run where a widget's HTML comes in.
"""

import base64
import html
import json
import re
from collections.abc import Callable
from fractions import Fraction
from itertools import accumulate
from typing import Final

import numpy as np
import soxr

from melody_rnn.errors import InvalidArgumentError
from melody_rnn.formats.accompaniment import Accompaniment
from melody_rnn.formats.audio import SAMPLE_RATE, audio_bytes, render
from melody_rnn.formats.form import bars_played
from melody_rnn.formats.note_bank import BANK_RATE, lay
from melody_rnn.formats.sheet import sheet_picture
from melody_rnn.music.pitches import note_name
from melody_rnn.notebook.roll import roll_svg
from melody_rnn.tunes.to_score import score_of
from melody_rnn.tunes.tune import Tune

MAX_FLAC_SECONDS: Final = 90
_LEVELS: Final = 2**11
_SCROLLED: Final = "overflow-x: auto; line-height: 0"
_ONE_AT_A_TIME: Final = "document.querySelectorAll('audio').forEach(other => other !== this && other.pause())"
# Marks the bar that sounds; `times` are the seconds at which bars begin, `places` those of their bars in the sheet.
_FOLLOW: Final = (
    "const times = JSON.parse(this.dataset.times), places = JSON.parse(this.dataset.places);"
    "const now = times.filter(time => time <= this.currentTime + 0.05).length - 1;"
    "const bars = document.querySelectorAll('#' + this.dataset.sheet + ' g.measure');"
    "bars.forEach((bar, place) => bar.style.fill = bar.style.color = "
    "place === places[now] && !this.ended ? '#b3261e' : '')"
)


def tune_html(
    tune: Tune,
    sheet: str,
    name_of: Callable[[int], str] = note_name,
    accompaniment: Accompaniment | None = None,
) -> str:
    """Returns a tune's picture and player, which marks the bar that sounds in the sheet music.

    Args:
        tune: The tune.
        sheet: The `id` of its sheet music.
        name_of: How pitches are called in the picture.
        accompaniment: How its chords are played with it, or None.
    """
    roll, player = roll_svg(tune, name_of=name_of), _player(tune, False, sheet, accompaniment)
    return f'<div class="melody-tune" style="max-width: 100%"><div style="{_SCROLLED}">{roll}</div>{player}</div>'


def sheet_html(tune: Tune, sheet: str) -> str:
    """Returns a tune's sheet music, as wide as there is room for it, up to 900 px; `sheet` is its `id`."""
    svg = sheet_picture(score_of(tune.written()))
    svg = svg.replace("<svg ", '<svg style="width: 100%; height: auto; max-width: 900px; background: white" ', 1)
    return f'<div class="melody-sheet" id="{sheet}">{svg}</div>'


def emptied(sheet: str) -> str:
    """Returns the place of sheet music, as `sheet_html` made it, without the music: what stands below does not jump."""
    box = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', sheet)
    size = f"max-width: 900px; aspect-ratio: {box[1]} / {box[2]}" if box else ""
    return f'<div style="{size}"></div>'


def card_html(tune: Tune, title: str, pitches: range | None = None, name_of: Callable[[int], str] = note_name) -> str:
    """Returns a tune's picture and player, to stand beside others.

    Args:
        tune: The tune.
        title: What stands above.
        pitches: Of the picture; those of the notes where not given.
        name_of: How pitches are called in the picture.
    """
    roll = roll_svg(tune, 4, pitches, name_of)
    return (
        f'<div class="melody-tune"><div><b>{html.escape(title)}</b></div>'
        f'<div style="{_SCROLLED}">{roll}</div>{_player(tune, is_small=True)}</div>'
    )


def player_html(tune: Tune, title: str) -> str:
    """Returns a tune's player alone, which tells nothing of the tune but its sound."""
    return f'<div class="melody-tune"><div><b>{html.escape(title)}</b></div>{_player(tune, is_small=True)}</div>'


def player_sound(tune: Tune, is_small: bool = False, accompaniment: Accompaniment | None = None) -> tuple[str, bytes]:
    """Returns what a player plays, its kind and its bytes: soon there, or small.

    FLAC is written thirty times as fast as MP3, and takes three times its room.

    Args:
        tune: The tune; the sound of a long one is small in any case.
        is_small: Whether it is to be small, as for several tunes in one page.
        accompaniment: How its chords are played with it, or None.
    """
    sequence = tune.to_sequence(accompaniment=accompaniment)
    try:
        sound = lay(sequence)
    except InvalidArgumentError:
        # The synthesiser has no build for this machine.
        sound = soxr.resample(render(sequence, "sine").mean(axis=1, keepdims=True), SAMPLE_RATE, BANK_RATE)
    if is_small or len(sound) > MAX_FLAC_SECONDS * BANK_RATE:
        return "audio/mpeg", audio_bytes(sound, "mp3", BANK_RATE)
    # FLAC takes no room for lowest bits that are all nought, and twelve are as many as a good cassette has.
    return "audio/flac", audio_bytes(np.round(sound * _LEVELS) / np.float32(_LEVELS), "flac", BANK_RATE)


def bar_times(tune: Tune) -> tuple[list[float], list[int]]:
    """Returns the seconds at which each bar begins as a tune is played, and each one's place in the written score."""
    score = score_of(tune.written())
    order = list(bars_played(score.bars))
    ends = [*(bar.start for bar in score.bars[1:]), score.end]
    lengths = [ends[place] - score.bars[place].start for place in order]
    starts = [Fraction(0), *accumulate(lengths)][: len(order)]
    return [round(float(start) * 60 / tune.tempo, 3) for start in starts], order


def download_link(name: str, kind: str, data: bytes) -> str:
    """Returns a link that saves a file from the page; it looks like one."""
    address = f"data:{kind};base64,{base64.b64encode(data).decode()}"
    style = "color: #1b5fa8; text-decoration: underline"
    return f'<a style="{style}" href="{address}" download="{html.escape(name)}">{html.escape(name)}</a>'


def _player(tune: Tune, is_small: bool, sheet: str | None = None, accompaniment: Accompaniment | None = None) -> str:
    kind, sound = player_sound(tune, is_small, accompaniment)
    address = f"data:{kind};base64,{base64.b64encode(sound).decode()}"
    follow = ""
    if sheet is not None:
        times, places = bar_times(tune)
        follow = (
            f'data-sheet="{sheet}" data-times="{json.dumps(times)}" data-places="{json.dumps(places)}" '
            f'ontimeupdate="{_FOLLOW}" onended="{_FOLLOW}" '
        )
    return (
        f'<audio controls preload="auto" style="width: 100%; max-width: 480px" '
        f'onplay="{_ONE_AT_A_TIME}" {follow}src="{address}"></audio>'
    )
