"""How long a musician waits in the listening room: from the click on Generate until the new tune can be played.

usage: python benchmarks/click_to_sound.py [--rounds N] [--application jupyterlab|notebook]

Whole tunes of 32 bars in a headless Chromium, with a seed of their own each. 'work' is the processor time that the
kernel, the server and the browser take for a tune together: what the wait comes to where nothing else runs. Needs
Chromium and the extra `dev`.
"""

import argparse
import shutil
import statistics
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from playwright.sync_api import sync_playwright
from psutil import NoSuchProcess, Process

from tests.browser.listening_notebook import (
    PLACES,
    button,
    chosen,
    click_and_wait,
    play_length,
    run_all,
    serving,
    typed,
)


def busy_seconds() -> float:
    """Returns the processor time of all processes that this one has started and that still run."""
    total = 0.0
    for process in Process().children(recursive=True):
        try:
            times = process.cpu_times()
        except NoSuchProcess:
            continue
        total += times.user + times.system
    return total


def main() -> None:
    """Times the room for some meters and temperatures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--application", choices=list(PLACES), default="jupyterlab")
    arguments = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        serving(arguments.application, Path(folder)) as address,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        run_all(page, address)
        typed(page, "form", "AABB")
        typed(page, "bars", "32")
        print(f"{'meter':>6} {'T':>4} {'plays':>7} {'median':>8} {'fastest':>8} {'slowest':>8} {'work':>7}")
        for meter, temperature in (("4/4", "1"), ("4/4", "2"), ("6/8", "1")):
            chosen(page, "meter", meter)
            typed(page, "temperature", temperature)
            click_and_wait(button(page, "Generate"))
            before = busy_seconds()
            times = [click_and_wait(button(page, "Generate")) / 1000 for _ in range(arguments.rounds)]
            work = (busy_seconds() - before) / len(times)
            plays, usual = play_length(page, page.locator("audio").first), statistics.median(times)
            print(
                f"{meter:>6} {temperature:>4} {plays:6.0f}s {usual:7.2f}s {min(times):7.2f}s {max(times):7.2f}s "
                f"{work:6.2f}s"
            )
        browser.close()


if __name__ == "__main__":
    main()
