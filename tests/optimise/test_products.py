"""Loops over three counters as products of matrices: values against CPython on the plain program, gradients against
complex steps along a direction."""

import importlib.util
import itertools

import numpy as np
import pytest

import adtrans
from adtrans.optimise.panels import STRIP

SIZES = (0, 1, 2, STRIP - 1, STRIP, STRIP + 1, 2 * STRIP + 3)


def gemm(c, a, b, w):
    n, m = c.shape
    for i in range(n):
        for j in range(m):
            for k in range(a.shape[1]):
                c[i, j] += a[i, k] * b[k, j]
    return weighted(c, w)


def gemm_by_rows(c, a, b, w):
    for i in range(c.shape[0]):
        for k in range(a.shape[1]):
            for j in range(c.shape[1]):
                c[i, j] = c[i, j] - 2.0 * a[i, k] * b[k, j]
    return weighted(c, w)


def gemm_outside(c, a, b, w):
    for k in range(a.shape[1] - 1, -1, -1):
        for j in range(c.shape[1]):
            for i in range(c.shape[0]):
                c[i, j] += b[k, j] * a[i, k]
    return weighted(c, w)


def weighted(c, w):
    total = 0.0
    for i in range(c.shape[0]):
        for j in range(c.shape[1]):
            total = total + c[i, j] * c[i, j] * w[i, j]
    return total


def rank_update(c, a, b, w):
    """The lower triangle, scaled before; b is used for its first number."""
    n, m = a.shape
    for i in range(n):
        for j in range(i + 1):
            c[i, j] *= b[0, 0]
        for k in range(m):
            for j in range(i + 1):
                c[i, j] += b[0, 0] * a[i, k] * a[j, k]
    return weighted(c, w)


def strict_lower(c, a, b, w):
    """c += (the strict lower triangle of a) b and c += its transpose times b."""
    for i in range(a.shape[0]):
        for j in range(c.shape[1]):
            total = 0.0
            for k in range(i):
                total = total + a[i, k] * b[k, j]
                c[k, j] += a[i, k] * b[i, j]
            c[i, j] += 3.0 * total
    return weighted(c, w)


def in_place(c, a, b, w):
    """b = A' b with a unit lower triangle, in place: what is read has not been written."""
    n = b.shape[0]
    for i in range(n):
        for j in range(b.shape[1]):
            for k in range(i + 1, n):
                b[i, j] += a[k, i] * b[k, j]
    for i in range(n):
        for j in range(b.shape[1]):
            c[i, j] = 0.5 * b[i, j]
    return weighted(c, w)


def in_place_read_back(c, a, b, w):
    """As above, the other way round: what is read has been written, so nothing may be taken out of the loops."""
    for i in range(b.shape[0]):
        for j in range(b.shape[1]):
            for k in range(i):
                b[i, j] += 0.1 * a[i, k] * b[k, j]
    for i in range(b.shape[0]):
        for j in range(b.shape[1]):
            c[i, j] = b[i, j]
    return weighted(c, w)


def upper_from_diagonal(c, a, b, w):
    """Gram matrix of columns, indices that are sums of counters."""
    n, m = a.shape
    for i in range(m):
        for j in range(m - i):
            total = 0.0
            for k in range(n):
                total = total + a[k, i] * a[k, j + i]
            c[i, j + i] = total
            c[j + i, i] = total * b[0, 0]
    return weighted(c, w)


def scaled_after_use(c, a, b, w):
    """Rows are read and then changed: two loops first, then a product."""
    for i in range(a.shape[0]):
        for k in range(c.shape[1]):
            for j in range(i + 1):
                c[j, k] += a[i, j] * b[i, k]
        for j in range(a.shape[1]):
            a[i, j] = a[i, j] * 2.0
    return weighted(c, w) + weighted(a, a)


def changed_before_use(c, a, b, w):
    """A row is read after an iteration before has changed it: the loops must not part."""
    for i in range(a.shape[0]):
        for k in range(c.shape[1]):
            for j in range(i + 1):
                c[j, k] += a[i, j] * b[i, k]
        if i + 1 < a.shape[0]:
            for j in range(a.shape[1]):
                a[i + 1, j] = a[i + 1, j] * a[i, j]
    return weighted(c, w) + weighted(a, a)


def squares(n, m, seed=0):
    rng = np.random.default_rng(seed)
    c, w = rng.normal(size=(2, n, n))
    return {"c": c, "a": rng.normal(size=(n, m)), "b": rng.normal(size=(n, n)) + 1.0, "w": w}


