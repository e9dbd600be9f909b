"""The page in a real browser: the same tunes as Python, its controls, and what it says when something is wrong."""

import base64
import random
import time
from dataclasses import replace

import numpy as np
import pytest

from melody_rnn import Constraints, MelodyRNN, Tune
from melody_rnn.errors import InvalidArgumentError, MelodyError
from melody_rnn.formats.abc import read_abc_tune, split_tunebook
from melody_rnn.formats.accompaniment import Accompaniment, accompany
from melody_rnn.formats.musicxml.reader import read_musicxml
from melody_rnn.formats.musicxml.writer import musicxml_bytes
from melody_rnn.formats.reading import read_score
from melody_rnn.generation.request import plan
from melody_rnn.music.chords import QUALITIES, parse_chord
from melody_rnn.page.contents import page_models, write_page
from melody_rnn.page.knowledge import PAGE_METERS
from melody_rnn.tunes.files import read_tune
from melody_rnn.tunes.from_score import tunes_of_score
from melody_rnn.tunes.primers import parse_primer
from melody_rnn.tunes.progression import HOLD, parse_progression
from melody_rnn.tunes.to_score import score_of
from melody_rnn.tunes.tune import Chord, section_ends
from tests.tunes.random_tunes import random_tune

MILLISECONDS = 60_000
PRIMER = (67, -2, 69, -2, 71, -2, 74, -2, -2, -2, -1, -2, 67, -2, -2, -2)
NUM_SEEDS = 10
NUM_ROUND_TRIPS = 200
# What is undefined would come back as null.
TUNE = "async request => JSON.parse(JSON.stringify(await melodyRnn.tune(request)))"
JIG = """X:1
T:Begun
M:6/8
L:1/8
K:D
A|d2e f2d|edB BAF|d2e f2d|e2d cde|
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The page as a folder, as anybody's web host has it."""
    folder = tmp_path_factory.mktemp("page") / "site"
    write_page(folder, page_models())
    return folder


@pytest.fixture
def open_page(chromium, serve, site):
    """Returns a function that opens the page, at a fragment of its address, and waits for the model."""
    errors, foreign = [], []
    with serve(site) as url:
        page = chromium.new_page()
        page.set_default_timeout(MILLISECONDS)
        page.on("pageerror", lambda error: errors.append(error))
        page.on("request", lambda request: request.url.startswith((url, "blob:", "data:")) or foreign.append(request))

        def load(fragment="", width=1280, height=800, says="is ready."):
            page.set_viewport_size({"width": width, "height": height})
            page.goto(f"{url}/{fragment}")
            page.get_by_text(says).wait_for()
            page.evaluate("document.querySelector('details').open = true")
            return page

        yield load
        page.close()
    assert not errors
    assert not foreign


def notes_of(page):
    """Returns the notes of the roll by their titles: name, bar and probability."""
    return [note.text_content() for note in page.locator(".roll .note title").all()]


def written(page):
    return page.get_by_text("Written in").text_content()


def press(page, name):
    page.get_by_role("button", name=name, exact=True).click()


CASES = [
    ("tunes_rnn", {"bars": 16}, {"bars": 16}),
    ("tunes_rnn", {"bars": 16, "key": "D major", "meter": "6/8"}, {"bars": 16, "key": "D major", "meter": "6/8"}),
    ("tunes_rnn", {"primer": True, "bars": 3}, {"primer": Tune(PRIMER, ends_note=True), "num_steps": 48}),
    ("lookback_rnn", {"bars": 3}, {"num_steps": 48}),
    ("lookback_rnn", {"primer": True, "bars": 3}, {"primer": Tune(PRIMER, ends_note=True), "num_steps": 48}),
    (
        "lookback_rnn",
        {"bars": 3, "key": "E dorian", "meter": "3/4"},
        {"num_steps": 36, "meter": "3/4", "constraints": Constraints(key="E dorian")},
    ),
    ("attention_rnn", {"bars": 2}, {"num_steps": 32}),
    ("basic_rnn", {"bars": 3}, {"num_steps": 48}),
    ("mono_rnn", {"bars": 2}, {"num_steps": 32}),
    ("mono_rnn", {"primer": True, "bars": 2}, {"primer": Tune(PRIMER, ends_note=True), "num_steps": 32}),
]


