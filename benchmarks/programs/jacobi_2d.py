"""Five-point averages back and forth between two planes."""

from .data import uniform


def jacobi_2d(steps, a, b):
    for _ in range(steps):
        b[1:-1, 1:-1] = 0.2 * (a[1:-1, 1:-1] + a[1:-1, :-2] + a[1:-1, 2:] + a[2:, 1:-1] + a[:-2, 1:-1])
        a[1:-1, 1:-1] = 0.2 * (b[1:-1, 1:-1] + b[1:-1, :-2] + b[1:-1, 2:] + b[2:, 1:-1] + b[:-2, 1:-1])


def arguments(size, dtype):
    a, b = uniform(dtype, (size, size + 1), (size, size + 1))
    return {"steps": 5, "a": a, "b": b}
