"""Programs and calls that must be refused: each with the right error, at the right place, exactly once.

Every function in tests/bad whose name starts with `bad_` is a case, together with the `_helper` functions
right before it. A marker on a line says what must be reported there, and nothing else may be:

    y = {s, 2.0}  #! UnsupportedError: set

The class may be several with `|` between them; the words must occur in the message, those after `hint:` in
the hint.
A parameter's name says what it is given (`ARGUMENTS`). Faults of a call stand in `CALLS`.
"""

import ast
import builtins
import importlib
import inspect
import math
import re
import threading
import tokenize
from pathlib import Path

import numpy as np
import pytest

import adtrans

FOLDER = Path(__file__).parent / "bad"
ARGUMENTS = {
    "x": np.linspace(0.2, 1.4, 5), "y": np.linspace(1.1, 0.3, 5),
    "a": np.linspace(0.1, 1.6, 16).reshape(4, 4),
    "s": 0.75, "t": 1.25, "n": 2, "idx": np.array([2, 0, 1]), "mode": "mean", "p": (0.5, 1.5),
    "d": {"w": np.ones(3), "b": 0.5},
}
MARKER = re.compile(r"#!\s*([\w|]+):\s*(.*)")


def markers(path):
    """Line number to (class names, words of the message, words of the hint)."""
    found = {}
    with tokenize.open(path) as lines:
        for token in tokenize.generate_tokens(lines.readline):
            if token.type == tokenize.COMMENT and (match := MARKER.match(token.string)):
                message, _, hint = match[2].partition("hint:")
                found[token.start[0]] = (match[1].split("|"), message.strip(), hint.split())
    return found


def cases(path):
    """The cases of a file: name and the markers in its lines, those of the helpers before it included."""
    marked, start, found = markers(path), 1, []
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.FunctionDef) and node.name.startswith("bad_"):
            inside = {line: marker for line, marker in marked.items() if start <= line <= node.end_lineno}
            found.append((path.stem, node.name, inside))
            start = node.end_lineno + 1
    return found


CASES = [case for path in sorted(FOLDER.glob("*.py")) for case in cases(path)]


def refused(fun):
    """The error that asking for the gradient's source gives, or None."""
    args = [ARGUMENTS[name] for name in inspect.signature(fun).parameters]
    try:
        adtrans.value_and_grad(fun).inspect_source(*args)
    except adtrans.AdtransError as error:
        return error
    return None


def named_class(name):
    return getattr(adtrans, name, None) or getattr(builtins, name)


@pytest.mark.parametrize("stem, name, expected", CASES, ids=[name for _, name, _ in CASES])
def test_bad_program(stem, name, expected):
    assert expected, "the case has no marker"
    fun = getattr(importlib.import_module(f"tests.bad.{stem}"), name)
    error = refused(fun)
    assert error is not None, "accepted"
    assert [single.lineno for single in getattr(error, "errors", ())] == sorted(expected), str(error)
    for single in error.errors:
        classes, message, hint = expected[single.lineno]
        assert isinstance(single, tuple(map(named_class, classes))), repr(single)
        assert message.lower() in single.message.lower(), single.message
        assert all(word in (single.hint or "") for word in hint), single.hint
        assert_located(single, FOLDER / f"{stem}.py")


def assert_located(error, path):
    """The error shows file, line, column and the source line with a caret, and is a usable SyntaxError."""
    line = path.read_text().splitlines()[error.lineno - 1]
    shown = error.describe().splitlines()
    column = error.span.column
    assert error.span.filename == str(path) and shown[0].startswith(f"{path}:{error.lineno}:{column}: ")
    assert shown[1].strip() == line.strip()
    assert set(shown[2].strip()) == {"^"}
    assert 1 <= column <= len(line) and line[column - 1] != " "
    if isinstance(error, SyntaxError):
        assert (error.filename, error.text.rstrip(), error.offset) == (str(path), line, column)


def test_every_marker_belongs_to_a_case():
    for path in FOLDER.glob("*.py"):
        assert set(markers(path)) == {line for _, _, inside in cases(path) for line in inside}, path.name


