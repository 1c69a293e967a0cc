"""The builder: folding keeps values, sharing keeps scopes, facts are undone with what they came from."""

import random

import pytest

from adtrans.backend.python import load_module
from adtrans.build import FALSE, ONE, TRUE, ZERO, Builder, combine, const, zero
from adtrans.ir import BOOL, F4, F8, INT, Array, Const, If, Prim, Program, Var, verify
from adtrans.write import write


def value_of(build, operand, params=(), args=()):
    """What CPython computes for an operand."""
    program = verify(Program("p", tuple(params), tuple(build.here.body), (operand,)))
    return load_module(write(program, "p"), "p", "p")(*args)


# --- constants -------------------------------------------------------------------------------------------


def test_literals_have_the_types_of_their_values():
    assert const(True).type == BOOL and const(1).type == INT and const(1.0).type == F8
    assert zero(F4) == Const(0.0, F4) and zero(INT) == ZERO and zero(BOOL) == FALSE


@pytest.mark.parametrize(
    "op, args, wanted",
    [
        ("add", (2, 3), 5), ("sub", (2, 3), -1), ("mul", (2, 3), 6), ("floordiv", (-7, 2), -4), ("mod", (-7, 2), 1),
        ("neg", (2,), -2), ("min", (2, 3), 2), ("max", (2, 3), 3), ("lsh", (1, 4), 16), ("bxor", (6, 3), 5),
        ("add", (0.5, 0.25), 0.75), ("truediv", (1.0, 4.0), 0.25), ("lt", (1, 2), True), ("ne", (1, 1), False),
        ("ge", (2.0, 1.0), True), ("and", (True, False), False), ("or", (True, False), True), ("not", (True,), False),
    ],
)  # fmt: skip
def test_constants_fold(op, args, wanted):
    build = Builder()
    found = build.prim(op, *map(const, args))
    assert found == const(wanted) and type(found.value) is type(wanted)
    assert build.here.body == []


@pytest.mark.parametrize(
    "op, args", [("floordiv", (1, 0)), ("mod", (1, 0)), ("truediv", (1.0, 0.0)), ("mul", (2**62, 4)),
                 ("add", (2**63 - 1, 1)), ("lsh", (1, 200)), ("lsh", (1, -1))]
)  # fmt: skip
def test_what_would_fail_or_overflow_is_left_to_the_program(op, args):
    assert isinstance(Builder().prim(op, *map(const, args)), Var)


def test_single_precision_constants_are_left_to_the_program():
    found = Builder().prim("add", Const(0.1, F4), Const(0.2, F4))
    assert isinstance(found, Var) and found.type == F4


@pytest.mark.parametrize("value, type, wanted", [(2, F8, 2.0), (2.9, INT, 2), (-2.9, INT, -2), (1, F4, 1.0),
                                                 (True, F8, 1.0), (2, BOOL, True), (0.0, BOOL, False)])  # fmt: skip
def test_casts_of_constants(value, type, wanted):
    assert Builder().cast(const(value), type) == Const(wanted, type)


def test_casts_that_cannot_be_made_now():
    assert isinstance(Builder().cast(const(float("nan")), INT), Var)
    assert isinstance(Builder().cast(const(float("inf")), INT), Var)


def test_a_cast_to_the_same_type_is_nothing():
    x = Var(F8)
    assert Builder().cast(x, F8) is x


# --- identities ------------------------------------------------------------------------------------------


def test_integer_identities():
    n = Var(INT, "n")
    for op, args, wanted in (
        ("add", (n, ZERO), n), ("add", (ZERO, n), n), ("sub", (n, ZERO), n), ("mul", (n, ONE), n),
        ("mul", (ONE, n), n), ("mul", (n, ZERO), ZERO), ("sub", (n, n), ZERO), ("floordiv", (n, ONE), n),
        ("min", (n, n), n), ("max", (n, n), n),
    ):  # fmt: skip
        assert Builder().prim(op, *args) == wanted


def test_integer_constants_are_gathered():
    build, n = Builder(), Var(INT, "n")
    there = build.prim("sub", build.prim("add", const(2), n), const(1))
    assert build.definitions[there] == Prim("add", (n, ONE))
    assert build.prim("sub", there, ONE) is n


def test_floats_are_not_touched_in_plain_code():
    x = Var(F8, "x")
    for op, args in (("add", (x, const(0.0))), ("mul", (x, const(1.0))), ("mul", (x, const(0.0))), ("sub", (x, x)),
                     ("truediv", (x, x)), ("mul", (x, const(-1.0)))):  # fmt: skip
        build = Builder()
        found = build.prim(op, *args)
        assert build.definitions[found] == Prim(op, args)


def test_float_identities_of_adjoint_code():
    x = Var(F8, "x")
    for op, args, wanted in (
        ("add", (x, const(0.0)), x), ("add", (const(0.0), x), x), ("sub", (x, const(0.0)), x),
        ("mul", (x, const(1.0)), x), ("truediv", (x, const(1.0)), x), ("mul", (const(0.0), x), const(0.0)),
    ):  # fmt: skip
        assert Builder(relaxed=True).prim(op, *args) == wanted
    build = Builder(relaxed=True)
    minus = build.prim("mul", x, const(-1.0))
    assert build.definitions[minus] == Prim("neg", (x,))
    assert build.prim("neg", minus) is x
    assert build.definitions[build.prim("sub", const(0.0), x)] == Prim("neg", (x,))