def rectangles(n, m, seed=0):
    rng = np.random.default_rng(seed)
    inner = (n + 2 * m) // 2
    c, w = rng.normal(size=(2, n, m))
    return {"c": c, "a": rng.normal(size=(n, inner)), "b": rng.normal(size=(inner, m)), "w": w}


def triangles(n, m, seed=0):
    rng = np.random.default_rng(seed)
    c, w, b = rng.normal(size=(3, n, m))
    return {"c": c, "a": rng.normal(size=(n, n)) / max(n, 1), "b": b, "w": w}


def grams(n, m, seed=0):
    made = squares(n, m, seed)
    rng = np.random.default_rng(seed + 1)
    return made | {"a": rng.normal(size=(m + 1, n)), "b": np.ones((1, 1))}


PROGRAMS = {gemm: rectangles, gemm_by_rows: rectangles, gemm_outside: rectangles, rank_update: squares,
            strict_lower: triangles, in_place: triangles, in_place_read_back: triangles, upper_from_diagonal: grams,
            scaled_after_use: triangles, changed_before_use: triangles}
TAKEN = set(PROGRAMS) - {in_place_read_back, changed_before_use}


def direction(fun, args, dots):
    """The derivative along a direction, by a complex step."""
    moved = {name: value + 1e-200j * dots[name] for name, value in args.items()}
    return np.imag(fun(**moved)) / 1e-200


def agree(fun, args, run):
    """The value and gradient that `run` gives for arguments."""
    value, gradients = run(**args)
    rng = np.random.default_rng(7)
    dots = {name: rng.normal(size=value.shape) for name, value in args.items()}
    expected = fun(**{name: value.copy() for name, value in args.items()})
    assert value == pytest.approx(expected, rel=1e-11, abs=1e-12)
    found = sum(np.sum(gradient * dots[name]) for name, gradient in zip(args, gradients))
    scale = sum(np.sum(np.abs(gradient * dots[name])) for name, gradient in zip(args, gradients))
    assert abs(found - direction(fun, args, dots)) <= 1e-11 * scale + 1e-300


def value_and_grad(fun):
    return adtrans.value_and_grad(fun, argnums=("c", "a", "b", "w"))


@pytest.mark.parametrize("fun", PROGRAMS, ids=lambda fun: fun.__name__)
def test_sizes(fun):
    """Panels that are empty, of one row, one short, full, one over; matrices that are not square."""
    made = value_and_grad(fun)
    sizes = [(n, m) for n, m in itertools.product(SIZES, SIZES)
             if n == m or n + m < 30 or {n, m} <= {STRIP, STRIP + 1}]
    for n, m in sizes:
        if fun in (rank_update,) and n == 0:
            continue  # no b[0, 0]
        agree(fun, PROGRAMS[fun](n, m), made)
    assert ("np.dot" in made.source) == (fun in TAKEN) or fun is changed_before_use
    agree(fun, PROGRAMS[fun](5, 3), made.interpreted)


@pytest.mark.parametrize("fun", sorted(TAKEN, key=lambda fun: fun.__name__), ids=lambda fun: fun.__name__)
def test_layouts(fun):
    """Matrices by columns, every other row, backwards."""
    args = PROGRAMS[fun](STRIP + 4, STRIP + 2)
    made = value_and_grad(fun)
    agree(fun, {name: np.asfortranarray(value) for name, value in args.items()}, made)
    agree(fun, {name: np.repeat(value, 2, axis=0)[::2] for name, value in args.items()}, made)
    agree(fun, {name: value[:, ::-1] for name, value in args.items()}, made)


def test_one_matrix_twice():
    """The same memory under two names."""
    args = squares(STRIP + 3, STRIP + 3)
    shared = args["a"]

    def alone(c, a, w):
        return gemm(c, a, a, w)

    expected = adtrans.value_and_grad(alone, argnums=("c", "a", "w"))(args["c"], shared, args["w"])
    value, (c_bar, a_bar, b_bar, w_bar) = value_and_grad(gemm)(args["c"], shared, shared, args["w"])
    assert value == pytest.approx(expected[0], rel=1e-12)
    np.testing.assert_allclose(a_bar, expected[1][1], rtol=1e-10)
    np.testing.assert_array_equal(a_bar, b_bar)


