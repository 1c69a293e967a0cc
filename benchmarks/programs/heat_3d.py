"""Explicit steps of the heat equation in space."""

from .data import uniform


def diffuse(new, old):
    here = old[1:-1, 1:-1, 1:-1]
    new[1:-1, 1:-1, 1:-1] = (here + 0.125 * (old[2:, 1:-1, 1:-1] - 2.0 * here + old[:-2, 1:-1, 1:-1])
                             + 0.125 * (old[1:-1, 2:, 1:-1] - 2.0 * here + old[1:-1, :-2, 1:-1])
                             + 0.125 * (old[1:-1, 1:-1, 2:] - 2.0 * here + old[1:-1, 1:-1, :-2]))


def heat_3d(steps, a, b):
    for _ in range(steps):
        diffuse(b, a)
        diffuse(a, b)


def arguments(size, dtype):
    a, b = uniform(dtype, (size, size + 1, size), (size, size + 1, size))
    return {"steps": 3, "a": a, "b": b}