def test_choices_and_logic():
    build, flag, x, y = Builder(), Var(BOOL), Var(F8), Var(F8)
    assert build.prim("select", TRUE, x, y) is x
    assert build.prim("select", FALSE, x, y) is y
    assert build.prim("select", flag, x, x) is x
    assert build.prim("select", flag, TRUE, FALSE) is flag
    assert build.prim("not", build.prim("not", flag)) is flag
    assert build.prim("and", flag, TRUE) is flag and build.prim("and", FALSE, flag) == FALSE
    assert build.prim("or", flag, FALSE) is flag and build.prim("or", TRUE, flag) == TRUE
    assert build.prim("select", flag, x, y).type == F8
    assert build.prim("lt", x, y).type == BOOL


def test_a_choice_between_one_and_zero_is_no_test():
    build, flag = Builder(), Var(BOOL)
    found = build.prim("select", flag, ONE, ZERO)
    assert found.type == INT and build.definitions[found].op == "select"


def test_zeros_of_either_sign_are_told_apart():
    build, x = Builder(), Var(F8)
    assert build.prim("add", x, const(0.0)) is not build.prim("add", x, const(-0.0))


# --- random arithmetic -----------------------------------------------------------------------------------

INTEGER_OPS = ["add", "sub", "mul", "floordiv", "mod", "min", "max", "neg"]
PYTHON = {
    "add": lambda a, b: a + b, "sub": lambda a, b: a - b, "mul": lambda a, b: a * b, "floordiv": lambda a, b: a // b,
    "mod": lambda a, b: a % b, "min": min, "max": max, "neg": lambda a: -a,
}  # fmt: skip


def random_expression(rng, build, leaves, depth):
    """An operand and its Python value."""
    if depth == 0 or rng.random() < 0.2:
        if rng.random() < 0.5:
            value = rng.randint(-3, 3)
            return const(value), value
        return rng.choice(leaves)
    op = rng.choice(INTEGER_OPS)
    parts = [random_expression(rng, build, leaves, depth - 1) for _ in range(1 if op == "neg" else 2)]
    if op in ("floordiv", "mod") and parts[1][1] == 0:
        return parts[0]
    return build.prim(op, *(operand for operand, _ in parts)), PYTHON[op](*(value for _, value in parts))


@pytest.mark.parametrize("seed", range(40))
def test_folded_integer_arithmetic_is_arithmetic(seed):
    rng = random.Random(seed)
    params = [Var(INT, name, user=True) for name in "abc"]
    args = [rng.randint(-5, 5) for _ in params]
    build = Builder(relaxed=seed % 2 == 1)
    found, wanted = random_expression(rng, build, list(zip(params, args)), 6)
    assert value_of(build, found, params, args) == wanted


@pytest.mark.parametrize("seed", range(20))
def test_affine_form_of_random_integers(seed):
    rng = random.Random(seed)
    params = [Var(INT, name, user=True) for name in "abc"]
    args = dict(zip(params, (rng.randint(-5, 5) for _ in params)))
    build = Builder()
    found, wanted = random_expression(rng, build, list(args.items()), 4)
    terms, constant = build.affine(found)
    values = {var: args[var] if var in args else value_of(build, var, params, args.values()) for var in terms}
    assert constant + sum(values[var] * factor for var, factor in terms.items()) == wanted


def test_combination_of_affine_forms():
    n, m = Var(INT), Var(INT)
    assert combine(({n: 2}, 1), ({n: 1, m: 3}, 4), -2) == ({m: -6}, -7)


# --- sharing ---------------------------------------------------------------------------------------------


def test_equal_operations_are_one_variable():
    build, x = Builder(), Var(F8)
    first = build.prim("sin", x)
    assert build.prim("sin", x) is first
    assert build.prim("sin", Var(F8)) is not first
    assert len(build.here.body) == 2


def test_loads_are_never_shared():
    build, x = Builder(), Var(Array("f8", 1))
    assert build.load(x, (ZERO,)) is not build.load(x, (ZERO,))


def test_extents_are_shared():
    build, x = Builder(), Var(Array("f8", 2))
    assert build.dim(x, 0) is build.dim(x, 0) is not build.dim(x, 1)
    made = build.alloc("f8", (const(3), build.dim(x, 1)))
    assert build.dim(made, 0) == const(3) and build.dim(made, 1) is build.dim(x, 1)


def test_what_is_computed_in_a_block_is_not_seen_beside_it():
    build, x = Builder(), Var(F8)
    outer = build.prim("sin", x)
    with build.block() as first:
        inner = build.prim("cos", x)
        assert build.prim("sin", x) is outer
    with build.block() as second:
        assert build.prim("cos", x) is not inner
    build.emit(If(TRUE, tuple(first.body), tuple(second.body)))
    assert build.prim("cos", x) is not inner
    verify(Program("p", (x,), tuple(build.here.body), ()))


def test_a_rolled_back_operation_is_made_again():
    build, x = Builder(), Var(F8)
    mark = build.mark()
    first = build.prim("sin", x)
    build.rollback(mark)
    assert build.here.body == []
    assert build.prim("sin", x) is not first


def test_a_block_left_by_an_exception_is_closed():
    build = Builder()
    with pytest.raises(KeyError), build.block():
        raise KeyError
    assert len(build.blocks) == 1
