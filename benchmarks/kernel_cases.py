"""The loop programs to be timed: data at a small size, and at one that exceeds the second-level cache.

Sizes are those of NPBench's presets S and M unless a comment says otherwise. A maker takes the sizes and gives the
arguments by name, always the same ones.
"""

from collections.abc import Callable
from typing import NamedTuple

import burgers
import numpy as np
from programs import PROGRAMS
from programs.data import dominant, uniform

GROUPS = ("stencil", "factors", "products", "sweeps", "networks")


class Case(NamedTuple):
    """One program: what to differentiate, its group, its data. `outputs` is empty where it returns its results."""

    name: str
    group: str
    fun: Callable
    inputs: tuple
    outputs: tuple
    make: Callable
    small: dict
    large: dict


def pair(steps, *shape):
    a, b = uniform(float, shape, shape)
    return {"steps": steps, "a": a, "b": b}


def fields(steps, nx, ny):
    ex, ey, hz, source = uniform(float, *[(nx, ny)] * 3, steps)
    return {"steps": steps, "ex": ex, "ey": ey, "hz": hz, "source": source}


def cavity(steps, sweeps, n):
    return PROGRAMS["cavity_flow"].arguments(n, float) | {"steps": steps, "sweeps": sweeps}


def clouds(ni, nj, nk):
    field, out, coeff = uniform(float, (ni + 4, nj + 4, nk), (ni, nj, nk), (ni, nj, nk))
    return {"field": field, "out": out, "coeff": coeff}


def columns(ni, nj, nk):
    tendency, u, position, old, wind = uniform(float, *[(ni, nj, nk)] * 4, (ni + 1, nj, nk), high=0.5)
    return {"tendency": tendency, "u": u, "wind": wind, "position": position, "old": old, "rate": 1.15}


def layers(n, c, h, k, m):
    images, kernel, bias = uniform(float, (n, h, h, c), (k, k, c, m), m)
    return {"images": images, "kernel": kernel, "bias": bias}


