"""Timing of contenders that take turns: functions and ways to prepare their arguments in, the shortest times out.

    alone()                                     # first thing in `main`: one core, one thread, three quarters of memory
    times = alternate({"numba": Contender(run, prepare), "jax": Contender(other, prepare)}, seconds=0.5, repeat=200)

What `prepare` does is not timed: procedures that work in place get their arguments back there. Every contender runs
once before anything is timed, so compiling is not timed either.
"""

import math
import os
import sys
import time
from collections.abc import Callable
from typing import Any, NamedTuple

try:
    import resource
except ImportError:  # not on Windows
    resource = None

THREADS = {
    "NUMBA_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1",
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1", "JAX_PLATFORMS": "cpu",
    "JAX_ENABLE_X64": "1", "ADTRANS_BENCH_ALONE": "1",
    "PYTHONWARNINGS": "ignore",  # Numba's advice on layouts
}
CLOCKS = {"wall": time.perf_counter, "cpu": time.process_time}


class Contender(NamedTuple):
    """`run(*prepare())` is one run; `gradients(result)` reads the adjoints, by name, that a run has left."""

    run: Callable
    prepare: Callable[[], tuple] = tuple
    gradients: Callable[[Any], dict] | None = None


def alone():
    """Start this process again on one core, with one thread in every library; libraries read that when imported.

    Memory is limited, so that a contender that keeps too much fails instead of the machine.
    """
    if os.environ.get("ADTRANS_BENCH_ALONE"):
        return
    if resource is not None:
        most = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") * 3 // 4
        resource.setrlimit(resource.RLIMIT_DATA, (most, most))
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    sys.stdout.flush()
    os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], {**os.environ, **THREADS})


def alternate(contenders, seconds, repeat, least=3, clock="wall"):
    """The shortest time of each contender, by name: up to `repeat` runs each, and no more than `seconds`.

    `clock` "cpu" counts what the processor did for this process. Where others use it too, it goes to them every few
    milliseconds, and a run that takes longer than that never has the time on the wall that it would have alone.
    """
    best = dict.fromkeys(contenders, math.inf)
    spent, runs = dict.fromkeys(contenders, 0.0), dict.fromkeys(contenders, 0)
    racing = list(contenders)
    while racing:
        for name in list(racing):
            took = once(contenders[name], CLOCKS[clock])
            best[name] = min(best[name], took)
            spent[name] += took
            runs[name] += 1
            enough = runs[name] >= least or took > seconds
            if runs[name] >= repeat or enough and spent[name] >= seconds:
                racing.remove(name)
    return best


def once(contender, clock=time.perf_counter):
    """Seconds of one run."""
    args = contender.prepare()
    before = clock()
    contender.run(*args)
    return clock() - before


def difference(given, wanted):
    """The largest difference of adjoints by name, relative to the largest number of each."""
    import numpy as np

    worst = 0.0
    for name, other in wanted.items():
        mine, other = np.asarray(given[name], float), np.asarray(other, float)
        if mine.shape != other.shape:
            raise ValueError(f"{name}: shape {mine.shape}, not {other.shape}")
        scale = float(np.max(np.abs(other), initial=0.0)) or 1.0
        worst = max(worst, float(np.max(np.abs(mine - other), initial=0.0)) / scale)
    return math.inf if math.isnan(worst) else worst


def geometric_mean(values):
    """The geometric mean; NaN of nothing."""
    values = [value for value in values if value is not None]
    return math.exp(sum(map(math.log, values)) / len(values)) if values else math.nan


def ratio(above, below):
    """A quotient of times, None where one of them is missing."""
    return above / below if above is not None and below else None
