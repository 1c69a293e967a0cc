"""Maxwell's equations in a plane, by finite differences in time: fields staggered in place."""

from .data import uniform


def fdtd_2d(steps, ex, ey, hz, source):
    for t in range(steps):
        ey[0, :] = source[t]
        ey[1:, :] -= 0.5 * (hz[1:, :] - hz[:-1, :])
        ex[:, 1:] -= 0.5 * (hz[:, 1:] - hz[:, :-1])
        hz[:-1, :-1] -= 0.7 * (ex[:-1, 1:] - ex[:-1, :-1] + ey[1:, :-1] - ey[:-1, :-1])


def arguments(size, dtype):
    ex, ey, hz, source = uniform(dtype, *[(size, size + 1)] * 3, 5)
    return {"steps": 5, "ex": ex, "ey": ey, "hz": hz, "source": source}
