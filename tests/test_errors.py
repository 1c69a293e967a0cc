"""Errors: what kind they are, where they point, how they are shown, several at once."""

import pickle
import traceback

import pytest

import adtrans
from adtrans import errors
from adtrans.errors import Span, UnsupportedError, together

PLACE = Span("program.py", 7, 5, 8, "    try:\n")


def located(line, column=5, message="bad", filename="program.py"):
    return UnsupportedError(message, Span(filename, line, column, column + 3, "    abc def\n"))


CLASSES = [item for item in vars(errors).values() if isinstance(item, type) and issubclass(item, Exception)]


@pytest.mark.parametrize("kind", CLASSES)
def test_every_error_derives_from_one_base(kind):
    assert issubclass(kind, adtrans.AdtransError)


@pytest.mark.parametrize(
    "kind, builtin",
    [
        (errors.ArgumentError, TypeError), (errors.ArgumentValueError, ValueError), (UnsupportedError, SyntaxError),
        (errors.NonDifferentiableError, TypeError), (errors.LocatedTypeError, TypeError),
        (errors.LocatedValueError, ValueError), (errors.LocatedIndexError, IndexError),
        (errors.UnboundNameError, UnboundLocalError), (errors.UndefinedNameError, NameError),
        (errors.LocatedAttributeError, AttributeError),
    ],
)  # fmt: skip
def test_errors_are_also_pythons_own(kind, builtin):
    assert issubclass(kind, builtin)
    with pytest.raises(builtin):
        raise kind("words")


def test_an_error_shows_its_place_with_an_excerpt_a_caret_and_a_hint():
    error = UnsupportedError("`try` is not in the language", PLACE, "check the condition")
    assert str(error).splitlines() == [
        "program.py:7:5: UnsupportedError: `try` is not in the language",
        "    try:",
        "    ^^^",
        "hint: check the condition",
    ]


def test_the_caret_stands_under_the_column():
    error = UnsupportedError("bad", Span("p.py", 3, 9, 12, "    abc def\n"))
    excerpt, caret = str(error).splitlines()[1:3]
    assert excerpt[caret.index("^") : caret.index("^") + caret.count("^")] == "def"


def test_an_error_without_a_place():
    assert str(UnsupportedError("not built yet")) == "UnsupportedError: not built yet"


def test_an_unsupported_error_is_a_usable_syntax_error():
    error = UnsupportedError("bad", PLACE)
    assert (error.filename, error.lineno, error.offset) == ("program.py", 7, 5)
    assert (error.end_offset, error.text, error.msg) == (8, "    try:\n", "bad")
    shown = "".join(traceback.format_exception_only(type(error), error))
    assert "program.py" in shown and "line 7" in shown


def test_a_located_error_knows_its_line():
    assert errors.LocatedTypeError("bad", PLACE).lineno == 7
    assert errors.LocatedTypeError("bad").lineno is None


def test_several_errors_come_in_source_order_and_once_each():
    error = together([located(9), located(3, 7), located(3, 2), located(9)])
    assert [(e.span.line, e.span.column) for e in error.errors] == [(3, 2), (3, 7), (9, 5)]
    assert error is error.errors[0] and error.lineno == 3
    assert str(error).count("UnsupportedError: bad") == 3


def test_a_single_error_is_its_own_list():
    error = located(3)
    assert together([error]).errors == (error,)


def test_different_errors_of_one_place_are_all_kept():
    assert len(together([located(3, message="one"), located(3, message="two")]).errors) == 2


def test_errors_of_one_function_are_reported_together():
    def f(x):
        y = {x, 1.0}
        with open("file") as handle:
            pass
        try:
            z = x
        finally:
            pass
        return x

    with pytest.raises(UnsupportedError) as caught:
        adtrans.grad(f, cache=False).interpreted(1.0)
    first = f.__code__.co_firstlineno
    assert [error.lineno - first for error in caught.value.errors] == [1, 2, 4]


def test_a_place_prints_as_editors_read_it():
    assert str(PLACE) == "program.py:7:5"


def test_errors_survive_pickling():
    error = pickle.loads(pickle.dumps(errors.ArgumentError("bad")))
    assert type(error) is errors.ArgumentError and str(error) == "bad"
