"""Reverse mode: every way a value can be kept, every statement's adjoint, against dual numbers."""

import numpy as np
import pytest

import adtrans
from adtrans import ir
from adtrans.analysis.alias import memory_classes
from adtrans.analysis.regions import Regions
from adtrans.backend.python import load_module
from adtrans.build import Builder, const
from adtrans.differentiate import differentiate
from adtrans.ir import F8, Array, Const, Let, Prim, Program, Var, verify
from adtrans.lower.context import Options
from adtrans.reverse import trip_count
from adtrans.specialise import gradient_program, read
from adtrans.storage import Again, Counter, Export, Here, Stack, Storage, Tape
from adtrans.structure import spec_of
from adtrans.write import write
from tests import duals
from tests.fuzz import judge
from tests.lower.texts import function, interpreted

X = np.array([0.7, 1.3, -0.4, 0.9, 0.25])


def program_of(fun, *args):
    names = fun.__code__.co_varnames[: fun.__code__.co_argcount]
    return read(fun, {name: spec_of(arg, name) for name, arg in zip(names, args)}, Options()).value


def plans(fun, *args):
    """The plan for every value with a name, by that name."""
    program = program_of(fun, *args)
    regions = Regions(program)
    storage = Storage(program, regions, memory_classes(program))
    found = {}
    for statement in ir.walk(program.body):
        for var in ir.defined(statement):
            if var.user:
                found[var.name] = storage.plan(var)
        for carry in getattr(statement, "carries", ()):
            found[f"carried {carry.inside.name}"] = storage.plan(carry.inside)
        if isinstance(statement, ir.For):
            found[statement.counter.name] = storage.plan(statement.counter)
    return found


# --- how values are kept ---------------------------------------------------------------------------------


def test_values_outside_loops_are_still_there():
    assert isinstance(plans(lambda x: (y := np.sin(x)) * y, 1.0)["y"], Here)


def test_counters_have_a_mirror():
    assert isinstance(plans(function("def f(x):\n    for i in range(5):\n        x = x * i\n    return x\n"), 1.0)["i"], Counter)


def test_cheap_values_are_computed_again_and_transcendental_ones_are_taped():
    text = "def f(x):\n    t = 0.0\n    for i in range(5):\n        u = x[i] * 2.0\n        v = np.exp(u)\n        t += v * v\n    return t\n"
    found = plans(function(text), X)
    assert isinstance(found["u"], Again) and isinstance(found["v"], Tape)


def test_values_that_memory_no_longer_holds_are_taped():
    text = "def f(x):\n    t = 0.0\n    for i in range(5):\n        u = x[i]\n        x[i] = u * u\n        t += u\n    return t\n"
    assert isinstance(plans(function(text), X)["u"], Tape)


def test_a_while_keeps_its_values_on_a_stack():
    text = "def f(x):\n    while x < 9.0:\n        u = x * x\n        x = x + u\n    return x\n"
    assert isinstance(plans(function(text), 1.0)["carried x"], Stack)


def test_values_of_a_branch_are_joined_out_of_it():
    text = "def f(x):\n    if x > 0.0:\n        u = np.exp(x)\n        x = u * u\n    return x\n"
    assert isinstance(plans(function(text), 1.0)["u"], Export)


def test_a_tape_has_one_axis_per_loop_around():
    text = """
        def f(a):
            t = 0.0
            for i in range(3):
                for j in range(i + 1):
                    u = np.exp(a[i, j])
                    t += u * u
            return t
        """
    plan = plans(function(text), np.ones((3, 4)))["u"]
    assert plan.array.type == Array("f8", 2) and plan.extents == (const(3), const(3))


NEST_IN_WHILE = """
    def f(x):
        t = 0.0
        while t < 3.0:
            y = np.zeros(4)
            for i in range(4):
                u = np.exp(x[i])
                {store}
                x[i] += 0.1 * u * u
            for i in range(4):
                v = y[i]
                t += v * v * v
        return t
    """


