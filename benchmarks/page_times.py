"""How long the page takes in Chromium: from opening it to the first sound, and from a click to the tune.

usage: python benchmarks/page_times.py [--rounds N] [--clicks N] [--model NAME]

Each round opens the page in a browser that has not seen it, presses Generate as soon as that can be pressed, and then
some times more, each time for a fresh tune of the model's own length. 'First sound' is when the first note leaves the
synthesiser, by the clock of the page, whose zero is the opening. 'Tune' is when the page says that it is written; it
plays from there on. 'From the command' starts `melody-rnn page` as well. Where other programs share the processors the
fastest tells more than the median, and 'work', the processor time of the browser, more than both. Needs Chromium and
the extra `dev`.
"""

import argparse
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from click_to_sound import busy_seconds
from playwright.sync_api import Page, Playwright, sync_playwright

TARGETS = {"opening to first sound": 3.0, "first click to tune": 0.5, "later click to tune": 0.5}
FROM_COMMAND = "from the command"
PATIENCE_MS = 120_000
HEAR = """
window.strikes = [];
window.clicks = [];
window.tunes = [];
const start = AudioBufferSourceNode.prototype.start;
AudioBufferSourceNode.prototype.start = function (when = 0) {
  strikes.push(performance.now() + 1000 * Math.max(0, when - this.context.currentTime));
  return start.apply(this, arguments);
};
addEventListener('click', (event) => clicks.push(event.timeStamp), { capture: true });
addEventListener('DOMContentLoaded', () => {
  const say = () => {
    const text = document.querySelector('.status')?.textContent ?? '';
    if (text.startsWith('Written in') && text !== window.said) tunes.push(performance.now());
    window.said = text;
  };
  new MutationObserver(say).observe(document, { childList: true, subtree: true, characterData: true });
});
"""
FREE_GENERATE = "() => [...document.querySelectorAll('button.primary')].some((button) => !button.disabled)"
Times = dict[str, list[tuple[float, float]]]


def main() -> None:
    """Times the page and prints medians, the fastest and the slowest, and the processor time."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--clicks", type=int, default=6)
    parser.add_argument("--model", default="tunes_rnn")
    arguments = parser.parse_args()
    if not (browser := shutil.which("chromium")):
        parser.error("there is no chromium here")
    times: Times = {name: [] for name in (*TARGETS, FROM_COMMAND)}
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        folder = Path(name)
        command = [Path(sys.executable).parent / "melody-rnn", "page", "--model", arguments.model]
        subprocess.run([*command, "--output", folder / "site"], check=True, capture_output=True)
        for number in range(arguments.rounds):
            with served([sys.executable, "-m", "http.server", "--bind", "127.0.0.1"], folder / "site") as (address, _):
                visit(playwright, browser, folder / f"profile{number}", address, arguments.clicks, times)
            with served([*command, "--no-browser", "--port"], folder) as (address, started):
                before = time.time() - started
                own: Times = {name: [] for name in TARGETS}
                visit(playwright, browser, folder / f"own{number}", address, 1, own)
                ((seconds, work),) = own["opening to first sound"]
                times[FROM_COMMAND].append((before + seconds, work))
    print(f"{arguments.model:25} {'median':>7} {'fastest':>8} {'slowest':>8} {'work':>7}")
    for name, values in times.items():
        seconds, work = [own for own, _ in values], [own for _, own in values]
        line = f"{statistics.median(seconds):5.2f} s {min(seconds):6.2f} s {max(seconds):6.2f} s"
        target = f"   at most {TARGETS[name]} s" if name in TARGETS else ""
        print(f"{name:25} {line} {statistics.median(work):5.2f} s{target}")


@contextmanager
def served(command: list[object], folder: Path, port: int = 8765) -> Iterator[tuple[str, float]]:
    """Runs a server whose last argument is its port; gives its address, when it answers, and when it was started."""
    address, started = f"http://127.0.0.1:{port}/", time.time()
    quiet = subprocess.DEVNULL
    with subprocess.Popen([*map(str, command), str(port)], cwd=folder, stdout=quiet, stderr=quiet) as process:
        try:
            while True:
                try:
                    urllib.request.urlopen(address).close()
                    break
                except urllib.error.URLError:
                    if process.poll() is not None:
                        raise SystemExit(f"{command[0]} ended; is port {port} free?") from None
                    time.sleep(0.01)
            yield address, started
        finally:
            process.terminate()


def visit(playwright: Playwright, browser: str, profile: Path, address: str, num_clicks: int, times: Times) -> None:
    """Opens the page in a fresh browser, and adds its times and processor times in seconds."""
    context = playwright.chromium.launch_persistent_context(
        profile, executable_path=browser, args=["--no-sandbox"], viewport={"width": 1280, "height": 800}
    )
    page = context.pages[0]
    page.set_default_timeout(PATIENCE_MS)
    page.add_init_script(HEAR)
    before = busy_seconds()
    page.goto(address)
    page.wait_for_function(FREE_GENERATE)
    first = click(page)
    page.wait_for_function("() => strikes.length > 0")
    times["opening to first sound"].append((page.evaluate("strikes[0]") / 1000, busy_seconds() - before))
    times["first click to tune"].append(first)
    for _ in range(num_clicks - 1):
        # A listener hears some of a tune before asking for another.
        page.wait_for_timeout(1500)
        times["later click to tune"].append(click(page))
    context.close()


def click(page: Page) -> tuple[float, float]:
    """Presses Generate and returns the seconds until the tune is there, and the processor time for it."""
    number, before = page.evaluate("tunes.length"), busy_seconds()
    page.locator("button.primary").click()
    page.wait_for_function("number => tunes.length > number", arg=number)
    seconds: float = page.evaluate("tunes.at(-1) - clicks.at(-1)") / 1000
    return seconds, busy_seconds() - before


if __name__ == "__main__":
    main()
