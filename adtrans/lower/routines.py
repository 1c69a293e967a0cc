"""Calls of NumPy's linear algebra routines, which stay calls.

What a routine makes is private, so that it is still there, unchanged, when the adjoint wants it; the program goes on
with a copy. (What it reads is seen to by `adtrans.matrices`.)
"""

from __future__ import annotations

from adtrans.ir import Array, Call, Operand, Scalar, Var
from adtrans.library import primitives
from adtrans.lower import dense, nests, views
from adtrans.lower.builtins import arity
from adtrans.lower.scalars import truth
from adtrans.lower.values import Arrayish, Num, Seq, Value, View


def matrix(low, value: Value, code: str) -> View:
    """The whole of an array that is a matrix or vector; a copy where that is not contiguous or of another dtype."""
    value = nests.concrete(low, value)
    if value.rank == 2:
        return views.whole(low, dense.matrix(low, value, code))
    found = views.contiguous(low, value) if value.dtype == code else None
    return nests.materialise(low, value, code) if found is None else views.whole(low, found)


def float_code(low, name: str, *values: Value) -> str:
    """The dtype in which a routine computes; integers count as float64."""
    for value in values:
        if not isinstance(value, Arrayish):
            raise low.error(f"{name} needs an array", kind="type")
    codes = [value.code if value.code[0] == "f" else "f8" for value in values]
    return "f8" if "f8" in codes else "f4"


def square(low, value: View, name: str) -> Operand:
    """The extent of a square matrix."""
    if value.rank != 2:
        raise low.error(f"{name} needs a matrix of two axes here")
    rows, columns = value.shape
    if not low.equal_extents(rows, columns):
        low.check(low.build.prim("eq", rows, columns), "ValueError",
                  "Last 2 dimensions of the array must be square:", (rows, columns))
        low.declare_equal(rows, columns)
    return rows


def emit(low, op: str, args: tuple[Operand, ...], made: list) -> list[Value]:
    """Emit the call. `made` has for each result its dtype, and its shape or None for a number."""
    results = [Var(Scalar(code) if shape is None else Array(code, len(shape), "A")) for code, shape in made]
    for var, (_, shape) in zip(results, made):
        if shape is not None:
            low.fresh(var)
    low.build.emit(Call(tuple(results), op, args, low.build.span))
    found: list[Value] = []
    for var, (_, shape) in zip(results, made):
        if shape is None:
            found.append(Num(var))
            continue
        for axis, extent in enumerate(shape):
            low.build.assume_dim(var, axis, extent)
        found.append(nests.materialise(low, views.whole(low, var)))
    return found


def solve(low, args, keywords) -> Value:
    arity(low, "solve", args, keywords, 2, 2)
    a, b = (low.as_array(arg) for arg in args)
    code = float_code(low, "solve", a, b)
    a, b = matrix(low, a, code), matrix(low, b, code)
    n = square(low, a, "solve")
    if not low.equal_extents(b.shape[0], n):
        low.check(low.build.prim("eq", b.shape[0], n), "ValueError",
                  "solve: mismatch in the sizes of the matrix and the right-hand side:", (n, b.shape[0]))
    return emit(low, "np.linalg.solve", (a.base, b.base), [(code, b.shape)])[0]


def by_factors(op: str):
    """A solution by the factors of a matrix, as adjoints want it: everything is known to fit."""
    def run(low, args, keywords) -> Value:
        lu, pivots, b = (low.as_array(arg) for arg in args)
        b = matrix(low, b, lu.dtype)
        return emit(low, op, (lu.base, pivots.base, b.base), [(lu.dtype, b.shape)])[0]

    return run


def lu_inverse(low, args, keywords) -> Value:
    lu, pivots = (low.as_array(arg) for arg in args)
    return emit(low, "factors.lu_inverse", (lu.base, pivots.base), [(lu.dtype, lu.shape)])[0]


def one_square(op: str, name: str, shapes):
    """A routine of one square matrix; `shapes(n)` gives the shapes of its results."""
    def run(low, args, keywords) -> Value:
        arity(low, name, args, keywords, 1, 1)
        a = low.as_array(args[0])
        code = float_code(low, name, a)
        a = matrix(low, a, code)
        n = square(low, a, name)
        found = emit(low, op, (a.base,), [(code, shape) for shape in shapes(n)])
        return found[0] if len(found) == 1 else Seq(tuple(found))

    return run


def svd(low, args, keywords) -> Value:
    arity(low, "svd", args, keywords, 2, 2)
    a = low.as_array(args[0])
    code = float_code(low, "svd", a)
    a = matrix(low, a, code)
    m, n = a.shape
    k = low.build.prim("min", m, n)
    full = truth(low, args[1]).operand
    wide = bool(full.value)
    shapes = [(m, m if wide else k), (k,), (n if wide else k, n)]
    return Seq(tuple(emit(low, "np.linalg.svd", (a.base, full), [(code, shape) for shape in shapes])))


def qr(low, args, keywords) -> Value:
    arity(low, "qr", args, keywords, 1, 1)
    a = low.as_array(args[0])
    code = float_code(low, "qr", a)
    a = matrix(low, a, code)
    m, n = a.shape
    k = low.build.prim("min", m, n)
    return Seq(tuple(emit(low, "np.linalg.qr", (a.base,), [(code, (m, k)), (code, (k, n))])))


def pinv(low, args, keywords) -> Value:
    arity(low, "pinv", args, keywords, 2, 2)
    a = low.as_array(args[0])
    code = float_code(low, "pinv", a)
    a = matrix(low, a, code)
    m, n = a.shape
    limit = low.build.cast(low.as_array(args[1]).operand, Scalar(code))
    return emit(low, "np.linalg.pinv", (a.base, limit), [(code, (n, m))])[0]


TABLE = {
    primitives.lu_solve: by_factors("factors.lu_solve"), primitives.lu_inverse: lu_inverse,
    primitives.lu_solve_transposed: by_factors("factors.lu_solve_transposed"),
    primitives.solve: solve, primitives.svd: svd, primitives.qr: qr, primitives.pinv: pinv,
    primitives.inv: one_square("np.linalg.inv", "inv", lambda n: [(n, n)]),
    primitives.det: one_square("np.linalg.det", "det", lambda n: [None]),
    primitives.slogdet: one_square("np.linalg.slogdet", "slogdet", lambda n: [None, None]),
    primitives.cholesky: one_square("np.linalg.cholesky", "cholesky", lambda n: [(n, n)]),
    primitives.eigh: one_square("np.linalg.eigh", "eigh", lambda n: [(n,), (n, n)]),
}