def test_a_nest_in_a_while_has_a_tape_in_each_iteration():
    found = plans(function(NEST_IN_WHILE.format(store="y[0] = u")), X)
    assert isinstance(found["u"], Tape) and found["u"].extents == (const(4),)


def test_what_is_stored_as_it_is_defined_is_read_where_it_is():
    found = plans(function(NEST_IN_WHILE.format(store="y[i] = u")), X)
    assert isinstance(found["u"], Again)
    for store in ("y[0] = u", "y[i // 2] = u", "y[i] = u; y[0] = 1.0"):
        assert isinstance(plans(function(NEST_IN_WHILE.format(store=store)), X)["u"], Tape)


def test_arrays_of_an_iteration_are_kept_whole():
    source = adtrans.grad(function(NEST_IN_WHILE.format(store="y[i] = u")), cache=False).inspect_source(X)
    assert source.count(".append(") == 1 and "y_tape.append(y)" in source


@pytest.mark.parametrize("store", ["y[0] = u", "y[i] = u", "y[i // 2] = u", "y[i] = u; y[0] = 1.0",
                                   "y[3 - i] = u", "y[i] = u; y[i] *= u", "z = y[1:]; y[i] = u; z[0] = x[i]"])
def test_gradients_of_nests_in_a_while(store):
    text = NEST_IN_WHILE.format(store=store)
    value, gradient = adtrans.value_and_grad(function(text), cache=False).interpreted(X[:4])
    wanted, slopes = duals.gradient(function(text), (X[:4].copy(),), (0,))
    assert value == pytest.approx(wanted, rel=1e-12)
    np.testing.assert_allclose(gradient, slopes[0] if isinstance(slopes, tuple) else slopes, rtol=1e-10)


def test_linear_code_needs_no_tape():
    text = "def f(x):\n    for k in range(5):\n        for i in range(1, 4):\n            x[i] = 0.5 * x[i] + 0.25 * x[i - 1]\n    return np.sum(x)\n"
    source = adtrans.grad(function(text), cache=False).inspect_source(X)
    assert "tape" not in source and "append" not in source


def test_the_gradient_program_is_well_formed_before_it_is_simplified():
    def f(x, s):
        for i in range(1, 4):
            if x[i] > s:
                x[i] *= np.exp(x[i - 1])
        return np.sum(x) * s

    specs = {"x": spec_of(X, "x"), "s": spec_of(0.5, "s")}
    reading = read(f, specs, Options())
    for mode in ("grad", "value_and_grad", "accumulate"):
        verify(gradient_program(reading, mode, ("x", "s"), specs))


# --- small programs by hand ------------------------------------------------------------------------------


def derivative(*body, params, result, inputs, args, seed=None, with_value=True, **options):
    seeds = [(result, Const(1.0, result.type) if seed is None else seed)]
    values = (result,) if with_value else ()
    program = Program("p", tuple(params), tuple(body), (result,))
    made = verify(differentiate(program, tuple(inputs), seeds=seeds, values=values, **options))
    return load_module(write(made, "p"), "p", "p")(*args)


def test_value_and_gradient_of_a_product():
    x, y = Var(F8, "x", True), Var(F8, "y", True)
    product = Let(Var(F8), Prim("mul", (x, y)))
    given = {"params": [x, y], "result": product.var, "args": (3.0, 4.0)}
    assert flat(derivative(product, inputs=[x, y], **given)) == [12.0, 4.0, 3.0]
    assert flat(derivative(product, inputs=[y], with_value=False, **given)) == [3.0]


def flat(value):
    return [item for part in value for item in flat(part)] if isinstance(value, (tuple, list)) else [value]


def test_the_seed_is_what_the_sweep_starts_from():
    x, seed = Var(F8, "x", True), Var(F8, "seed", True)
    square = Let(Var(F8), Prim("mul", (x, x)))
    found = derivative(square, params=[x], result=square.var, inputs=[x], args=(3.0, 0.5), seed=seed)
    assert flat(found) == [9.0, 3.0]