def test_a_hundred_tunes_are_those_of_python(open_page):
    page = open_page()
    for name, asked, in_python in CASES:
        model = MelodyRNN.from_preset(name, engine="litert")
        if "primer" in asked:
            asked = {**asked, "primer": {"events": PRIMER, "meter": "4/4", "pickupSteps": 0, "qpm": 120}}
        for seed in range(NUM_SEEDS):
            temperature, top_p = (0.9, 1.0) if seed % 2 else (1.2, 0.9)
            request = {**asked, "model": name, "seed": seed, "temperatures": [[0, temperature]], "topP": top_p}
            found = page.evaluate("request => melodyRnn.events(request)", request)
            settings = {"temperature": temperature, "top_p": None if top_p == 1 else top_p}
            (tune,) = model.generate(num_outputs=1, seed=seed, **settings, **in_python)
            assert tuple(found) == tune.events, (name, asked, seed)


def in_page(tune):
    """Returns a beginning as the page takes it."""
    primer = {
        "events": tune.events,
        "meter": str(tune.meter),
        "pickupSteps": tune.pickup_steps,
        "qpm": tune.tempo or 120,
    }
    return primer | ({"key": str(tune.key)} if tune.key else {})


def assert_whole_tune_is(page, found, tune, why):
    assert tuple(found["melody"]["events"]) == tune.events, why
    own = [ending for section in tune.sections for ending in section.endings]
    ends = section_ends(tune.sections, len(tune))
    # Python leaves out those that are as their sections end anyway.
    written = [
        (tuple(ending["passes"]), ending["start"], tuple(ending["events"]))
        for ending in found["endings"]
        if tuple(ending["events"]) != tune.events[ending["start"] : ends[ending["section"]]]
    ]
    assert written == [(ending.passes, ending.start, ending.events) for ending in own], why
    assert tuple(found["played"]) == tune.played().events, why
    (as_python_writes,) = tunes_of_score(read_musicxml(musicxml_bytes(score_of(tune.written()))))
    for kind, again in read_again(page, found["melody"]).items():
        assert again == [replace(as_python_writes, title="")], (why, kind)


def read_again(page, melody):
    """Returns what Python reads of a tune that the page writes, by the page's writer."""

    def abc(text):
        (tune,) = split_tunebook(text.encode())
        return read_abc_tune(tune)

    readers = {"toAbc": abc, "toMusicXml": lambda text: read_musicxml(text.encode())}
    return {
        kind: tunes_of_score(read(page.evaluate(f"melody => melodyRnn.{kind}(melody)", melody)))
        for kind, read in readers.items()
    }


def melody_of(tune):
    """Returns a tune as the page has it."""
    number, sections = len(tune), []
    for section in tune.sections:
        endings = []
        for ending in section.endings:
            endings.append({"passes": ending.passes, "start": ending.start, "events": ending.events, "number": number})
            number += len(ending.events)
        sections.append({"start": section.start, "label": section.label, "times": section.times, "endings": endings})
    return {
        "events": tune.events,
        "stepsPerBar": tune.steps_per_bar,
        "meter": [tune.meter.numerator, tune.meter.denominator],
        "quartersPerMinute": tune.tempo,
        "pickupSteps": tune.pickup_steps,
        "key": str(tune.key),
        "title": tune.title,
        "chords": [chord._asdict() for chord in tune.chords],
    } | ({"form": {"sections": sections, "jump": tune.jump}} if sections or tune.jump else {})


def test_what_the_page_writes_reads_in_python_as_the_same(open_page):
    page = open_page()
    for seed in range(NUM_ROUND_TRIPS):
        tune = random_tune(random.Random(seed))
        tune = replace(tune, qpm=tune.tempo, program=0)
        for kind, again in read_again(page, melody_of(tune)).items():
            assert again == [tune], (kind, seed)


