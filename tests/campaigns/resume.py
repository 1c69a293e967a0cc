"""Training killed at random moments and resumed, and checkpoints damaged: nothing is lost, nothing is loaded silently.

    python -m tests.campaigns.resume [--kills 50] [--flips 25000]

Each training runs in a process of its own that is killed (SIGKILL) up to three times; the parameters, state and history
in the end must be those of a run that was not, bit for bit. Every truncation of a checkpoint and that many single bits
flipped must be noticed, and the checkpoint before must load. The command fails where one is not.
"""

import argparse
import random
import signal
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np

from adtrans import optim
from adtrans.errors import CheckpointError
from adtrans.optim import checkpoint

EPOCHS = 60
FAMILIES = {
    "first-order": lambda: optim.sgd(optim.schedules.cosine_decay(0.05, 2000), momentum=0.9, nesterov=True),
    "adaptive": lambda: optim.chain(optim.clip_by_global_norm(1.0), optim.adamw(0.01)),
    "averaged": lambda: optim.chain(optim.adam(0.01), optim.ema_parameters(0.99)),
    "schedule-free": lambda: optim.schedule_free_adamw(0.01),
    "matrix": lambda: optim.muon(0.02),
}


def loss(w, b, x, y):
    return np.mean((np.tanh(x @ w) @ b - y) ** 2)


def train(family, path, resume):
    """One training; the callback makes it slow enough to be killed."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 6))
    y = np.sin(x[:, 0])
    start = (0.5 * rng.normal(size=(6, 8)), 0.5 * rng.normal(size=8))

    def wait(progress):
        if path is not None:
            time.sleep(0.004)

    return optim.fit(loss, start, (x, y), FAMILIES[family](), batch_size=16, epochs=EPOCHS, seed=1, patience=1000,
                     validation_data=(x[:50], y[:50]), callback=wait, checkpoint=path, resume=resume)


def killed(family, path, draw):
    """Run to the end in processes that are killed on the way; the number of kills."""
    kills = 0
    while True:
        process = subprocess.Popen([sys.executable, "-m", "tests.campaigns.resume", "--train", family, str(path)],
                                   stdout=subprocess.PIPE, text=True)
        process.stdout.readline()  # compiled, and about to begin
        if kills < 3:
            try:
                process.wait(draw.uniform(0.0, 0.35))
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                kills += 1
        if process.wait() == 0:
            return kills


def same(one, other):
    arrays = [(a, b) for name in one.state.arrays for a, b in zip(one.state.arrays[name], other.state.arrays[name])]
    return one.history == other.history and all(np.array_equal(a, b) for a, b in [*zip(one.params, other.params), *arrays])


def damage(path, flips, draw):
    """How many damaged files were loaded."""
    content, wrong = path.read_bytes(), 0
    places = [draw.randrange(8 * len(content)) for _ in range(flips)]
    for damaged in [*(content[:k] for k in range(len(content))), *(flipped(content, place) for place in places)]:
        try:
            checkpoint.parsed(damaged)
            wrong += 1
        except CheckpointError:
            pass
    path.write_bytes(flipped(content, places[0]))
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        before = optim.load(path)
    return wrong + (len(seen) != 1 or before.epoch != EPOCHS - 1)


def flipped(content, place):
    damaged = bytearray(content)
    damaged[place // 8] ^= 1 << place % 8
    return bytes(damaged)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--flips", type=int, default=25000)
    parser.add_argument("--train", nargs=2, metavar=("FAMILY", "PATH"))
    options = parser.parse_args()
    if options.train:
        optim.fit(loss, (np.zeros((6, 8)), np.zeros(8)), (np.zeros((16, 6)), np.zeros(16)), FAMILIES[options.train[0]](),
                  batch_size=16)
        print("ready", flush=True)
        train(options.train[0], Path(options.train[1]), True)
        return
    draw, failed, kills = random.Random(0), [], 0
    wholes = {family: train(family, None, False) for family in FAMILIES}
    with tempfile.TemporaryDirectory() as folder:
        run = 0
        while kills < options.kills:
            family = list(FAMILIES)[run % len(FAMILIES)]
            path = Path(folder) / f"{run}.npz"
            kills += killed(family, path, draw)
            if not same(wholes[family], train(family, path, True)):
                failed.append(f"{family}, run {run}")
            run += 1
        print(f"{kills} kills in {run} runs, {len(failed)} different in the end")
        wrong = damage(path, options.flips, draw)
        print(f"{options.flips} bits flipped and every truncation of {path.stat().st_size} bytes: {wrong} not noticed")
    sys.exit(f"failed: {failed}" if failed or wrong else 0)


if __name__ == "__main__":
    main()