def test_shadows_that_are_given_are_added_to():
    x, bar = Var(Array("f8", 1), "x", True), Var(Array("f8", 1), "x_bar", True)
    build = Builder()
    product = build.prim("mul", build.load(x, (const(0),)), build.load(x, (const(1),)))
    given = np.array([10.0, 20.0])
    derivative(*build.here.body, params=[x], result=product, inputs=[x], args=(np.array([3.0, 4.0]), given), shadows={x: bar})
    assert given.tolist() == [14.0, 23.0]


def test_a_result_that_is_an_input_or_a_constant():
    x = Var(F8, "x", True)
    assert flat(derivative(params=[x], result=x, inputs=[x], args=(3.0,))) == [3.0, 1.0]
    assert flat(derivative(params=[x], result=Const(2.0, F8), inputs=[x], args=(3.0,))) == [2.0, 0.0]


@pytest.mark.parametrize("start", [-3, 0, 4])
@pytest.mark.parametrize("stop", [-4, 0, 1, 5])
@pytest.mark.parametrize("step", [-3, -1, 1, 2, 3])
def test_trip_counts(start, stop, step):
    for known in (True, False):
        var = Var(ir.INT, "step", True)
        build = Builder()
        count = trip_count(build, const(start), const(stop), const(step) if known else var)
        program = Program("p", (var,), tuple(build.here.body), (count,))
        assert load_module(write(program, "p"), "p", "p")(step) == len(range(start, stop, step))


# --- difficult programs ----------------------------------------------------------------------------------


def agree(fun, *args, argnums=None):
    argnums = tuple(range(len(args))) if argnums is None else argnums
    value, gradient = interpreted(fun, *args, argnums=argnums)
    wanted, right = duals.gradient(fun, args, argnums)
    assert value == pytest.approx(wanted, rel=1e-12)
    assert np.allclose(judge.numbers(gradient), judge.numbers(right), rtol=1e-10, atol=1e-12)


def test_views_that_travel_through_branches_and_loops():
    def joined(x, s):
        v = x[1:] if s > 0.0 else x[:-1]
        v *= 2.0
        v[0] = v[1] * v[2]
        return np.sum(x * x) * s

    def exchanged(x, s):
        v, w = x[1:4], x[:3]
        for i in range(3):
            v[i] = v[i] * w[0] + s
            v, w = w, v
        return np.sum(x * x)

    def rotated(x, s):
        a, b, c = x[:2], x[2:4], x[3:]
        for _ in range(4):
            a, b, c = b, c, a
            a[0] = a[0] * b[1] + s * c[0]
        return np.sum(x * x) + a[1] * b[0]

    def chosen(x, s):
        best = x[:2]
        for i in range(4):
            if x[i] > best[0]:
                best = x[i:i + 2]
        best *= s
        return np.sum(x * x)

    def narrowed(x, s):
        v = x
        for _ in range(2):
            v = v[1:]
            v *= s
        return np.sum(x * x)

    for fun in (joined, exchanged, rotated, chosen, narrowed):
        agree(fun, X.copy(), 0.8)


def test_a_view_that_shrinks_in_a_while():
    def shrinking(x, s):
        v = x
        while len(v) > 1:
            v[0] = v[1] * s + v[0]
            v = v[1:]
        return v[0] * x[0]

    agree(shrinking, X.copy(), 0.8)


def test_arrays_rebound_and_written_in_nested_loops():
    def rebound(x, s):
        u = x.copy()
        for i in range(3):
            v = u[1:]
            u = np.zeros(5)
            u[0] = s
            u[1:] = v * v[0]
            for k in range(2):
                u = u * s + x * u[k]
        return np.sum(u)

    def buffers(x, s):
        a, b, c = x.copy(), np.zeros(5), np.ones(5)
        for _ in range(4):
            for i in range(5):
                b[i] = a[i - 1] * c[i] + s
            a, b, c = b, c, a
            b[0] = b[1] * s
        return np.sum(a * b * c)

    for fun in (rebound, buffers):
        agree(fun, X.copy(), 0.8)


