"""From a function object to its source: what is under wrappers, where it stands, what its names mean."""

import ast
import functools
import itertools
import linecache
import textwrap
import types
from pathlib import Path

import numpy as np
import pytest
from numba import njit

import adtrans
from adtrans.source import read, unwrap

CONSTANT = 3.0


def plain(x, k=2):
    """Doc."""
    y = x * k
    return y + CONSTANT


def traced(fun):
    @functools.wraps(fun)
    def wrapper(*args):
        return fun(*args)

    return wrapper


@traced
def decorated(x):
    return x * x


@traced
@traced
def twice_decorated(x):
    return x * x * x


@njit
def jitted(x):
    return x * 4.0


class Problem:
    gain = 2.0

    def loss(self, x):
        return self.gain * x

    @staticmethod
    def still(x):
        return x * 5.0

    @classmethod
    def shared(cls, x):
        return cls.gain * x * x

    def __call__(self, x):
        return self.gain * x * x * x


square = lambda x: x * x
first, second = (lambda x: x * 2.0), (lambda x: x * x)
over_lines = lambda x: (
    x
    * 3.0
)  # fmt: skip


NUMBERS = itertools.count()


def made_function(text, name="f", keep=True):
    """A function from text; without `keep` nobody remembers its source."""
    filename = f"<made {next(NUMBERS)}>"
    text = textwrap.dedent(text)
    if keep:
        linecache.cache[filename] = (len(text), None, text.splitlines(keepends=True), filename)
    space = {}
    exec(compile(text, filename, "exec"), space)
    return space[name]


def slope(fun, x=1.5):
    return adtrans.grad(fun, cache=False).interpreted(x)


# --- what is under wrappers ------------------------------------------------------------------------------


def test_a_plain_function():
    source = read(plain)
    assert source.function is plain and source.name == "plain"
    assert isinstance(source.node, ast.FunctionDef) and source.bound == () and source.keywords == {}


def test_partial_application():
    scaled = functools.partial(plain, k=5)
    function, bound, keywords = unwrap(functools.partial(scaled, 2.0))
    assert function is plain and bound == (2.0,) and keywords == {"k": 5}
    assert slope(functools.partial(lambda a, x: a * x, 7.0)) == 7.0
    assert slope(scaled) == 5.0


def test_keywords_of_an_outer_partial_win():
    inner = functools.partial(plain, k=5)
    assert unwrap(functools.partial(inner, k=6))[2] == {"k": 6}


def test_methods():
    problem = Problem()
    assert read(problem.loss).bound == (problem,)
    assert slope(problem.loss) == 2.0
    assert slope(Problem.still) == slope(problem.still) == 5.0
    assert slope(Problem.shared) == 6.0
    assert slope(problem) == 13.5


def test_functions_under_decorators():
    assert read(decorated).function is decorated.__wrapped__
    assert slope(decorated) == 3.0
    assert slope(twice_decorated) == pytest.approx(6.75)


def test_jitted_functions():
    assert read(jitted).function is jitted.py_func
    assert slope(jitted) == 4.0


def test_functions_in_functions():
    def outer(gain):
        def inner(x):
            return gain * x

        return inner

    assert read(outer(2.0)).name == "inner"
    assert slope(outer(2.0)) == 2.0


def test_lambdas():
    assert isinstance(read(square).node, ast.Lambda)
    assert slope(square) == 3.0
    assert slope(over_lines) == 3.0
    assert slope(lambda x: x * 9.0) == 9.0
    assert [slope(fun) for fun in (lambda x: x, lambda y: y * 2.0)] == [1.0, 2.0]


def test_two_lambdas_on_a_line_are_told_apart_or_refused():
    for fun, wanted in ((first, 2.0), (second, 3.0)):
        try:
            assert slope(fun) == wanted
        except adtrans.UnsupportedError as error:
            assert "which lambda" in str(error)


def test_lambdas_of_one_line_that_differ_in_a_constant_only():
    pair = [(lambda x: x * 2.0), (lambda x: x * 3.0)]
    for fun, wanted in zip(pair, (2.0, 3.0)):
        try:
            assert slope(fun) == wanted
        except adtrans.UnsupportedError as error:
            assert "which lambda" in str(error)


def test_a_function_whose_source_starts_with_tabs_or_has_a_hanging_comment():
    fun = made_function("if True:\n\tdef f(x):\n# far left\n\t\treturn x * 2.0\n")
    assert slope(fun) == 2.0


def test_a_multi_line_string_that_is_not_indented():
    fun = made_function('if True:\n    def f(x):\n        """Doc\nfar left."""\n        return x * 2.0\n')
    assert slope(fun) == 2.0


# --- no source -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("thing", [len, np.sin, int, str.upper, [].append])
def test_things_without_python_source(thing):
    with pytest.raises(adtrans.UnsupportedError):
        read(thing)


def test_a_function_whose_source_is_lost():
    with pytest.raises(adtrans.UnsupportedError, match="cannot be found"):
        read(made_function("def f(x):\n    return x\n", keep=False))


def test_a_function_made_from_code():
    code = compile("x", "<nowhere>", "eval")
    with pytest.raises(adtrans.UnsupportedError):
        read(types.FunctionType(code, {}))


def generator(x):
    yield x


async def coroutine(x):
    return x


@pytest.mark.parametrize("fun", [generator, coroutine])
def test_generators_and_coroutines(fun):
    with pytest.raises(adtrans.UnsupportedError, match="generator or coroutine"):
        read(fun)


# --- places ----------------------------------------------------------------------------------------------


def test_the_place_of_a_statement():
    source = read(plain)
    span = source.span(source.node.body[1])
    lines = Path(__file__).read_text().splitlines()
    assert span.filename == __file__ and lines[span.line - 1] == span.text == "    y = x * k"
    assert span.text[span.column - 1 : span.end_column - 1] == "y = x * k"


def test_the_place_in_a_method():
    source = read(Problem.loss)
    span = source.span(source.node.body[0])
    assert span.text == "        return self.gain * x"
    assert span.text[span.column - 1 : span.end_column - 1] == "return self.gain * x"


def test_the_place_in_a_lambda():
    source = read(square)
    span = source.span(source.node.body)
    assert span.text[span.column - 1 : span.end_column - 1] == "x * x"


def test_columns_are_counted_in_characters():
    fun = made_function("def f(x):\n    ä = 'äöü'; ß = x * 2.0\n    return ß\n")
    source = read(fun)
    span = source.span(source.node.body[1])
    assert span.text[span.column - 1 : span.end_column - 1] == "ß = x * 2.0"
    assert slope(fun) == 2.0


def test_a_statement_over_several_lines_ends_with_its_first():
    fun = made_function("def f(x):\n    return (x +\n            x)\n")
    source = read(fun)
    span = source.span(source.node.body[0])
    assert (span.line, span.text) == (2, "    return (x +")
    assert span.text[span.column - 1 : span.end_column - 1] == "return (x +"


# --- names -----------------------------------------------------------------------------------------------


def test_what_free_names_mean():
    rate = 4.0

    def inner(x):
        return x * rate + CONSTANT

    source = read(inner)
    assert source.lookup("rate") == 4.0 and source.lookup("CONSTANT") == 3.0 and source.lookup("len") is len
    with pytest.raises(KeyError):
        source.lookup("nothing_of_the_kind")


def test_a_closure_hides_a_global():
    CONSTANT = 8.0  # noqa: N806

    def inner(x):
        return x * CONSTANT

    assert slope(inner) == 8.0