@pytest.mark.parametrize("bad", (np.nan, np.inf))
@pytest.mark.parametrize("fun", (rank_update, strict_lower, in_place), ids=lambda fun: fun.__name__)
def test_what_is_not_read(fun, bad):
    """NaN and infinity where the loops do not look, or in one row that only some of the results depend on."""
    n, m = 2 * STRIP + 5, 4
    for spoilt in ("above", "row"):
        args = PROGRAMS[fun](n, m)
        args["w"][:] = 0.0
        for row in (0, 1, STRIP, n - 1):
            args["w"][row, 0] = 1.0
        if spoilt == "above" and args["a"].shape == (n, n):
            args["a"][np.triu_indices(n)] = bad
        elif spoilt == "row":
            args["b" if fun is not rank_update else "a"][STRIP // 2, 1] = bad
        run = adtrans.grad(fun, argnums=("c", "a", "b"))
        value = run.value(**args)
        with np.errstate(all="ignore"):
            expected = fun(**{name: value.copy() for name, value in args.items()})
            plain = interpreted_loops(fun, args)
        np.testing.assert_equal(np.isnan(value), np.isnan(expected))
        for found, known in zip(run(**args), plain):
            np.testing.assert_array_equal(np.isnan(found), np.isnan(known))
            np.testing.assert_allclose(found, known, rtol=1e-9, atol=1e-12)


def interpreted_loops(fun, args):
    """The gradient by generated code in which nothing is made a product."""
    from unittest import mock

    with mock.patch("adtrans.specialise.products", lambda program: program):
        return adtrans.grad(fun, argnums=("c", "a", "b"), cache=False).interpreted(**args)


def test_rows_that_are_not_there():
    """The strict triangle has no use for the last column, which then need not exist."""
    args = triangles(STRIP + 2, 3)
    short = args | {"a": args["a"][:, :-1].copy()}
    whole = value_and_grad(strict_lower)(**args)
    found = value_and_grad(strict_lower)(**short)
    assert found[0] == pytest.approx(whole[0], rel=1e-13)
    np.testing.assert_allclose(found[1][1], whole[1][1][:, :-1], rtol=1e-12)


def test_the_first_error_is_the_one_raised():
    """Rows run out in one array at the fourth iteration, extents differ from the sixth on."""
    def failing(c, a, b, w):
        n = c.shape[0]
        for i in range(n):
            for k in range(a.shape[1]):
                c[i, :i + 1] += a[i, k] * b[:i + 1, k]
        return weighted(c, w)

    rng = np.random.default_rng(0)
    c, w = rng.normal(size=(2, 9, 9))
    for rows_a, rows_b in ((9, 5), (4, 9), (4, 6), (7, 4)):
        args = {"c": c, "a": rng.normal(size=(rows_a, 3)), "b": rng.normal(size=(rows_b, 3)), "w": w}
        with pytest.raises((IndexError, ValueError)) as expected:
            failing(**{name: value.copy() for name, value in args.items()})
        with pytest.raises((IndexError, ValueError)) as found:
            value_and_grad(failing)(**args)
        assert isinstance(found.value, expected.type)


@pytest.mark.parametrize("rows, columns", [(6, 9), (9, 6), (0, 9)])
def test_checks_of_innermost_loops(rows, columns):
    """The factor ends before the loops do: at the last iteration of one of them, or at once."""
    rng = np.random.default_rng(0)
    args = {"c": rng.normal(size=(7, 9)), "a": rng.normal(size=(7, 9)), "b": rng.normal(size=(rows, columns)),
            "w": rng.normal(size=(7, 9))}
    for fun in (gemm, gemm_by_rows, gemm_outside):
        for run in (value_and_grad(fun), value_and_grad(fun).interpreted):
            with pytest.raises(IndexError, match=r"out of bounds for axis \d: index, size ="):
                run(**args)


def test_sums_of_nothing():
    """Infinity times a sum over nothing is not added, and what an empty loop does not read need not be there."""
    def total(c, a, b, w):
        s = 0.0
        for i in range(c.shape[0]):
            for j in range(c.shape[1]):
                t = w[i, j]
                for k in range(a.shape[1]):
                    s = s + t * (a[i, k] * c[j, k])
        return s + c[0, 0]

    def outwards(c, a, b, w):
        for i in range(c.shape[0]):
            for j in range(c.shape[1]):
                for k in range(a.shape[1]):
                    c[k, j] += a[i, k] * b[i, j]
        return weighted(c, w)

    def lower(c, a, b, w):
        for i in range(c.shape[0]):
            for k in range(a.shape[1]):
                for j in range(i + 1):
                    c[i, j] += a[i, k] * a[j, k]
        return weighted(c, w)

    for run in (value_and_grad(lower), value_and_grad(lower).interpreted):
        value, _ = run(np.ones((3, 3)), np.ones((0, 0)), np.ones((1, 1)), np.ones((3, 3)))
        assert value == 9.0
    args = {"c": np.ones((3, 3)), "a": np.ones((3, 0)), "b": np.ones((0, 3)), "w": np.full((3, 3), np.inf)}
    assert "np.dot" in value_and_grad(total).inspect_source(**args)
    for run in (value_and_grad(total), value_and_grad(total).interpreted):
        value, gradients = run(**args)
        assert value == 1.0 and gradients[0].sum() == 1.0
    assert "np.dot" in value_and_grad(outwards).inspect_source(**args)
    for run in (value_and_grad(outwards), value_and_grad(outwards).interpreted):
        value, gradients = run(**(args | {"w": np.ones((3, 3))}))
        assert value == 9.0 and np.array_equal(gradients[0], np.full((3, 3), 2.0))


def test_float32():
    args = {name: value.astype(np.float32) for name, value in rectangles(STRIP + 1, 7).items()}
    made = value_and_grad(gemm_by_rows)
    value, gradients = made(**args)
    assert all(gradient.dtype == np.float32 for gradient in gradients)
    expected = value_and_grad(gemm_by_rows)(**{name: value.astype(float) for name, value in args.items()})
    assert value == pytest.approx(expected[0], rel=1e-4)
    for found, known in zip(gradients, expected[1]):
        np.testing.assert_allclose(found, known, rtol=1e-3, atol=1e-3)


TEMPLATE = """
def fun(c, a, b, w):
    n = c.shape[0]
    for {o} in range(n):
        for {p} in {p_range}:
{middle}
            for {q} in {q_range}:
                {statement}
            {after}
    total = 0.0
    for i in range(n):
        for j in range(n):
            total = total + c[i, j] * c[i, j] * w[i, j]
    return total
"""


def ranges(rng, other):
    """Ranges that depend on another counter, or not."""
    return str(rng.choice([f"range({other} + 1)", f"range({other})", f"range({other}, n)", f"range({other} + 1, n)",
                           f"range({other} - 1, -1, -1)", f"range(min({other} + 2, n))", f"range(max({other}, 1), n)",
                           f"range(n - 1, {other}, -1)", f"range(3, {other})", f"range({other}, n - 4)",
                           "range(n)", "range(1, n)"]))


def random_program(rng):
    o, p, q = (str(name) for name in rng.permutation(["i", "j", "k"]))
    p_range = ranges(rng, o)
    q_range = "range(n)" if o in p_range else ranges(rng, str(rng.choice([o, p])))
    a = str(rng.choice(["a[i, k]", "a[k, i]"]))
    b = str(rng.choice(["b[k, j]", "b[j, k]", "a[k, j]"]))
    c = str(rng.choice(["c[i, j]", "c[j, i]"]))
    sign = str(rng.choice(["+", "-"]))
    middle, after, statement = "            pass", "pass", f"{c} {sign}= 0.5 * {a} * {b}"
    if q == "k" and rng.random() < 0.5:
        middle, statement, after = "            t = 0.1", f"t = t {sign} {a} * {b}", f"{c} += t * w[i, j]"
    elif rng.random() < 0.3:
        after = f"c[{o}, {p}] = c[{o}, {p}] * 0.5"
    return TEMPLATE.format(o=o, p=p, q=q, p_range=p_range, q_range=q_range, middle=middle, statement=statement,
                           after=after)


@pytest.mark.parametrize("seed", range(60))
def test_random_nests(seed, tmp_path, monkeypatch):
    """Nests with random orders, triangles and statements, at panels of three rows."""
    monkeypatch.setattr("adtrans.optimise.panels.STRIP", 3)
    rng = np.random.default_rng(seed)
    path = tmp_path / f"nest_{seed}.py"
    path.write_text(random_program(rng))
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    made = adtrans.value_and_grad(module.fun, argnums=("c", "a", "b", "w"), cache=False)
    for n in (0, 1, 2, 3, 4, 7, 10):
        c, a, b, w = rng.normal(size=(4, n, n))
        agree(module.fun, {"c": c, "a": a, "b": b, "w": w}, made.interpreted)
