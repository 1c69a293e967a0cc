"""np.linalg: stacks of matrices, norms, powers and least squares, on the routines of `primitives`."""

import numpy as np

from adtrans.library import primitives


def stacked(a):
    """All the matrices of a stack along one axis."""
    m, n = a.shape[-2:]
    total = 1
    for extent in a.shape[:-2]:
        total = total * extent
    return np.reshape(a, (total, m, n))


def float_of(a):
    """float32 for float32, else float64."""
    return a.dtype if a.dtype == np.float32 or a.dtype == np.float64 else np.float64


def needs_matrix(a):
    if a.ndim < 2:
        raise np.linalg.LinAlgError("array must be at least two-dimensional")


def inv(a):
    """np.linalg.inv."""
    a = np.asarray(a)
    needs_matrix(a)
    if a.ndim == 2:
        return primitives.inv(a)
    matrices = stacked(a)
    out = np.empty(matrices.shape, float_of(a))
    for k in range(matrices.shape[0]):
        out[k] = primitives.inv(matrices[k])
    return np.reshape(out, a.shape)


def solve(a, b):
    """np.linalg.solve: `b` of one axis is a vector, else a stack of matrices."""
    a, b = np.asarray(a), np.asarray(b)
    needs_matrix(a)
    if a.ndim == 2 and b.ndim <= 2:
        return primitives.solve(a, b)
    if b.ndim == 1:
        return solve_stacked(a, np.reshape(b, (b.shape[0], 1)))[..., 0]
    return solve_stacked(a, b)


def solve_stacked(a, b):
    """The solutions for stacks of matrices on both sides."""
    dtype = np.float32 if float_of(a) == np.float32 and float_of(b) == np.float32 else np.float64
    lead = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    matrices = stacked(np.broadcast_to(a, lead + a.shape[-2:]))
    sides = stacked(np.broadcast_to(b, lead + b.shape[-2:]))
    out = np.empty(sides.shape, dtype)
    for k in range(matrices.shape[0]):
        out[k] = primitives.solve(matrices[k], sides[k])
    return np.reshape(out, lead + b.shape[-2:])


def det(a):
    """np.linalg.det."""
    a = np.asarray(a)
    needs_matrix(a)
    if a.ndim == 2:
        return primitives.det(a)
    matrices = stacked(a)
    out = np.empty(matrices.shape[0], float_of(a))
    for k in range(matrices.shape[0]):
        out[k] = primitives.det(matrices[k])
    return np.reshape(out, a.shape[:-2])


def slogdet(a):
    """np.linalg.slogdet."""
    a = np.asarray(a)
    needs_matrix(a)
    if a.ndim == 2:
        return primitives.slogdet(a)
    matrices = stacked(a)
    signs = np.empty(matrices.shape[0], float_of(a))
    logarithms = np.empty(matrices.shape[0], float_of(a))
    for k in range(matrices.shape[0]):
        signs[k], logarithms[k] = primitives.slogdet(matrices[k])
    return np.reshape(signs, a.shape[:-2]), np.reshape(logarithms, a.shape[:-2])


def cholesky(a, *, upper=False):
    """np.linalg.cholesky: reads the lower triangle (the upper one if `upper`)."""
    a = np.asarray(a)
    needs_matrix(a)
    if upper:
        return np.swapaxes(cholesky_lower(np.swapaxes(a, -1, -2)), -1, -2)
    return cholesky_lower(a)


def cholesky_lower(a):
    """The lower triangular factors of a stack."""
    if a.ndim == 2:
        return primitives.cholesky(a)
    matrices = stacked(a)
    out = np.empty(matrices.shape, float_of(a))
    for k in range(matrices.shape[0]):
        out[k] = primitives.cholesky(matrices[k])
    return np.reshape(out, a.shape)


def eigh(a, UPLO="L"):
    """np.linalg.eigh: reads the lower triangle. The signs of its vectors would be others for the upper one."""
    a = np.asarray(a)
    needs_matrix(a)
    if UPLO == "U":
        raise NotImplementedError("np.linalg.eigh of an upper triangle (give it the transpose)")
    return eigh_lower(a)


