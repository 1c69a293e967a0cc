"""What a gradient depends on besides its arguments: globals, closures, callees, constants; never stale."""

import importlib
import itertools
import linecache
import sys
import textwrap
import types

import numpy as np
import pytest
from numba import njit

import adtrans
from adtrans.identity import Identity

SCALE = 2.0
TABLE = {"a": 2.0, "b": [1.0, 3.0]}
WEIGHTS = np.array([1.0, 2.0, 3.0])
_numbers = itertools.count()


def module(text, name=None):
    """A module made from text, whose source `inspect` can find."""
    name = name or f"made_{next(_numbers)}"
    filename = f"<{name}>"
    text = textwrap.dedent(text)
    linecache.cache[filename] = (len(text), None, text.splitlines(keepends=True), filename)
    made = types.ModuleType(name)
    made.__file__ = filename
    sys.modules[name] = made
    exec(compile(text, filename, "exec"), made.__dict__)
    return made


def gradient(fun, **options):
    return adtrans.grad(fun, cache=False, **options)


# --- what may change between calls -----------------------------------------------------------------------


def test_a_changed_global_is_seen(monkeypatch):
    def f(x):
        return SCALE * x

    g = gradient(f)
    assert g.interpreted(1.0) == 2.0
    monkeypatch.setitem(globals(), "SCALE", 5.0)
    assert g.interpreted(1.0) == 5.0


def test_a_changed_global_is_seen_by_compiled_code_and_by_the_disk_cache(monkeypatch):
    def f(x):
        return SCALE * x * x

    g = adtrans.grad(f)
    assert g(1.0) == 4.0
    monkeypatch.setitem(globals(), "SCALE", 5.0)
    assert g(1.0) == 10.0
    assert adtrans.grad(f)(1.0) == 10.0
    monkeypatch.setitem(globals(), "SCALE", 2.0)
    assert g(1.0) == adtrans.grad(f)(1.0) == 4.0


def test_a_changed_cell_is_seen():
    def make():
        rate = 2.0

        def f(x):
            return rate * x

        def change(value):
            nonlocal rate
            rate = value

        return f, change

    f, change = make()
    g = gradient(f)
    assert g.interpreted(1.0) == 2.0
    change(7.0)
    assert g.interpreted(1.0) == 7.0


def test_an_array_changed_in_place_is_seen():
    weights = np.array([1.0, 2.0])

    def f(x):
        return np.sum(weights * x)

    g = adtrans.grad(f)
    x = np.ones(2)
    assert g(x).tolist() == g.interpreted(x).tolist() == [1.0, 2.0]
    weights[0] = 9.0
    assert g(x).tolist() == g.interpreted(x).tolist() == [9.0, 2.0]


def test_an_array_replaced_by_another_is_seen(monkeypatch):
    def f(x):
        return np.sum(WEIGHTS * x)

    g = gradient(f)
    assert g.interpreted(np.ones(3)).tolist() == [1.0, 2.0, 3.0]
    monkeypatch.setitem(globals(), "WEIGHTS", np.array([4.0, 5.0, 6.0], dtype=np.float32))
    assert g.interpreted(np.ones(3)).tolist() == [4.0, 5.0, 6.0]


@pytest.mark.parametrize("change", ["dict", "list"])
def test_a_changed_container_is_seen(change, monkeypatch):
    table = {"a": 2.0, "b": [1.0, 3.0]}
    monkeypatch.setitem(globals(), "TABLE", table)

    def f(x):
        return TABLE["a"] * x + TABLE["b"][1] * x * x

    g = gradient(f)
    assert g.interpreted(1.0) == 8.0
    if change == "dict":
        table["a"] = 4.0
    else:
        table["b"][1] = 4.0
    assert g.interpreted(1.0) == 10.0


def test_a_replaced_callee_is_seen():
    made = module("""
        def helper(x):
            return x * 2.0


        def f(x):
            return helper(x)
        """)
    g = gradient(made.f)
    assert g.interpreted(1.0) == 2.0
    made.helper = module("def helper(x):\n    return x * x * x\n").helper
    assert g.interpreted(1.0) == 3.0


def test_a_callee_of_a_callee_is_seen():
    made = module("""
        def inner(x):
            return x * 2.0


        def outer(x):
            return inner(x)


        def f(x):
            return outer(x)
        """)
    g = gradient(made.f)
    assert g.interpreted(1.0) == 2.0
    made.inner = module("def inner(x):\n    return x * x * x\n").inner
    assert g.interpreted(1.0) == 3.0


