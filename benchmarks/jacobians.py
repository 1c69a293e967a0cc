"""Jacobians timed: blocks of a bundle adjustment and a skinned hand, each against its objective.

The command is `python benchmarks/jacobians.py [--only NAME ...] [--seconds S] [--repeat N]`. Columns, all of one core,
compiled by adtrans:

  value      the objective: all residuals
  Jacobian   of the residuals; '/value' is against the objective
  passes     what the Jacobian was made of

`bundle` has a residual of two numbers for each observation, and a block of 2 x 15: by camera (11), point (3), weight;
each row of a block is a gradient.
The structure is that of S. Agarwal, N. Snavely, S. Seitz and R. Szeliski, "Bundle Adjustment in the Large", 2010.
`hand` moves 100 vertices with the 21 bones of a chain of joints, each vertex with up to four of them (linear blend
skinning): 300 residuals of 26 parameters. Data are made up. Jacobians are compared with differences of the objective:
more than 1e-6 apart, the command fails.
"""

import argparse
import sys
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from timing import Contender, alone, alternate, ratio

TITLES = ("program", "value", "Jacobian", "/value", "passes")
WRIST, FINGERS, JOINTS = 6, 5, 4


class Program(NamedTuple):
    """The objective and its Jacobian as compiled functions, their arguments, and how far apart differences are."""

    value: Callable
    jacobian: Callable
    args: tuple
    apart: Callable[[], float]


def reprojection(given, feature):
    """Where a camera (rotation 3, centre 3, focal length, principal point 2, distortion 2) sees a point (3), less what
    was seen, times a weight."""
    camera, point, weight = given[:11], given[11:14], given[14]
    square = camera[0] ** 2 + camera[1] ** 2 + camera[2] ** 2
    angle = np.sqrt(square)
    cosine, sine = np.cos(angle), np.sin(angle)
    a, b, c = camera[0] / angle, camera[1] / angle, camera[2] / angle
    x, y, z = point[0] - camera[3], point[1] - camera[4], point[2] - camera[5]
    along = (a * x + b * y + c * z) * (1.0 - cosine)
    right = x * cosine + (b * z - c * y) * sine + a * along
    up = y * cosine + (c * x - a * z) * sine + b * along
    ahead = z * cosine + (a * y - b * x) * sine + c * along
    u, v = right / ahead, up / ahead
    radius = u * u + v * v
    stretch = (1.0 + camera[9] * radius + camera[10] * radius * radius) * camera[6]
    return np.array([weight * (u * stretch + camera[7] - feature[0]), weight * (v * stretch + camera[8] - feature[1])])


def right_error(given, feature):
    return reprojection(given, feature)[0]


def upper_error(given, feature):
    return reprojection(given, feature)[1]


def hand(theta, offsets, parents, bones, weights, vertices, targets):
    """Differences of skinned vertices from targets. `theta`: rotation 3, place 3, and the bend of each joint."""
    n = len(parents)
    turns, places = np.empty((n, 3, 3)), np.empty((n, 3))
    own = np.empty((3, 3))
    for k in range(n):
        if k == 0:
            ca, sa = np.cos(theta[0]), np.sin(theta[0])
            cb, sb = np.cos(theta[1]), np.sin(theta[1])
            cc, sc = np.cos(theta[2]), np.sin(theta[2])
            turns[0, 0, 0], turns[0, 0, 1], turns[0, 0, 2] = cb * cc, sa * sb * cc - ca * sc, ca * sb * cc + sa * sc
            turns[0, 1, 0], turns[0, 1, 1], turns[0, 1, 2] = cb * sc, sa * sb * sc + ca * cc, ca * sb * sc - sa * cc
            turns[0, 2, 0], turns[0, 2, 1], turns[0, 2, 2] = -sb, sa * cb, ca * cb
            for i in range(3):
                places[0, i] = theta[3 + i]
        else:
            c, s = np.cos(theta[5 + k]), np.sin(theta[5 + k])
            own[0, 0], own[0, 1], own[0, 2] = 1.0, 0.0, 0.0
            own[1, 0], own[1, 1], own[1, 2] = 0.0, c, -s
            own[2, 0], own[2, 1], own[2, 2] = 0.0, s, c
            parent = parents[k]
            for i in range(3):
                place = places[parent, i]
                for j in range(3):
                    place += turns[parent, i, j] * offsets[k, j]
                    total = 0.0
                    for m in range(3):
                        total += turns[parent, i, m] * own[m, j]
                    turns[k, i, j] = total
                places[k, i] = place
    out = np.empty((len(vertices), 3))
    for v in range(len(vertices)):
        for i in range(3):
            total = -targets[v, i]
            for q in range(4):
                bone = bones[v, q]
                moved = places[bone, i]
                for j in range(3):
                    moved += turns[bone, i, j] * vertices[v, q, j]
                total += weights[v, q] * moved
            out[v, i] = total
    return out