def test_there_are_enough_cases():
    assert len(CASES) >= 170


def test_a_program_without_fault_is_accepted():
    def fine(s, x):
        return s * np.sum(x)

    assert refused(fine) is None


def cube(x):
    return x ** 3


def total(x):
    return np.sum(x * x)


def product(x, y):
    return np.sum(x * y)


def sine(x):
    return math.sin(x) * 2.0


def every_other(x, step):
    total = 0.0
    for i in range(0, len(x), step):
        total += x[i]
    return total


def ragged(x):
    return np.sum(np.array([[x, 1.0], [2.0]]))


def beyond(x, n):
    return x[n]


def raises(x):
    if x < 0.0:
        raise ValueError("x must not be negative")
    return x * x


def keyword_only(x, *, scale):
    return np.sum(x) * scale


def generates(x):
    yield x


async def waits(x):
    return x


class Model:
    def __init__(self, x):
        self.x = x


SOURCELESS = eval("lambda x: x * x", {})
NAMESPACE = {}
exec(compile("def unwritten(x):\n    return x * x\n", "<nowhere>", "exec"), NAMESPACE)
unwritten = NAMESPACE["unwritten"]
X = ARGUMENTS["x"]
SHORT = X[1:]
SINGLE = np.zeros(5, np.float32)
grad = adtrans.grad

