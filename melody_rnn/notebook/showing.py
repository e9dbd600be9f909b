"""A tune as one piece of a page: picture, player and sheet music, which therefore always belong together.

Handlers stand in the elements themselves, for a page's scripts are not run where a widget's HTML comes in.
"""

import base64
import html
import json
from fractions import Fraction
from itertools import accumulate
from typing import Final

from melody_rnn.formats.audio import Samples, audio_bytes, render
from melody_rnn.formats.form import bars_played
from melody_rnn.formats.sheet import sheet_picture
from melody_rnn.notebook.roll import roll_svg
from melody_rnn.tunes.to_score import score_of
from melody_rnn.tunes.tune import Tune

_ONE_AT_A_TIME: Final = "document.querySelectorAll('audio').forEach(other => other !== this && other.pause())"
# Marks the bar that sounds; `times` are the seconds at which bars begin, `places` those of their bars in the sheet.
_FOLLOW: Final = (
    "const times = JSON.parse(this.dataset.times), places = JSON.parse(this.dataset.places);"
    "const now = times.filter(time => time <= this.currentTime + 0.05).length - 1;"
    "const bars = this.closest('.melody-tune').querySelectorAll('.melody-sheet g.measure');"
    "bars.forEach((bar, place) => bar.style.fill = bar.style.color = "
    "place === places[now] && !this.ended ? '#b3261e' : '')"
)


def tune_html(tune: Tune, title: str = "", bars_per_row: int = 8, pitches: range | None = None) -> str:
    """Returns a tune's picture, player and sheet music; the bar that sounds is red in the sheet music.

    Args:
        tune: The tune.
        title: What stands above.
        bars_per_row: Of the picture.
        pitches: Of the picture; those of the notes where not given.
    """
    heading = f"<div><b>{html.escape(title)}</b></div>" if title else ""
    return (
        f'<div class="melody-tune" style="max-width: 100%">{heading}'
        f'<div style="overflow-x: auto; line-height: 0">{roll_svg(tune, bars_per_row, pitches)}</div>'
        f"{_player(tune)}"
        f'<div class="melody-sheet">{sheet(tune)}</div></div>'
    )


def card_html(tune: Tune, title: str, pitches: range | None = None) -> str:
    """Returns a tune's picture and player, to stand beside others; the arguments are those of `tune_html`."""
    return (
        f'<div class="melody-tune"><div><b>{html.escape(title)}</b></div>'
        f'<div style="overflow-x: auto; line-height: 0">{roll_svg(tune, 4, pitches)}</div>{_player(tune)}</div>'
    )


def sheet(tune: Tune) -> str:
    """Returns a tune's sheet music as an SVG picture that is as wide as there is room for it, up to 900 px."""
    svg = sheet_picture(score_of(tune.written()))
    return svg.replace("<svg ", '<svg style="width: 100%; height: auto; max-width: 900px; background: white" ', 1)


def room_sound(tune: Tune) -> bytes:
    """Returns how a tune sounds, as MP3 of one channel at half the rate: a quarter of the time of a whole file."""
    samples: Samples = render(tune.to_sequence())
    return audio_bytes(samples, "mp3", is_small=True)


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


def _player(tune: Tune) -> str:
    address = f"data:audio/mpeg;base64,{base64.b64encode(room_sound(tune)).decode()}"
    times, places = bar_times(tune)
    return (
        f'<audio controls preload="auto" style="width: 100%; max-width: 480px" src="{address}" '
        f'data-times="{json.dumps(times)}" data-places="{json.dumps(places)}" '
        f'onplay="{_ONE_AT_A_TIME}" ontimeupdate="{_FOLLOW}" onended="{_FOLLOW}"></audio>'
    )