def eigh_lower(a):
    """Eigenvalues and eigenvectors of a stack, of which the lower triangles are read."""
    if a.ndim == 2:
        return primitives.eigh(a)
    matrices = stacked(a)
    values = np.empty(matrices.shape[:2], float_of(a))
    vectors = np.empty(matrices.shape, float_of(a))
    for k in range(matrices.shape[0]):
        values[k], vectors[k] = primitives.eigh(matrices[k])
    return np.reshape(values, a.shape[:-1]), np.reshape(vectors, a.shape)


def eigvalsh(a, UPLO="L"):
    """np.linalg.eigvalsh: reads the lower triangle (the upper one for "U")."""
    a = np.asarray(a)
    needs_matrix(a)
    return eigh_lower(np.swapaxes(a, -1, -2) if UPLO == "U" else a)[0]


def svd(a, full_matrices=True, compute_uv=True, hermitian=False):
    """np.linalg.svd of one matrix."""
    a = np.asarray(a)
    needs_matrix(a)
    if a.ndim > 2:
        raise NotImplementedError("np.linalg.svd of a stack of matrices")
    if not compute_uv:
        return primitives.svd(a, False)[1]
    return primitives.svd(a, full_matrices)


def svdvals(x):
    """np.linalg.svdvals."""
    return svd(x, False, False)


def qr(a, mode="reduced"):
    """np.linalg.qr of one matrix: modes "reduced" and "r"."""
    a = np.asarray(a)
    needs_matrix(a)
    if a.ndim > 2 or (mode != "reduced" and mode != "r"):
        raise NotImplementedError("np.linalg.qr of a stack of matrices, or with a mode other than 'reduced' and 'r',")
    q, r = primitives.qr(a)
    return r if mode == "r" else (q, r)


def pinv(a, rcond=None, hermitian=False):
    """np.linalg.pinv of one matrix."""
    a = np.asarray(a)
    needs_matrix(a)
    limit = 1e-15 if rcond is None else rcond
    if rcond is None and float_of(a) == np.float32:
        limit = 1e-15
    return primitives.pinv(a, limit)


def lstsq(a, b, rcond=None):
    """np.linalg.lstsq: the solution of least norm, residuals, rank and singular values."""
    a, b = np.asarray(a), np.asarray(b)
    m, n = a.shape
    eps = np.finfo(float_of(a)).eps
    limit = eps * max(m, n) if rcond is None else rcond
    s = primitives.svd(a, False)[1]
    rank = 0
    for value in s:
        if value > limit * s[0]:
            rank += 1
    x = primitives.pinv(a, limit) @ b
    gap = b - a @ x
    if b.ndim == 1:
        count = 1 if m > n and rank == n else 0
        residuals = np.empty(count, x.dtype)
        for k in range(count):
            residuals[k] = np.sum(gap * gap)
        return x, residuals, rank, s
    count = b.shape[1] if m > n and rank == n else 0
    residuals = np.empty(count, x.dtype)
    for k in range(count):
        residuals[k] = np.sum(gap[:, k] * gap[:, k])
    return x, residuals, rank, s


def matrix_power(a, n):
    """np.linalg.matrix_power by repeated squaring."""
    a = np.asarray(a)
    needs_matrix(a)
    base = inv(a) if n < 0 else a
    power = abs(n)
    out = np.zeros_like(a) + np.eye(a.shape[-1], dtype=a.dtype)
    factor = base * 1
    while power > 0:
        if power % 2 == 1:
            out = out @ factor
        power //= 2
        if power > 0:
            factor = factor @ factor
    return out


TABLE = {
    np.linalg.inv: inv, np.linalg.solve: solve, np.linalg.det: det, np.linalg.slogdet: slogdet,
    np.linalg.cholesky: cholesky, np.linalg.eigh: eigh, np.linalg.eigvalsh: eigvalsh, np.linalg.svd: svd,
    np.linalg.qr: qr, np.linalg.pinv: pinv, np.linalg.lstsq: lstsq, np.linalg.matrix_power: matrix_power,
}
if hasattr(np.linalg, "svdvals"):
    TABLE[np.linalg.svdvals] = svdvals