def test_loop_bounds_that_change_with_the_loop():
    def shrinking(x, s):
        n = len(x)
        for i in range(n):
            n = n - 1
            for j in range(i, n):
                x[j] = x[j] * x[i] + s
        return np.sum(x)

    def doubling(x, s):
        k = 1
        while k < len(x):
            for i in range(0, len(x), 2 * k):
                if i + k < len(x):
                    x[i] = x[i] * x[i + k] + s
            k *= 2
        return x[0] * x[1]

    for fun in (shrinking, doubling):
        agree(fun, X.copy(), 0.8)


def test_jumps_out_of_nested_loops():
    def jumping(x, s):
        total = 0.0
        for i in range(5):
            for j in range(5):
                if x[j] > 1.0:
                    continue
                t = np.exp(x[i] * x[j]) * s
                if t > 1.4:
                    total += t * t
                    break
                total = total * t + x[j]
            else:
                s = s * total
            if total > 50.0:
                return total * s
        return total + s

    agree(jumping, X.copy(), 0.8)


def test_values_from_branches_within_loops():
    def branching(x, s):
        total = s
        for i in range(5):
            if i % 2 == 0:
                t = np.tanh(x[i] * total)
                if t > 0.1:
                    u = np.exp(t)
                    total = total * u
                else:
                    total += t * s
            else:
                total = np.sin(total) * x[i]
        return total

    agree(branching, X.copy(), 0.8)


def test_carried_values_that_trade_places():
    def trading(s, t):
        a, b, c = s, t, 1.0
        for i in range(6):
            a, b, c = b * c, np.sin(c) + a, a * b
            if i == 3:
                b, c = c, b
        return a + b * c

    agree(trading, 0.7, 1.3)


def test_a_number_from_outside_used_in_every_loop_of_a_nest():
    def nested(s, t):
        total = 0.0
        for i in range(3):
            for j in range(2):
                total = total * s + t
                for k in range(2):
                    total += s * t * k
            t = t * s
        return total * s

    agree(nested, 0.7, 1.3)


def test_aggregation_over_memory_read_by_a_computed_index():
    def scattered(x, idx):
        out = np.zeros(3)
        for i in range(len(idx)):
            out[idx[i]] += x[i] * x[idx[i]]
            x[i] = out[idx[i]]
        return np.sum(out * out)

    idx = np.array([0, 2, 0, 1, 2])
    agree(scattered, X.copy(), idx, argnums=(0,))


def test_stores_by_indices_from_the_end_meet_others():
    def again(x, n):
        for i in range(-1, n):
            x[i] = np.exp(0.1 * x[-1])
        return np.sum(x * x)

    def rows(x, n):
        out = np.empty((n, 2))
        for i in range(-1, n):
            row = np.zeros(2)
            for k in range(i + 2):
                row[k % 2] += x[i] * x[i]
            out[i] = row
        return np.sum(out * out)

    agree(again, X.copy(), 5, argnums=(0,))
    agree(rows, X.copy(), 5, argnums=(0,))


def test_float32_adjoints_are_float32():
    def f(x, s):
        y = np.zeros(5, dtype=np.float32)
        for i in range(5):
            y[i] = np.exp(x[i]) * s
        return np.sum(y * y)

    source = adtrans.value_and_grad(f, argnums=(0, 1), cache=False).inspect_source(X.astype(np.float32), np.float32(0.5))
    allocated = [line for line in source.splitlines() if "np.zeros" in line or "np.empty" in line]
    assert allocated and all("dtype=np.float32" in line for line in allocated if "_bar" in line or "tape" in line)