def letters(n, h):
    """Six and sixteen maps, kernels of five, layers of 120, 84 and 10, as LeNet-5 has them."""
    flat = 16 * (((h - 4) // 2 - 4) // 2) ** 2
    shapes = ((n, h, h, 1), (5, 5, 1, 6), 6, (5, 5, 6, 16), 16, (flat, 120), 120, (120, 84), 84, (84, 10), 10)
    names = ("images", "conv1", "bias1", "conv2", "bias2", "w1", "b1", "w2", "b2", "w3", "b3")
    made = uniform(float, *shapes, low=-0.6, high=1.0)
    return {name: value / (1.0 if value.ndim != 2 else np.sqrt(len(value))) for name, value in zip(names, made)}


def perceptron(n, s0, s1, s2):
    shapes = (n, 3), (3, s0), s0, (s0, s1), s1, (s1, s2), s2
    made = uniform(float, *shapes, low=-1.0)
    names = ("x", "w1", "b1", "w2", "b2", "w3", "b3")
    return {name: value / np.sqrt(len(value)) if value.ndim == 2 else value for name, value in zip(names, made)}


def rank(m, n, two=False):
    c, a, b = uniform(float, (n, n), (n, m), (n, m))
    return {"alpha": 1.5, "beta": 1.2, "c": c, "a": a} | ({"b": b} if two else {})


def symmetric(m, n):
    c, a, b = uniform(float, (m, n), (m, m), (m, n))
    return {"alpha": 1.5, "beta": 1.2, "c": c, "a": a, "b": b}


def triangular(m, n):
    a, b = uniform(float, (m, m), (m, n))
    return {"alpha": 1.5, "a": a, "b": b}


def table(m, n):
    return {"data": uniform(float, (n, m), high=2.0)[0]}


def stars(n, steps):
    """A loose cluster: in a dense one orbits are chaotic, and gradients are rounding errors grown large."""
    rng = np.random.default_rng(0)
    return {"mass": rng.uniform(0.5, 1.5, (n, 1)) / n, "pos": rng.normal(size=(n, 3)),
            "vel": 0.5 * rng.normal(size=(n, 3)), "steps": steps, "dt": 0.02, "gravity": 1.0, "softening": 0.3}


def plane(rows, cols):
    return {"alpha": 0.25, "image": uniform(float, (rows, cols))[0]}


def slim(m, n):
    (a,) = uniform(float, (m, n))
    a[:n] += 2.0 * np.eye(n)
    return {"a": a}


def system(n):
    return {"a": dominant(float, n), "b": uniform(float, n)[0]}


def of(name):
    """The maker of the program's own module, at its size."""
    return lambda n: PROGRAMS[name].arguments(n, float)


def case(name, group, make, small, large):
    program = PROGRAMS[name]
    outputs = () if program.returns else program.outputs
    return Case(name, group, program.fun(), program.inputs, outputs, make, small, large)


def square(steps, n):
    return {"steps": steps, "a": uniform(float, (n, n))[0]}


def alternating(steps, n):
    return {"steps": steps, "u": uniform(float, (n, n))[0]}


CASES = {item.name: item for item in (
    case("seidel_2d", "stencil", square, {"steps": 8, "n": 50}, {"steps": 15, "n": 100}),
    case("jacobi_1d", "stencil", lambda steps, n: pair(steps, n), {"steps": 800, "n": 3200},
         {"steps": 100, "n": 400_000}),  # M fits into the first-level cache
    case("jacobi_2d", "stencil", lambda steps, n: pair(steps, n, n), {"steps": 50, "n": 150},
         {"steps": 20, "n": 700}),
    case("heat_3d", "stencil", lambda steps, n: pair(steps, n, n, n), {"steps": 25, "n": 25},
         {"steps": 100, "n": 70}),
    case("fdtd_2d", "stencil", fields, {"steps": 20, "nx": 200, "ny": 220}, {"steps": 60, "nx": 400, "ny": 450}),
    Case("burgers", "stencil", burgers.burgers, ("u",), (), burgers.arguments, {"n": 400, "steps": 200},
         {"n": 4000, "steps": 2000}),
    case("hdiff", "stencil", clouds, {"ni": 64, "nj": 64, "nk": 60}, {"ni": 128, "nj": 128, "nk": 160}),
    case("cavity_flow", "stencil", cavity, {"steps": 25, "sweeps": 5, "n": 61},
         {"steps": 50, "sweeps": 10, "n": 121}),
    case("lu", "factors", of("lu"), {"n": 60}, {"n": 220}),
    case("cholesky", "factors", of("cholesky"), {"n": 100}, {"n": 300}),
    case("ludcmp", "factors", system, {"n": 60}, {"n": 220}),
    case("trisolv", "factors", of("trisolv"), {"n": 400}, {"n": 2000}),  # S is the large one
    case("durbin", "factors", of("durbin"), {"n": 400}, {"n": 1000}),  # S is the large one
    case("gramschmidt", "factors", slim, {"m": 70, "n": 60}, {"m": 220, "n": 180}),
    case("syrk", "products", rank, {"m": 50, "n": 70}, {"m": 150, "n": 200}),
    case("syr2k", "products", lambda m, n: rank(m, n, True), {"m": 35, "n": 50}, {"m": 110, "n": 140}),
    case("symm", "products", symmetric, {"m": 40, "n": 50}, {"m": 120, "n": 150}),
    case("trmm", "products", triangular, {"m": 65, "n": 80}, {"m": 200, "n": 250}),
    case("covariance", "products", table, {"m": 100, "n": 120}, {"m": 500, "n": 600}),  # S is the large one
    case("correlation", "products", table, {"m": 100, "n": 120}, {"m": 500, "n": 600}),  # S is the large one
    case("adi", "sweeps", alternating, {"steps": 5, "n": 100}, {"steps": 20, "n": 200}),
    case("deriche", "sweeps", plane, {"rows": 200, "cols": 400}, {"rows": 1000, "cols": 1500}),
    case("vadv", "sweeps", columns, {"ni": 60, "nj": 60, "nk": 40}, {"ni": 112, "nj": 112, "nk": 80}),
    case("nbody", "sweeps", stars, {"n": 25, "steps": 40}, {"n": 50, "steps": 250}),
    case("conv2d", "networks", layers, {"n": 8, "c": 3, "h": 32, "k": 2, "m": 16},
         {"n": 8, "c": 3, "h": 64, "k": 5, "m": 8}),
    case("lenet", "networks", letters, {"n": 4, "h": 28}, {"n": 8, "h": 56}),
    case("mlp", "networks", perceptron, {"n": 8, "s0": 300, "s1": 200, "s2": 200},
         {"n": 8, "s0": 3000, "s1": 2000, "s2": 2000}),  # a tenth of S
    case("softmax", "networks", lambda n, h, m: {"x": uniform(float, (n, h, m, m))[0]},
         {"n": 4, "h": 4, "m": 64}, {"n": 16, "h": 16, "m": 128}),  # S is the large one
)}
