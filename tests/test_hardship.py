"""What Python programs do to a model: threads, forks, interrupts, thousands of calls, and another backend."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from melody_rnn.model import MelodyRNN


@pytest.fixture(scope="module")
def model() -> MelodyRNN:
    return MelodyRNN.from_preset("basic_rnn", engine="litert")


def events(model: MelodyRNN, seed: int) -> list[tuple[int, ...]]:
    return [tune.events for tune in model.generate(num_outputs=2, num_steps=12, seed=seed)]


def test_eight_threads_get_what_one_gets(model: MelodyRNN):
    alone = [events(model, seed) for seed in range(16)]
    assert alone[0] != alone[1]
    standard_error = os.fstat(2)
    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(lambda seed: events(model, seed), range(16))) == alone
    assert os.path.samestat(os.fstat(2), standard_error)


def test_an_interrupted_run_leaves_the_model_as_it_was(model: MelodyRNN):
    def interrupt(count: int) -> None:
        raise KeyboardInterrupt

    before = events(model, 3)
    with pytest.raises(KeyboardInterrupt):
        model.generate(num_outputs=40, num_steps=12, seed=3, on_done=interrupt)
    assert events(model, 3) == before


GROWTH = """
import gc, os, resource
from melody_rnn.model import MelodyRNN

def resident():
    gc.collect()
    return int(open("/proc/self/statm").read().split()[1]) * resource.getpagesize()

model = MelodyRNN.from_preset("basic_rnn", engine="litert")
call = lambda seed: [tune.events for tune in model.generate(num_outputs=1, num_steps=6, seed=seed)]
for seed in range(150):
    call(seed)
before = resident()
for seed in range(450):
    call(seed)
grown = resident() - before
alone = call(7)
read, write = os.pipe()
if not os.fork():
    os.write(write, repr(call(7)).encode())
    os._exit(0)
os.wait()
assert os.read(read, 100_000).decode() == repr(alone)
print(grown)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_calls_take_no_memory_each_and_a_fork_gives_the_same():
    told = subprocess.run([sys.executable, "-c", GROWTH], capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stderr
    # A leak of one melody's arrays would be more; so much is what the allocator keeps.
    assert int(told.stdout) < 2**22


@pytest.mark.parametrize("backend", ["torch", "jax"])
def test_another_backend_of_keras_is_named_at_import(backend: str):
    told = subprocess.run(
        [sys.executable, "-c", "import melody_rnn.network"], env={**os.environ, "KERAS_BACKEND": backend},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert told.returncode == 1
    assert f"ModelError: Keras runs on {backend} here" in told.stderr.splitlines()[-1]
