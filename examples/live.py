"""Writes a melody in time, a bar a line, and takes orders while it does.

usage: python examples/live.py [MODEL]

Type, and press Enter: a number for the temperature, a key such as D dorian for the next bar on, free for any key again,
stop to end. The tune is written to live.mid.
"""

import sys
import threading
import time

from melody_rnn import Constraints, MelodyRNN, MelodyRNNError, Stream

QPM = 100
NAMES = ["C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B"]


def obey(stream: Stream) -> None:
    """Takes orders, a line each, until there are no more."""
    for order in map(str.strip, sys.stdin):
        try:
            if order == "stop":
                stream.stop()
            elif order == "free":
                stream.constrain(None)
            elif order.replace(".", "", 1).isdigit():
                stream.steer(temperature=float(order))
            elif order:
                stream.constrain(Constraints(key=order))
        except MelodyRNNError as error:
            print(error)


model = MelodyRNN.from_preset(sys.argv[1] if len(sys.argv) > 1 else "attention_rnn")
stream = model.stream("C4:4 E4:4 G4:4 E4:4", num_steps=512, qpm=QPM)
threading.Thread(target=obey, args=[stream], daemon=True).start()
due = time.monotonic()
for event in stream:
    due += 60 / QPM / model.config.steps_per_quarter
    time.sleep(max(due - time.monotonic(), 0))
    shown = {-2: "-", -1: "."}.get(event) or f"{NAMES[event % 12]}{event // 12 - 1}"
    is_bar_end = len(stream.events) % stream.outline.steps_per_bar == 0
    print(f"{shown:4}", end="\n" if is_bar_end else "", flush=True)
print(stream.tune().write("live.mid"))