ROOTS = ["C", "F#", "Bb", "E♭", "B##", "Abb", "H", "c", ""]
KINDS = [
    "",
    "m",
    "min",
    "-",
    "maj",
    "M",
    "Δ",
    "dim",
    "°",
    "ø",
    "o",
    "+",
    "aug",
    "5",
    "6",
    "m6",
    "69",
    "6/9",
    "7",
    "m7",
    "maj7",
    "Δ7",
    "mmaj7",
    "m(maj7)",
    "M7",
    "ma7",
    "mi7",
    "Maj7",
    "MIN7",
    "dim7",
    "o7",
    "ø7",
    "+7",
    "aug7",
    "7#5",
    "7+",
    "m7b5",
    "-7-5",
    "sus",
    "sus2",
    "sus4",
    "7sus",
    "7sus4",
    "9sus4",
    "13sus4",
    "7sus2",
    "9",
    "m9",
    "maj9",
    "11",
    "m11",
    "maj11",
    "13",
    "m13",
    "maj13",
    "add9",
    "add2",
    "2",
    "4",
    "(add4)",
    "madd9",
    "7b9",
    "7#9",
    "7b5#9",
    "7(b9,#11)",
    "13b9",
    "alt",
    "7alt",
    "no3",
    "omit5",
    "add11",
    "maj7#11",
    "7no5",
    "addb9",
    "9no7",
    "add0",
    "b5",
    "#9",
    "7b9b9",
    "maj6",
    "dom7",
    "h7",
    "ped",
    "x",
    "8",
    "7b",
    "madd7",
    "add77",
]
PROGRESSIONS = [
    "| G | C G | D7 | G |",
    "G C D7 G",
    "|: G | C . D7 . :| % | N.C. |",
    "| G | % | C / / D | [| Am7 |] Em ||",
    "A: | G | C |  B: | Em | D7 . . C |",
    "| sol | la m | do/mi | re 7 |",
    "| Do | Fa | SOL7 | do |",
    "| Dm | Faug | Do |",
    "| G |\n| C | D7 |\n| G |",
    "| G | C | : | D |",
    "|: G :|: C :|",
    "| G | | C |",
    "| % | G |",
    "| N.C. | . |",
    "G | Xm | C",
    "x A: | G |",
    "A: | G | A: | C |",
    "| . G | C |",
    "",
    "|||",
    "| G- | Bb° | F♯m7♭5/E |",
    "| sim | mi | fa#m7/do# | si♭ |",
]