def test_a_reloaded_module_is_seen(tmp_path, monkeypatch):
    """An edited callee that is reached through its module."""
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    path = tmp_path / "edited_callee.py"
    path.write_text("def helper(x):\n    return x * 2.0\n")
    helpers = importlib.import_module("edited_callee")

    def f(x):
        return helpers.helper(x)

    g = adtrans.grad(f)
    assert g(1.0) == g.interpreted(1.0) == 2.0
    path.write_text("def helper(x):\n    return x * x * x + 0.0 * x\n")
    linecache.checkcache(str(path))
    importlib.reload(helpers)
    assert g(1.0) == g.interpreted(1.0) == adtrans.grad(f)(1.0) == 3.0
    sys.modules.pop("edited_callee")


def test_a_jitted_callee_is_read_through_its_python_function():
    @njit
    def helper(x):
        return x * x

    def f(x):
        return helper(x) * 0.5

    assert gradient(f).interpreted(3.0) == 3.0


def test_an_attribute_of_a_bound_object_is_seen():
    class Problem:
        def __init__(self, gain):
            self.gain = gain

        def loss(self, x):
            return self.gain * x

    problem = Problem(2.0)
    g = gradient(problem.loss)
    assert g.interpreted(1.0) == 2.0
    problem.gain = 6.0
    assert g.interpreted(1.0) == 6.0


def test_changed_defaults_are_seen():
    made = module("def f(x, k=2.0):\n    return x * k\n\n\ndef g(x):\n    return f(x)\n")
    outer = gradient(made.g)
    assert outer.interpreted(1.0) == 2.0
    made.f.__defaults__ = (5.0,)
    assert outer.interpreted(1.0) == 5.0


def test_changed_code_is_seen():
    """What IPython's autoreload does: the function stays the same object and gets new code."""
    made = module("def helper(x):\n    return x * 2.0\n\n\ndef f(x):\n    return helper(x)\n")
    g = gradient(made.f)
    assert g.interpreted(1.0) == 2.0
    made.helper.__code__ = module("def helper(x):\n    return x * x * x\n").helper.__code__
    assert g.interpreted(1.0) == 3.0
    made.f.__code__ = module("def f(x):\n    return x * 7.0\n").f.__code__
    assert g.interpreted(1.0) == 7.0


# --- the digest ------------------------------------------------------------------------------------------


def digest(fun):
    return Identity(fun).digest


def test_equal_functions_have_equal_digests():
    text = "K = 2.0\n\n\ndef helper(x):\n    return x * K\n\n\ndef f(x):\n    return helper(x)\n"
    assert digest(module(text, "twin").f) == digest(module(text, "twin").f)


@pytest.mark.parametrize("old, new", [("K = 2.0", "K = 3.0"), ("x * K", "x + K"), ("K = 2.0", "K = 2"),
                                      ("return helper(x)", "return helper(2.0 * x)")])  # fmt: skip
def test_what_a_function_depends_on_is_in_its_digest(old, new):
    text = "K = 2.0\n\n\ndef helper(x):\n    return x * K\n\n\ndef f(x):\n    return helper(x)\n"
    assert digest(module(text, "twin").f) != digest(module(text.replace(old, new), "twin").f)


def test_what_a_function_does_not_mention_is_not_in_its_digest():
    text = "OTHER = 1\n\n\ndef f(x):\n    return x\n"
    assert digest(module(text, "twin").f) == digest(module(text.replace("1", "2"), "twin").f)


def test_the_values_of_arrays_are_not_in_the_digest_but_their_types_are():
    text = "import numpy as np\nW = np.ones(3)\n\n\ndef f(x):\n    return W[0] * x\n"
    same = digest(module(text, "twin").f)
    assert same == digest(module(text.replace("ones", "zeros"), "twin").f)
    assert same != digest(module(text.replace("ones(3)", "ones((3, 2))"), "twin").f)


def test_closures_over_different_values_have_different_digests():
    def make(rate):
        return lambda x: rate * x

    assert digest(make(1.0)) != digest(make(2.0))
    assert digest(make(1.0)) == digest(make(1.0))


def test_two_closures_do_not_share_a_cache_entry():
    def make(rate):
        def f(x):
            return rate * x * x

        return f

    assert adtrans.grad(make(1.0))(1.0) == 2.0
    assert adtrans.grad(make(3.0))(1.0) == 6.0


def test_a_recursive_structure_ends():
    made = module("def f(x):\n    return x if x > 1.0 else h(x)\n\n\ndef h(x):\n    return f(x + 1.0)\n")
    assert digest(made.f)
    assert digest(made.f) == digest(made.f)


def test_nothing_has_changed_right_after():
    def f(x):
        return SCALE * x * WEIGHTS[0] * TABLE["a"]

    assert not Identity(f).changed()
