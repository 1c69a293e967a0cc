"""Instances of a plain class called inside njit code, through the hook they hand to Numba."""

import collections
import os
import subprocess
import sys
from pathlib import Path

import numba
import numpy as np
import pytest
from numba.core import types
from numba.core.errors import NumbaWarning, TypingError

from adtrans.backend import cpu
from adtrans.backend.typing import register

ROOT = Path(__file__).parents[2]


class Multiple:
    """`multiple(x, times)` is x * times * factor: a stand-in for a gradient function."""

    def __init__(self, factor, fails=None):
        self.factor = factor
        self.fails = fails
        self.asked = []

    py_func = staticmethod(lambda x, times=2.0: None)

    def numba_dispatcher(self, argtypes, mode="call"):
        self.asked.append((mode, argtypes))
        if self.fails:
            raise self.fails
        factor = self.factor
        match mode:
            case "call":
                made = numba.njit(lambda x, times: x * times * factor)
            case "value":
                made = numba.njit(lambda x, times: factor)
            case "value_and_grad":
                made = numba.njit(lambda x, times: (factor, x * times * factor))
        made.compile(argtypes)
        return made


class First:
    """`first(p)` is the first element of the array that comes first in the container p."""

    def __init__(self):
        self.inner = cpu.compile_module(
            "def first(x):\n    return x[0]\n", "first", ("f8:1:C",), key=None, meta={}
        ).function

    def numba_dispatcher(self, argtypes, mode="call"):
        inner = self.inner
        made = numba.njit(lambda p: inner(p[0]))
        made.compile(argtypes)
        return made


register(Multiple)
register(First)
ten, hundred = Multiple(10.0), Multiple(100.0)
first = First()
Pair = collections.namedtuple("Pair", "a b")


def test_importing_the_registration_leaves_numba_alone():
    code = "import sys; import adtrans.backend.typing as t; t.register(type('C', (), {})); "
    code += "sys.exit('numba' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, timeout=100).returncode == 0


def test_several_instances_and_signatures_in_one_program():
    @numba.njit
    def program(x, y):
        return ten(x) + hundred(x, 3.0), ten(y), hundred(y, 1)

    scalar, tens, hundreds = program(1.0, np.arange(3.0))
    assert scalar == 320.0
    np.testing.assert_array_equal(tens, [0.0, 20.0, 40.0])
    np.testing.assert_array_equal(hundreds, [0.0, 100.0, 200.0])


def test_attributes():
    @numba.njit
    def program(x):
        return ten.value(x), hundred.value_and_grad(x, times=1.0)

    assert program(2.0) == (10.0, (100.0, 200.0))


def test_closure_variables():
    def make(gradient):
        @numba.njit
        def program(x):
            return gradient(x, times=1.0)

        return program

    assert make(ten)(2.0) == 20.0
    assert make(hundred)(2.0) == 200.0


def test_arguments():
    @numba.njit
    def apply(gradient, x):
        return gradient(x) + gradient.value(x)

    assert apply(ten, 1.0) == 30.0
    assert apply(hundred, 1.0) == 300.0
    assert apply(ten, 2.0) == 50.0


def test_local_names_and_parallel_loops():
    @numba.njit(parallel=True)
    def program(n):
        gradient = ten
        total = 0.0
        for i in numba.prange(n):
            total += gradient(float(i))
        return total

    assert program(5) == 200.0


def test_types_the_hook_is_asked_for():
    fresh = Multiple(1.0)

    @numba.njit
    def program(x):
        return fresh(3) + fresh(x, times=True) + fresh(x)

    program(1.0)
    assert fresh.asked[-3:] == [
        ("call", (types.int64, types.Omitted(2.0))),
        ("call", (types.float64, types.boolean)),
        ("call", (types.float64, types.Omitted(2.0))),
    ]


def test_literal_strings_are_handed_over():
    switch = Multiple(1.0)

    @numba.njit
    def program(x):
        return switch.value(x, "forward")

    assert program(1.0) == 1.0
    assert switch.asked[-1] == ("value", (types.float64, types.literal("forward")))


def test_readonly_arrays_in_containers():
    x = np.arange(3.0) + 7.0
    x.flags.writeable = False

    @numba.njit
    def program(x):
        return first((x, 1)), first(Pair(x, 2.0)), first((x, x))

    assert program(x) == program(x.copy()) == (7.0, 7.0, 7.0)


@pytest.mark.parametrize("error", [ValueError("program.py:7:3: no"), SyntaxError("program.py:7:3: no")])
def test_error_of_the_hook_is_in_the_typing_error(error):
    failing = Multiple(1.0, fails=error)

    @numba.njit
    def program(x):
        return failing(x)

    with pytest.raises(TypingError, match=f"{type(error).__name__}: program.py:7:3: no"):
        program(1.0)


def test_wrong_calls():
    with pytest.raises(TypingError, match="unexpected keyword argument 'other'"):
        numba.njit(lambda x: ten(x, other=1))(1.0)
    with pytest.raises(TypingError, match="missing a required argument: 'x'"):
        numba.njit(lambda: ten())()
    with pytest.raises(TypingError, match="Unknown attribute 'elsewhere'"):
        numba.njit(lambda x: ten.elsewhere(x))(1.0)
    with pytest.raises(TypingError, match="Unknown attribute 'value'"):
        numba.njit(lambda x: ten.value.value(x))(1.0)
    with pytest.raises(TypingError, match="keyword arguments"):
        numba.njit(lambda x: first(p=x))((1.0,))


CALLERS = """
import warnings
import numba
import numpy as np
from adtrans.backend.typing import register

class Constant:
    def numba_dispatcher(self, argtypes, mode="call"):
        made = numba.njit(lambda x: FACTOR * x)
        made.compile(argtypes)
        return made

register(Constant)
g = Constant()

@numba.njit
def step(x):
    return g(x)

@numba.njit(cache=True)
def direct(x):
    return g(x)

@numba.njit(cache=True)
def indirect(x):
    return step(x)

@numba.njit(cache=True)
def given(g, x):
    return g(x)

@numba.njit(cache=True)
def without(x):
    return x

with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    results = direct(1.0), indirect(1.0), given(g, 1.0), without(1.0)
print(results, [str(c.message).split('"')[1] for c in caught if "Cannot cache" in str(c.message)])
"""


def test_caller_with_numbas_cache_is_never_stale(tmp_path):
    """The gradient changes while the file of its callers does not, as when its function is elsewhere."""
    module = tmp_path / "callers.py"
    module.write_text(CALLERS)
    seen = []
    for factor in ("2.0", "3.0"):
        code = f"import builtins; builtins.FACTOR = {factor}; import callers"
        environment = os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"}
        command = [sys.executable, "-c", code]
        done = subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=200
        )
        assert done.returncode == 0, done.stderr
        seen.append(done.stdout.strip())
    names = "['direct', 'indirect', 'given']"
    assert seen == [f"(2.0, 2.0, 2.0, 1.0) {names}", f"(3.0, 3.0, 3.0, 1.0) {names}"]


def test_numba_warns_that_the_caller_is_not_cached(tmp_path, monkeypatch):
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))

    @numba.njit(cache=True)
    def program(x):
        return ten(x)

    with pytest.warns(NumbaWarning, match="Cannot cache compiled function"):
        program(1.0)
