"""The first call of a cached gradient in a fresh process, against that of a trivial cached `@njit` function.

The command is `python benchmarks/second_process.py [--repeats 9]`. Both functions are compiled into empty caches by
a first process. Then fresh processes take turns; each imports what it needs, calls its function once and reports
the seconds from process start and from the call to the result, and for the gradient whether anything was
transformed or compiled. Printed: medians and minima, and the difference.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

GRADIENT = """
import time, json, sys
import numpy as np
import adtrans
from adtrans import demo
split = demo.load()
gradient = adtrans.value_and_grad(demo.logistic_loss, argnums=("w", "b"))
args = (np.zeros(split.x.shape[1]), 0.0, split.x, split.y, demo.DECAY)
before = time.perf_counter()
value, _ = gradient(*args)
seconds = time.perf_counter() - before
found = next(iter(gradient.specialisations.values()))
done = {"call": seconds, "transformed": found.reading is not None, "from_cache": gradient.latest.from_cache}
print(json.dumps(done))
"""

TRIVIAL = """
import time, json, sys
import numpy as np
sys.path.insert(0, {place!r})
before = time.perf_counter()
import trivial
trivial.twice(np.zeros(3))
print(json.dumps({{"call": time.perf_counter() - before}}))
"""

MODULE = """
import numba
@numba.njit(cache=True)
def twice(x):
    return 2.0 * x[0]
"""


def timed(text, environment):
    """What a fresh process prints, with the seconds of the whole process."""
    import time

    before = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", text], env=environment, capture_output=True, text=True, check=True)
    return {**json.loads(done.stdout), "process": time.perf_counter() - before}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=9)
    repeats = parser.parse_args().repeats
    with tempfile.TemporaryDirectory() as place:
        (Path(place) / "trivial.py").write_text(MODULE)
        environment = {**os.environ, "ADTRANS_CACHE_DIR": f"{place}/cache", "NUMBA_CACHE_DIR": f"{place}/numba"}
        texts = {"gradient": GRADIENT, "trivial": TRIVIAL.format(place=place)}
        first = {name: timed(text, environment) for name, text in texts.items()}
        runs = {name: [] for name in texts}
        for _ in range(repeats):
            for name, text in texts.items():
                runs[name].append(timed(text, environment))
    again = runs["gradient"]
    print(f"transformed in a later process: {any(run['transformed'] for run in again)}; "
          f"from the cache: {all(run['from_cache'] for run in again)}")
    for what in ("call", "process"):
        print(f"{what}: seconds")
        for name, found in runs.items():
            seconds = [run[what] for run in found]
            print(f"  {name:9} median {statistics.median(seconds):.3f}, least {min(seconds):.3f}, "
                  f"first process {first[name][what]:.3f}")
        both = [statistics.median(run[what] for run in runs[name]) for name in texts]
        print(f"  difference of the medians {both[0] - both[1]:+.3f}")


if __name__ == "__main__":
    main()