CALLS = {
    "complex scalar": (lambda: grad(cube)(1.0 + 2.0j), TypeError, "complex"),
    "complex numpy scalar": (lambda: grad(cube)(np.complex128(1.0)), TypeError, "complex"),
    "complex array": (lambda: grad(total)(np.ones(3, complex)), TypeError, "complex"),
    "complex undifferentiated array": (lambda: grad(product)(X, X * 1j), TypeError, "complex"),
    "object array": (lambda: grad(total)(np.array([1.0, None])), TypeError, "object"),
    "string array": (lambda: grad(total)(np.array(["a", "b"])), TypeError, "U1"),
    "datetime array": (lambda: grad(total)(np.zeros(3, "M8[s]")), TypeError, "datetime"),
    "structured array": (lambda: grad(total)(np.zeros(3, [("u", "f8")])), TypeError, "dtype"),
    "long double array": (lambda: grad(total)(np.ones(3, np.longdouble)), TypeError, "longdouble|float128"),
    "big-endian array": (lambda: grad(total)(np.ones(3, ">f8")), TypeError, ">f8|byte"),
    "masked array": (lambda: grad(total)(np.ma.ones(3)), TypeError, "Masked"),
    "integer scalar": (lambda: grad(cube)(3), TypeError, "int"),
    "numpy integer scalar": (lambda: grad(cube)(np.int64(3)), TypeError, "int"),
    "boolean scalar": (lambda: grad(cube)(True), TypeError, "bool"),
    "integer array": (lambda: grad(total)(np.arange(3)), TypeError, "int64"),
    "boolean array": (lambda: grad(total)(np.ones(3, bool)), TypeError, "bool"),
    "string": (lambda: grad(cube)("mean"), TypeError, "'x'"),
    "none": (lambda: grad(cube)(None), TypeError, "None"),
    "tuple without floats": (lambda: grad(cube)((1, 2)), TypeError, "x"),
    "set": (lambda: grad(cube)({1.0}), TypeError, "set"),
    "foreign object": (lambda: grad(cube)(threading.Lock()), TypeError, "lock"),
    "foreign object undifferentiated": (lambda: grad(product)(X, object()), TypeError, "object"),
    "module": (lambda: grad(product)(X, np), TypeError, "module"),
    "too few arguments": (lambda: grad(product)(X), TypeError, "missing|y"),
    "no arguments": (lambda: grad(cube)(), TypeError, "missing|x"),
    "too many arguments": (lambda: grad(cube)(1.0, 2.0), TypeError, "argument"),
    "unknown keyword": (lambda: grad(cube)(1.0, scale=2.0), TypeError, "scale"),
    "argument twice": (lambda: grad(cube)(1.0, x=2.0), TypeError, "x"),
    "missing keyword-only argument": (lambda: grad(keyword_only)(X), TypeError, "scale"),
    "keyword-only argument by position": (lambda: grad(keyword_only)(X, 2.0), TypeError, "argument"),
    "argnums out of range": (lambda: grad(cube, argnums=1)(1.0), ValueError, "argnums"),
    "negative argnums out of range": (lambda: grad(cube, argnums=-2)(1.0), ValueError, "argnums"),
    "argnums of an unknown name": (lambda: grad(cube, argnums="z")(1.0), ValueError, "z"),
    "argnums tuple with an unknown name": (lambda: grad(product, argnums=("x", "z"))(X, X), ValueError, "z"),
    "argnums twice the same": (lambda: grad(product, argnums=(0, "x"))(X, X), ValueError, "argnums"),
    "argnums empty": (lambda: grad(cube, argnums=())(1.0), ValueError, "argnums"),
    "argnums a float": (lambda: grad(cube, argnums=0.5)(1.0), TypeError, "argnums"),
    "argnums none": (lambda: grad(cube, argnums=None)(1.0), TypeError, "argnums"),
    "argnums a boolean": (lambda: grad(cube, argnums=True)(1.0), TypeError, "argnums"),
    "unknown target": (lambda: grad(cube, target="abacus")(1.0), (ValueError, SyntaxError), "target"),
    "a number for a function": (lambda: grad(3.0), TypeError, "function|callable"),
    "a string for a function": (lambda: grad("cube"), TypeError, "function|callable"),
    "a builtin": (lambda: grad(abs)(1.0), adtrans.UnsupportedError, "source|abs"),
    "a function of math": (lambda: grad(math.sin)(1.0), adtrans.UnsupportedError, "source|sin"),
    "a ufunc": (lambda: grad(np.sin)(1.0), adtrans.UnsupportedError, "source|sin"),
    "a class": (lambda: grad(Model)(1.0), adtrans.UnsupportedError, "class"),
    "a callable object": (lambda: grad(threading.Lock())(1.0), (TypeError, adtrans.UnsupportedError), ""),
    "an async function": (lambda: grad(waits)(1.0), adtrans.UnsupportedError, "async|coroutine"),
    "a generator function": (lambda: grad(generates)(1.0), adtrans.UnsupportedError, "yield|generator"),
    "a lambda without source": (lambda: grad(SOURCELESS)(1.0), adtrans.UnsupportedError, "source"),
    "a function without source": (lambda: grad(unwritten)(1.0), adtrans.UnsupportedError, "source"),
    "accumulation into a wrong shape": (lambda: grad(total).accumulate(SHORT.copy(), X), ValueError, "shape"),
    "accumulation into a wrong dtype": (lambda: grad(total).accumulate(SINGLE, X), ValueError, "float32"),
    "has_aux": (lambda: grad(total, has_aux=True)(X), TypeError, "pair"),
}


RUNS = {
    "shapes that do not broadcast": (product, (X, SHORT), ValueError, "broadcast"),
    "math function of a long array": (sine, (X,), TypeError, "only"),
    "rows of different length": (ragged, (0.5,), ValueError, "shape"),
    "range with step zero": (every_other, (X, 0), ValueError, "zero"),
    "index out of range": (beyond, (X, 5), IndexError, "index"),
    "negative index out of range": (beyond, (X, -6), IndexError, "index"),
    "the user's own error": (raises, (-1.0,), ValueError, "x must not be negative"),
}


@pytest.mark.parametrize("name", RUNS)
@pytest.mark.parametrize("run", ["__call__", "interpreted", "value", "value_and_grad"])
def test_bad_run(name, run):
    fun, args, kind, words = RUNS[name]
    with pytest.raises(kind, match=words):
        getattr(grad(fun), run)(*args)


@pytest.mark.parametrize("name", CALLS)
def test_bad_call(name):
    call, kind, words = CALLS[name]
    with pytest.raises(adtrans.AdtransError) as caught:
        call()
    assert isinstance(caught.value, kind), repr(caught.value)
    assert any(word.lower() in str(caught.value).lower() for word in words.split("|")), str(caught.value)