def bundle_program(rng, count=2000):
    import adtrans

    camera = np.concatenate([rng.normal(size=(count, 3)) * 0.2, rng.normal(size=(count, 3)) * 0.1 - [0, 0, 5],
                             rng.uniform(0.9, 1.1, (count, 1)), rng.normal(size=(count, 4)) * 0.01], axis=1)
    given = np.concatenate([camera, rng.normal(size=(count, 3)), rng.uniform(0.5, 1.5, (count, 1))], axis=1)
    args = given, rng.normal(size=(count, 2))
    value = adtrans.vmap(reprojection)
    right, upper = adtrans.grad(right_error), adtrans.grad(upper_error)

    def block(given, feature):
        made = np.empty((2, 15))
        made[0], made[1] = right(given, feature), upper(given, feature)
        return made

    blocks = adtrans.vmap(block)
    blocks.passes = {"reverse": 2}

    def apart():
        made, step = blocks(*args), 1e-6
        sides = [[value(given + sign * step * e, args[1]) for e in np.eye(15)] for sign in (1.0, -1.0)]
        return np.abs(made - np.moveaxis(np.array(sides[0]) - np.array(sides[1]), 0, -1) / (2.0 * step)).max()

    return Program(value, blocks, args, apart)


def hand_program(rng, vertices=100):
    import adtrans

    count = 1 + FINGERS * JOINTS
    parents = np.array([0] + [0 if k % JOINTS == 0 else k for k in range(FINGERS * JOINTS)])
    weights = rng.random((vertices, 4))
    args = (rng.normal(size=WRIST + count - 1) * 0.3, rng.normal(size=(count, 3)), parents,
            rng.integers(0, count, (vertices, 4)), weights / weights.sum(axis=1, keepdims=True),
            rng.normal(size=(vertices, 4, 3)), rng.normal(size=(vertices, 3)))
    value, whole = adtrans.grad(hand).value, adtrans.jacobian(hand)

    def apart():
        made, step = whole(*args), 1e-6
        sides = [[value(args[0] + sign * step * e, *args[1:]) for e in np.eye(len(args[0]))] for sign in (1.0, -1.0)]
        return np.abs(made - np.moveaxis(np.array(sides[0]) - np.array(sides[1]), 0, -1) / (2.0 * step)).max()

    return Program(value, whole, args, apart)


PROGRAMS = {"bundle": bundle_program, "hand": hand_program}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=PROGRAMS, default=tuple(PROGRAMS))
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--repeat", type=int, default=500)
    options = parser.parse_args()
    alone()
    from tables import Table, seconds, times

    table = Table(TITLES)
    table.print_header()
    for name in options.only:
        program = PROGRAMS[name](np.random.default_rng(3))
        if program.apart() > 1e-6:
            raise SystemExit(f"{name}: the Jacobian is not that of the objective")
        best = alternate({"value": Contender(program.value, lambda args=program.args: args),
                          "Jacobian": Contender(program.jacobian, lambda args=program.args: args)},
                         options.seconds, options.repeat)
        shown = ", ".join(f"{mode} {n}" for mode, n in program.jacobian.passes.items())
        table.print_row((name, seconds(best["value"]), seconds(best["Jacobian"]),
                         times(ratio(best["Jacobian"], best["value"])), shown))


if __name__ == "__main__":
    sys.exit(main())
