from concurrent.futures import ThreadPoolExecutor

from melody_rnn.formats.sheet import sheet_picture
from melody_rnn.tunes.to_score import score_of
from melody_rnn.tunes.tune import Tune


def test_sheet_music_is_the_same_from_another_thread():
    score = score_of(Tune((60, -2, 62, -2) * 8, title="A scale"))
    here = sheet_picture(score)
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(sheet_picture, score).result() == here