def test_chords_are_read_as_in_python(open_page):
    page = open_page()
    symbols = [root + kind + bass for root in ROOTS for kind in KINDS for bass in ("", "/G", "/Ab", "/x")]
    symbols += ["N.C.", "NC", "n.c.", "no chord", "-", "C" + "7" * 60, "G\n", "D/F#/A"]
    found = page.evaluate(
        "symbols => symbols.map(one => melodyRnn.parseChord(one) ?? String(melodyRnn.parseChord(one)))", symbols
    )
    num_known = 0
    for symbol, own in zip(symbols, found, strict=True):
        try:
            chord = parse_chord(symbol)
        except MelodyError:
            assert own == "undefined", symbol
            continue
        if chord is None:
            assert own == "null", symbol
            continue
        num_known += 1
        quality = QUALITIES.index(chord.quality)
        assert own == {"root": chord.root, "tones": list(chord.tones), "bass": chord.bass, "quality": quality}, symbol
    assert num_known > 1000
    read = (
        "texts => texts.map(text => { try { return melodyRnn.chords(text); } catch (error) { return String(error); } })"
    )
    for text, shares in zip(PROGRESSIONS, page.evaluate(read, PROGRESSIONS), strict=True):
        try:
            progression = parse_progression(text)
        except InvalidArgumentError:
            assert isinstance(shares, str), text
            continue
        now, own = "N.C.", []
        for bars in progression.parts.values():
            for bar in bars:
                for token in bar:
                    now = now if token == HOLD else token
                    own.append([now, 5040 // len(bar)])
        assert shares == own, text


CHORDS = [
    ("chords_rnn", "| G | C G | D7 | G |", {}, {}),
    ("chords_rnn", "| Am | F . . E7 | % | N.C. |", {"meter": "4/4"}, {"meter": "4/4"}),
    ("chords_rnn", "Dm7 G7 Cmaj7 A7b9", {"bars": 16, "key": "D minor"}, {"bars": 16, "key": "D minor"}),
    ("chords_rnn", "| D | A7 D |", {"meter": "6/8"}, {"meter": "6/8"}),
    ("chords_rnn", "A: | G | C | D7 | G |  B: | Em | C | D7 | G |", {}, {}),
    (
        "chords_rnn",
        "| C | Am F | G7 | C |",
        {"primer": True, "hasForm": True},
        {"primer": Tune(PRIMER, ends_note=True)},
    ),
    (
        "chords_rnn",
        "| C | Am F G |",
        {"primer": True, "bars": 5},
        {"primer": Tune(PRIMER, ends_note=True), "num_steps": 80},
    ),
    ("tunes_rnn", "| Em | Am B7 | C | Em |", {}, {}),
    ("tunes_rnn", "| D | G D | Em A7 | D |", {"meter": "3/4"}, {"meter": "3/4"}),
    ("lookback_rnn", "| F | Gm C7 | F |", {"bars": 4}, {"num_steps": 64}),
    (
        "lookback_rnn",
        "| E7 | Am |",
        {"bars": 4, "key": "A minor", "meter": "3/4"},
        {"num_steps": 48, "meter": "3/4", "constraints": Constraints(key="A minor")},
    ),
    ("basic_rnn", "| Bb | Eb F7 |", {"bars": 3}, {"num_steps": 48}),
    ("mono_rnn", "| C | G7 |", {"bars": 2}, {"num_steps": 32}),
    (
        "attention_rnn",
        "| C | G7 |",
        {"primer": True, "bars": 3},
        {"primer": Tune(PRIMER, ends_note=True), "num_steps": 48},
    ),
]


def test_tunes_over_chords_are_those_of_python(open_page):
    page = open_page()
    for name, chords, asked, in_python in CHORDS:
        model = MelodyRNN.from_preset(name, engine="litert")
        if "primer" in asked:
            asked = {**asked, "primer": {"events": PRIMER, "meter": "4/4", "pickupSteps": 0, "qpm": 120}}
        for seed in range(4):
            request = {**asked, "model": name, "seed": seed, "temperatures": [[0, 1]], "topP": 1, "chords": chords}
            found = page.evaluate(TUNE, request)
            (tune,) = model.generate(num_outputs=1, seed=seed, chords=chords, **in_python)
            why = (name, chords, asked, seed)
            assert [tuple(chord.values()) for chord in found["melody"]["chords"]] == list(tune.chords), why
            assert_whole_tune_is(page, found, tune, why)


def test_endings_over_chords_are_those_of_python(open_page):
    page = open_page()
    for name in ("chords_rnn", "tunes_rnn"):
        model = MelodyRNN.from_preset(name, engine="litert")
        bank = model._preset.outlines
        progression = parse_progression("| G | Am D7 | Em C | D7 |")
        places = [place for place, outline in enumerate(bank) if outline.endings and progression.fits(outline)]
        num_endings = 0
        for seed, place in enumerate(places[:: len(places) // 4]):
            request = {"model": name, "seed": seed, "temperatures": [[0, 1]], "topP": 1, "outline": place}
            found = page.evaluate(
                TUNE,
                {**request, "chords": str(progression), "key": "G major", "transposition": None} | own_key(bank[place]),
            )
            outlines = [bank[place]]
            (tune,) = model.generate(num_outputs=1, seed=seed, outlines=outlines, chords=progression)
            assert_whole_tune_is(page, found, tune, (name, place, seed))
            num_endings += sum(len(section.endings) for section in tune.sections)
        assert num_endings > 2


def own_key(outline):
    """Returns the key of an outline as the page is asked for it, so that the outline stays where it is."""
    return {"key": str(outline.key), "transposition": outline.transposition}


def test_the_accompaniment_is_that_of_python(open_page):
    page = open_page()
    rng = random.Random(0)
    num_notes = 0
    for seed in range(60):
        tune = replace(random_tune(random.Random(seed), has_repeats=False), sections=(), qpm=rng.choice([60.0, 120.0]))
        if tune.meter not in PAGE_METERS:
            continue
        steps = sorted({rng.randrange(tune.first_step, len(tune)) for _ in range(8)})
        symbols = ["C", "Am7", "D/F#", "G13", "F#m7b5", "N.C.", "Bb", "E7b9", "Gsus4", "D5"]
        tune = replace(tune, chords=tuple(Chord(step, rng.choice(symbols)) for step in steps))
        score = score_of(tune.played(), fills_last_bar=True)
        try:
            parts = accompany(score, Accompaniment()).parts[1:]
        except MelodyError:
            parts = ()
        first = tune.first_step
        own = {"chords": [], "bass": []}
        for part in parts:
            own["bass" if "bass" in part.name else "chords"] = [
                {
                    "start": float(note.start * 4) + first,
                    "end": float(note.end * 4) + first,
                    "pitch": note.pitch,
                    "strength": note.strength,
                }
                for note in part.notes
            ]
        found = page.evaluate("melody => melodyRnn.accompany(melody)", melody_of(tune))
        for name, notes in own.items():
            assert len(found[name]) == len(notes), (seed, name)
            for one, other in zip(found[name], notes, strict=True):
                assert one == pytest.approx(other), (seed, name, str(tune.meter))
            num_notes += len(notes)
    assert num_notes > 2000


def test_endings_are_those_of_python(open_page):
    page = open_page()
    model = MelodyRNN.from_preset(engine="litert")
    bank = model._preset.outlines
    with_endings = [place for place, outline in enumerate(bank) if outline.endings]
    with_jumps = [place for place, outline in enumerate(bank) if outline.jump]
    num_endings = 0
    for seed, place in enumerate([*with_endings[:: len(with_endings) // 12], *with_jumps[:: len(with_jumps) // 4]]):
        request = {"model": "tunes_rnn", "seed": seed, "temperatures": [[0, 1.1]], "topP": 0.95, "outline": place}
        found = page.evaluate(TUNE, request)
        outlines = [bank[place]]
        (tune,) = model.generate(num_outputs=1, seed=seed, temperature=1.1, top_p=0.95, outlines=outlines)
        assert_whole_tune_is(page, found, tune, (place, seed))
        num_endings += sum(len(section.endings) for section in tune.sections)
    assert num_endings > 8


def test_whole_tunes_after_a_beginning_are_those_of_python(open_page, tmp_path):
    page = open_page()
    model = MelodyRNN.from_preset(engine="litert")
    (tmp_path / "jig.abc").write_text(JIG)
    jig = replace(read_tune(tmp_path / "jig.abc"), ends_note=True)
    beginnings = [
        (parse_primer("C4 D4 E4 G4 | C4 D4 E4 G4 | A4:8 G4:8"), {}),
        (parse_primer("C5 D4 E4 G4 | C5 D4 E4 F4"), {"bars": 32}),
        (Tune(PRIMER * 3, ends_note=True), {"key": "E dorian"}),
        (jig, {}),
        (jig, {"bars": 32, "key": "A major"}),
    ]
    num_endings = 0
    for primer, asked in beginnings:
        plans = [
            plan(model.config, model._preset.outlines, 1, seed, {"primer": primer, **asked}) for seed in range(100)
        ]
        with_endings = [seed for seed, (request,) in enumerate(plans) if request.outlines[0].endings]
        for seed in sorted({*range(4), *with_endings[:2]}):
            request = {**asked, "model": "tunes_rnn", "seed": seed, "temperatures": [[0, 1]], "topP": 1}
            found = page.evaluate(TUNE, {**request, "primer": in_page(primer), "hasForm": True})
            (tune,) = model.generate(num_outputs=1, seed=seed, primer=primer, **asked)
            assert_whole_tune_is(page, found, tune, (str(primer), asked, seed))
            num_endings += sum(len(section.endings) for section in tune.sections)
            assert found["melody"]["key"] == str(tune.key)
    assert num_endings > 2


def test_a_tune_is_written_changed_saved_and_shared(open_page, screenshots, tmp_path):
    opened = time.perf_counter()
    page = open_page()
    print(f"\nfrom opening the page to its model: {time.perf_counter() - opened:.2f} s")
    page.locator("#seed").fill("7")
    page.locator("#meter").select_option("6/8")
    page.locator("#temperature").fill("0.9")
    press(page, "Generate")
    print(f"from click to tune: {written(page)}")
    (tune,) = MelodyRNN.from_preset(engine="litert").generate(num_outputs=1, seed=7, meter="6/8", temperature=0.9)
    first = notes_of(page)
    assert len(first) == sum(event >= 0 for event in tune.events)
    page.locator(".roll .note.active").first.wait_for()
    page.locator(".sheet .sounding").first.wait_for()
    page.screenshot(path=screenshots / "page_1280.png")
    press(page, "Stop")
    assert page.locator("#app .tune .summary").text_content().startswith(f"Notes: {len(first)}. Bars: ")

    with page.expect_download() as download:
        press(page, "Save .mid")
    download.value.save_as(tmp_path / "saved.mid")
    saved = [note.pitch for note in read_score(tmp_path / "saved.mid").parts[0].notes]
    assert saved[: len(first) // 2] == [event for event in tune.played().events if event >= 0][: len(first) // 2]
    for kind in ("abc", "musicxml"):
        with page.expect_download() as download:
            press(page, f"Save .{kind}")
        download.value.save_as(tmp_path / f"saved.{kind}")
        assert [e for e in read_tune(tmp_path / f"saved.{kind}").events if e >= 0] == [e for e in tune.events if e >= 0]

    fragment = page.evaluate("location.hash")
    press(page, "Hold bar 2")
    page.locator("#seed").fill("8")
    press(page, "Write the other bars anew")
    page.wait_for_function("fragment => location.hash !== fragment", arg=fragment)
    anew = notes_of(page)
    in_bar_2 = [note.split(":")[0] for note in first if "bar 2:" in note]
    assert [note.split(":")[0] for note in anew if "bar 2:" in note] == in_bar_2
    assert anew != first
    changed = page.evaluate("location.hash")
    press(page, "Stop")
    press(page, "Undo")
    assert notes_of(page) == first
    press(page, "Redo")
    assert notes_of(page) == anew

    for link, notes in ((fragment, first), (changed, anew)):
        again = open_page(f"?again{link}", says="Written in")
        assert notes_of(again) == notes


def test_chords_are_asked_for_heard_saved_and_shared(open_page, screenshots, tmp_path):
    page = open_page()
    page.locator("#model").select_option("chords_rnn")
    page.get_by_text("chords_rnn is ready.").wait_for()
    page.get_by_label("Chords", exact=True).fill("| G | Xyz |")
    press(page, "Generate")
    assert "“Xyz” is no chord" in page.locator("#chords-problem").text_content()
    assert page.locator("#chords").get_attribute("aria-describedby") == "chords-problem"
    page.get_by_label("Chords", exact=True).fill("| G | C G | D7 | G |")
    page.locator("#chords").press("Tab")
    assert page.locator("#chords-problem").text_content() == ""
    page.get_by_text("chords_rnn hears the chords.").wait_for()
    page.locator("#seed").fill("3")
    press(page, "Generate")
    written(page)
    page.locator(".sheet .abcjs-chord").first.wait_for()
    page.locator(".roll .note.active").first.wait_for()
    page.screenshot(path=screenshots / "page_chords_1280.png", full_page=True)
    press(page, "Stop")
    (tune,) = MelodyRNN.from_preset("chords_rnn", engine="litert").generate(
        num_outputs=1, seed=3, chords="| G | C G | D7 | G |"
    )
    symbols = [chord.symbol for chord in tune.chords]
    assert page.locator(".sheet .abcjs-chord").all_text_contents() == symbols
    for kind in ("abc", "musicxml"):
        with page.expect_download() as download:
            press(page, f"Save .{kind}")
        download.value.save_as(tmp_path / f"saved.{kind}")
        assert read_tune(tmp_path / f"saved.{kind}").chords == tune.chords
    for is_along, num_parts in ((True, 3), (False, 1)):
        page.get_by_label("Play the chords").set_checked(is_along)
        with page.expect_download() as download:
            press(page, "Save .mid")
        download.value.save_as(tmp_path / "saved.mid")
        score = read_score(tmp_path / "saved.mid")
        assert len(score.parts) == num_parts
        assert [part.is_accompaniment for part in score.parts] == [False, True, True][:num_parts]
        assert [chord.symbol for chord in score.chords] == [chord.symbol for chord in tune.played().chords]
    notes = notes_of(page)
    again = open_page(f"?again{page.evaluate('location.hash')}", says="Written in")
    assert notes_of(again) == notes
    assert again.locator("#chords").input_value() == "| G | C G | D7 | G |"

    page.set_viewport_size({"width": 390, "height": 844})
    page.locator("#language").select_option("es")
    page.get_by_label("Acordes", exact=True).fill("| sol | do sol | re7 | zas |")
    press(page, "Generar")
    assert "«zas» no es ningún acorde" in page.locator("#chords-problem").text_content()
    page.get_by_label("Acordes", exact=True).fill("| sol | do sol | re7 | sol |")
    page.locator("#model").select_option("tunes_rnn")
    page.get_by_text("tunes_rnn no oye los acordes").wait_for()
    press(page, "Generar")
    page.get_by_text("Escrita en").wait_for()
    page.locator(".sheet .abcjs-chord").first.wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.screenshot(path=screenshots / "page_chords_390.png", full_page=True)
    page.get_by_label("Acordes", exact=True).fill("| sol " * 101 + "|")
    page.locator("#bars").select_option("")
    press(page, "Generar")
    page.locator("#chords-problem").get_by_text("no llenan por igual").wait_for()


def test_the_distribution_follows_the_temperature(open_page):
    page = open_page()
    page.locator("#model").select_option("basic_rnn")
    page.get_by_text("basic_rnn is ready.").wait_for()
    page.locator("#seed").fill("3")
    press(page, "Generate")
    written(page)
    press(page, "Stop")
    page.locator("#position").fill("9")
    page.locator("#temperature").fill("0.05")
    page.get_by_text("with T = 0.05").wait_for()
    sure = page.locator(".next .hint").text_content()
    assert "100 %" in sure or "99" in sure
    page.locator("#temperature").fill("2")
    page.get_by_text("with T = 2").wait_for()
    assert "100 %" not in page.locator(".next .hint").text_content()
    tallest = max(float(bar.get_attribute("height")) for bar in page.locator(".next .bar").all())
    assert 0 < tallest < 110


def test_a_tune_written_while_it_plays_comes_again_from_its_link(open_page):
    page = open_page()
    page.locator("#model").select_option("lookback_rnn")
    page.get_by_text("lookback_rnn is ready.").wait_for()
    page.locator("#bars").select_option("2")
    page.locator("#tempo").fill("400")
    press(page, "Write while it plays")
    page.wait_for_function("() => document.querySelectorAll('.roll .note').length > 2")
    page.locator("#temperature").fill("0.3")
    page.wait_for_function("() => location.hash.length > 1")
    notes = notes_of(page)
    assert notes_of(open_page(f"?again{page.evaluate('location.hash')}", says="Written in")) == notes


def test_a_call_is_answered(open_page):
    page = open_page()
    page.locator("#model").select_option("lookback_rnn")
    page.get_by_text("lookback_rnn is ready.").wait_for()
    page.locator("#tempo").fill("200")
    page.locator("#call-bars").select_option("1")
    press(page, "Play a call")
    page.get_by_text("Play now.").wait_for()
    for key in "adg":
        page.keyboard.press(key, delay=100)
    written(page)
    assert "Bars: 2, in 4/4." in page.locator("#app .tune .summary").text_content()
    assert any(note.endswith("given") for note in notes_of(page))


SOUND = """async melody => {
  const buffer = await melodyRnn.sound(melody);
  const [left, right] = [buffer.getChannelData(0), buffer.getChannelData(1)];
  const bytes = new Uint8Array(Float32Array.from(left, (value, place) => (value + right[place]) / 2).buffer);
  let text = '';
  for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.slice(at, at + 8192));
  const peak = samples => samples.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return { rate: buffer.sampleRate, peak: Math.max(peak(left), peak(right)), samples: btoa(text) };
}"""


def cents_off(samples, rate, pitch):
    """Returns how far the strongest partial around a pitch lies from it."""
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples)), 16 * len(samples)))
    hertz = np.fft.rfftfreq(16 * len(samples), 1 / rate)
    wanted = 440 * 2 ** ((pitch - 69) / 12)
    around = np.abs(np.log2(np.maximum(hertz, 1) / wanted)) < 1.5 / 12
    return 1200 * np.log2(hertz[around][spectrum[around].argmax()] / wanted)


def test_what_sounds_is_the_tune(open_page):
    page = open_page()
    pitches = [48, 52, 55, 60, 64, 67, 72, 76, 79, 84, 88]
    events = [event for pitch in pitches for event in (pitch, -2, -2, -2)] + [-1, -2, -2, -2]
    melody = {"events": events, "stepsPerBar": 16, "meter": [4, 4], "quartersPerMinute": 120, "pickupSteps": 0}
    found = page.evaluate(SOUND, melody)
    rate, samples = found["rate"], np.frombuffer(base64.b64decode(found["samples"]), np.float32)
    assert 0.1 < found["peak"] < 1
    assert len(samples) == round((len(events) / 8 + 1) * rate)
    for place, pitch in enumerate(pitches):
        start = round((place / 2 + 0.03) * rate)
        own = samples[start : start + round(0.4 * rate)]
        assert abs(cents_off(own, rate, pitch)) < 12, pitch
        assert -36 < 20 * np.log10(np.sqrt(np.mean(own**2))) < -9, pitch
    # Before the first note, and when the last one has rung out, there is silence.
    assert np.abs(samples[-round(0.5 * rate) :]).max() < 1e-3


def test_without_webassembly_a_sentence_says_so(chromium, serve, site):
    with serve(site) as url:
        page = chromium.new_page()
        page.set_default_timeout(MILLISECONDS)
        page.add_init_script("delete window.WebAssembly")
        page.goto(url)
        page.get_by_text("This browser has no WebAssembly").wait_for()
        assert page.locator("button.primary").is_disabled()
        page.close()


def test_a_phone_in_spanish(open_page, screenshots):
    page = open_page(width=390, height=844)
    page.locator("#language").select_option("es")
    press(page, "Generar")
    page.get_by_text("Escrita en").wait_for()
    page.locator(".sheet svg").first.wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.evaluate("document.documentElement.lang") == "es"
    unnamed = page.evaluate(
        "[...document.querySelectorAll('input, select, button')].filter(one => !one.labels?.length && "
        "!one.textContent.trim() && !one.getAttribute('aria-label')).map(one => one.outerHTML)"
    )
    assert unnamed == []
    page.screenshot(path=screenshots / "page_390.png")


def test_what_is_wrong_is_told_and_nothing_is_lost(open_page, tmp_path):
    page = open_page("#nonsense", says="The address holds no tune")
    page.locator("#seed").fill("5")
    press(page, "Generate")
    written(page)
    press(page, "Stop")
    notes = notes_of(page)
    broken = tmp_path / "broken.mid"
    broken.write_bytes(b"MThd, or not")
    page.locator("#file").set_input_files(broken)
    page.wait_for_function("() => document.querySelector('.beginning .problem').textContent")
    for value in ("1.5", "-1", "4294967296", "x"):
        page.locator("#seed").fill(value)
        press(page, "Generate")
        assert "whole number" in page.locator("#seed-problem").text_content()
    page.locator("#seed").fill("")
    assert notes_of(page) == notes

    long = tmp_path / "long.abc"
    long.write_text("X:1\nM:4/4\nL:1/4\nK:C\nCDEF|GABc|cBAG|\n")
    page.locator("#file").set_input_files(long)
    page.get_by_text("Generate goes on from here.").wait_for()
    page.get_by_label("Make a whole tune of the beginning").uncheck()
    page.locator("#bars").select_option("2")
    press(page, "Generate")
    page.locator("#bars-problem").get_by_text("choose more bars").wait_for()
    page.locator("#bars").select_option("4")
    press(page, "Generate")
    page.get_by_text("Written in").wait_for()
    assert sum(note.endswith("given") for note in notes_of(page)) == 12

    page.get_by_label("Make a whole tune of the beginning").check()
    page.locator("#seed").fill("4")
    press(page, "Generate")
    page.get_by_text("seed 4.").wait_for()
    assert sum(note.endswith("given") for note in notes_of(page)) == 12
    assert len(notes_of(page)) > 30
    odd = tmp_path / "odd.abc"
    odd.write_text("X:1\nM:5/4\nL:1/4\nK:C\nCDEFG|\n")
    page.locator("#file").set_input_files(odd)
    page.get_by_text("No training tune has this meter, pickup and key").wait_for()
