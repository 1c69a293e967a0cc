"""Large arrays of compiled code come from memory that is kept: never one block for two arrays, never more than allowed.
"""

import os
import subprocess
import sys
import threading

import numpy as np
import pytest

import adtrans
from adtrans.backend import pool

numba_runs = pytest.mark.skipif(os.environ.get("NUMBA_DISABLE_JIT") == "1", reason="nothing is compiled")
LARGE = 200_000


def chain(x, steps):
    y = x.copy()
    for _ in range(steps):
        for i in range(len(y)):
            y[i] = y[i] * y[i] + x[i]
    return np.sum(y)


@pytest.fixture
def gradient():
    pool.release()
    made = adtrans.grad(chain)
    made(np.linspace(0.0, 0.5, LARGE), 3)
    return made


@numba_runs
def test_memory_is_kept_and_used_again(gradient):
    x = np.linspace(0.0, 0.5, LARGE)
    first = gradient(x, 3)
    kept = pool.kept()
    assert kept >= LARGE * 8
    assert np.array_equal(gradient(x, 3), first)
    assert kept - 9 * LARGE <= pool.kept() <= kept + 9 * LARGE


@numba_runs
def test_results_stay_what_they_are(gradient):
    """A result is not memory of the next call, as long as someone has it."""
    points = [np.full(LARGE, value) for value in (0.1, 0.2, 0.3)]
    results = [gradient(point, 2) for point in points]
    for point, result in zip(points, results):
        assert np.array_equal(result, gradient(point, 2))
    assert len({result.ctypes.data for result in results}) == 3
    assert all(result.ctypes.data % pool.ALIGNMENT == 0 for result in results)


@numba_runs
def test_released_memory_is_gone(gradient):
    result = gradient(np.full(LARGE, 0.1), 2)
    kept = pool.kept()
    assert adtrans.release_memory() == kept > 0
    assert pool.kept() == 0
    copy = result.copy()
    gradient(np.full(LARGE, 0.7), 2)
    assert np.array_equal(result, copy)
    del result
    assert pool.kept() > 0


@numba_runs
def test_no_more_is_kept_than_allowed(gradient):
    state = pool._installed[1]
    before, state.limit = state.limit, 3 * LARGE * 8
    try:
        pool.release()
        sizes = [LARGE, LARGE // 2, LARGE * 2, LARGE * 5, LARGE]
        results = [gradient(np.full(size, 0.1), 2) for size in sizes]
        for size, result in zip(sizes, results):
            assert np.allclose(result, results[0][0])
            assert len(result) == size
            assert pool.kept() <= state.limit
        del results, result
        assert 0 < pool.kept() <= state.limit
        state.limit = 0
        gradient(np.full(LARGE, 0.1), 2)
        assert pool.kept() <= 3 * LARGE * 8
        pool.release()
        gradient(np.full(LARGE, 0.1), 2)
        assert pool.kept() == 0
    finally:
        state.limit = before


@numba_runs
def test_more_arrays_than_slots(gradient):
    """Many arrays at once, freed in another order, and again."""
    rng = np.random.default_rng(0)
    for _ in range(2):
        results = {k: gradient(np.full(70_000 + k, 0.001 * k), 1) for k in range(3 * pool.SLOTS)}
        for k in rng.permutation(len(results)):
            result = results.pop(int(k))
            assert len(result) == 70_000 + k
            assert np.all(result == result[0])
            assert abs(result[0] - (0.002 * k + 1)) < 1e-12
        assert len([slot for slot in pool._installed[1].slots if slot]) <= pool.SLOTS
    held = sum(1 for slot in pool._installed[1].slots if slot)
    assert held > 0
    assert pool.kept() >= held * pool.SMALL


@numba_runs
def test_threads_that_allocate_at_once():
    """Without Python's lock: each thread fills its own blocks, which no other may get meanwhile."""
    from ctypes import CFUNCTYPE, POINTER, c_int64, c_uint8, c_void_p, cast

    pool.install()
    engine = pool._installed[0]
    take = CFUNCTYPE(c_void_p, c_int64)(engine.get_function_address("take"))
    give = CFUNCTYPE(None, c_void_p)(engine.get_function_address("give"))
    wrong = []

    def work(number):
        rng = np.random.default_rng(number)
        for _ in range(300):
            blocks = [(take(size), size) for size in map(int, rng.integers(pool.SMALL, 3 * pool.SMALL, 3))]
            views = [np.ctypeslib.as_array(cast(block, POINTER(c_uint8)), (size,)) for block, size in blocks]
            for view in views:
                view[::4096] = number
            wrong.extend(view for view in views if np.any(view[::4096] != number))
            for block, _ in blocks:
                give(block)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(1, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert pool._installed[1].lock == 0
    pool.release()
    assert pool.kept() == 0


@numba_runs
def test_code_from_the_disk_cache_finds_it(tmp_path):
    script = (
        "import numpy as np, adtrans, sys\n"
        "from tests.backend.test_pool import chain\n"
        "from adtrans.backend import pool\n"
        "made = adtrans.grad(chain)\n"
        "result = made(np.linspace(0.0, 0.5, 200_000), 3)\n"
        "print(pool.kept() > 0, float(np.sum(result)))\n"
    )
    outputs = [subprocess.run([sys.executable, "-c", script], env=os.environ | {"ADTRANS_CACHE_DIR": str(tmp_path)},
                              capture_output=True, text=True, check=True).stdout for _ in range(2)]
    assert outputs[0] == outputs[1]
    assert outputs[0].startswith("True")


def test_the_limit_can_be_told(monkeypatch):
    monkeypatch.setenv("ADTRANS_KEEP_MEMORY", "12345")
    assert pool.limit() == 12345
    monkeypatch.delenv("ADTRANS_KEEP_MEMORY")
    assert 0 < pool.limit() <= pool.DEFAULT
