"""Faults of sums read where their parts stand, and of zeros that are not written."""

from dataclasses import replace

import numpy as np

from adtrans.optimise import neighbours, zeros
from adtrans.optimise.gather import Gatherer


def read_although_changed(patch):
    """Nests are read in any order whatever they change of what they read."""
    patch.setattr(neighbours, "readable", lambda found, places: True)


def ends_left_out(patch):
    """Elements that do not get all parts get none."""
    patch.setattr(neighbours.Emission, "ends", lambda self, level, parts, places, core: None)


def parts_of_the_other_side(patch):
    """What an element gets is computed in the iterations on the other side."""
    original = neighbours.Emission.recomputed

    def recomputed(self, operand, offsets, places, computed):
        return original(self, operand, tuple(-offset for offset in offsets), places, computed)

    patch.setattr(neighbours.Emission, "recomputed", recomputed)


def factors_left_out(patch):
    """Factors that are the same in all iterations are lost."""
    original = neighbours.factored
    patch.setattr(neighbours, "factored", lambda nest, value: ((), *original(nest, value)[1:]))


def zeros_at_the_ends_forgotten(patch):
    """What is not stored over stays as it was."""
    patch.setattr(zeros, "skin", lambda *args: None)


def zeros_in_the_first_iteration(patch):
    """What an iteration leaves as zeros is taken for zeros in the first one, too."""
    original = Gatherer.instead

    def instead(self, build, cleared, emission):
        original(self, build, replace(cleared, guard=None), emission)

    patch.setattr(Gatherer, "instead", instead)


def zeros_after_the_last_forgotten(patch):
    """What the last iteration would have cleared is not cleared."""
    patch.setattr(Gatherer, "afterwards", lambda self, loop, carried: [])


def zeros_not_seen_by_readers(patch):
    """Statements read what is to be zeros before the zeros are written."""
    patch.setattr(Gatherer, "write_before", lambda self, statement: None)


def zeros_wherever_sums_go(patch):
    """Sums are stored although not all of the place is zeros."""
    patch.setattr(Gatherer, "fits", lambda self, emission, cleared: True)


def averaged(x):
    y, z = x * 1.0, x * 0.5
    for i in range(1, len(y) - 1):
        z[i] = 0.3 * y[i - 1] + 0.2 * y[i + 1] * y[i]
    return np.sum(z * z) + z[1]


def in_turn(x):
    u, v = x * 1.0, x * 2.0
    for _ in range(3):
        for i in range(1, len(u) - 1):
            v[i] = 0.3 * u[i - 1] + 0.5 * u[i] + 0.2 * u[i + 1]
        u, v = v, u
    return np.sum(u * u) + np.sum(v * v * v)


def in_a_part(x):
    u, v = x * 1.0, x * 2.0
    for _ in range(3):
        for i in range(3, len(u) - 1):
            v[i] = 0.3 * u[i - 1] + 0.5 * u[i] + 0.2 * u[i + 1]
        for i in range(1, len(u) - 1):
            u[i] = 0.3 * v[i - 1] + 0.5 * v[i] + 0.2 * v[i + 1]
    return np.sum(u * u) + np.sum(v * v * v)


def and_read(x):
    u, v = x * 1.0, x * 2.0
    for _ in range(2):
        for i in range(1, len(u) - 1):
            v[i] = 0.3 * u[i - 1] + 0.2 * u[i + 1]
        u[0] = u[1] * u[2] + u[0]
        for i in range(1, len(u) - 1):
            u[i] = 0.3 * v[i - 1] + 0.2 * v[i + 1]
    return np.sum(u * u) + np.sum(v * v * v)


def one_element(x):
    y = x * 1.0
    for i in range(1, len(y) - 1):
        y[0] = 0.3 * x[i - 1] + 0.2 * x[i + 1]
    return np.sum(y * y)


X = np.linspace(0.4, 1.6, 8)
RARE = {
    "read-although-changed": (read_although_changed, one_element, (X,), 0),
    "ends-left-out": (ends_left_out, averaged, (X,), 0),
    "parts-of-the-other-side": (parts_of_the_other_side, averaged, (X,), 0),
    "factors-left-out": (factors_left_out, averaged, (X,), 0),
    "zeros-at-the-ends-forgotten": (zeros_at_the_ends_forgotten, in_turn, (X,), 0),
    "zeros-in-the-first-iteration": (zeros_in_the_first_iteration, in_turn, (X,), 0),
    "zeros-after-the-last-forgotten": (zeros_after_the_last_forgotten, in_turn, (X,), 0),
    "zeros-not-seen-by-readers": (zeros_not_seen_by_readers, and_read, (X,), 0),
    "zeros-wherever-sums-go": (zeros_wherever_sums_go, in_a_part, (X,), 0),
}
FAULTS = ()
