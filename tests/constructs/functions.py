"""Programs of the language: functions, containers, NumPy. Parameters are given by their names."""

import functools
from dataclasses import dataclass
from math import cos, sin
from typing import NamedTuple

import numba
import numpy as np
from numba import njit

SCALE = 0.7
WEIGHTS = np.array([0.5, -0.25, 1.0, 2.0, -0.5], dtype=np.float32)


class Pair(NamedTuple):
    first: float
    second: float


@dataclass
class Settings:
    rate: float
    steps: int


def helper(v, rate=2.0, *, shift=0.0):
    if v > 5.0:
        return v
    for _ in range(2):
        v = v * rate + shift
    return v


@njit
def jitted(v, w):
    return v * w + v


def traced(fun):
    @functools.wraps(fun)
    def wrapper(*args, **kwargs):
        return fun(*args, **kwargs)

    return wrapper


@traced
def decorated_helper(v):
    return v * v * v


def scaled(gain, v):
    return gain * v * v


doubled = functools.partial(scaled, 2.0)


class Problem:
    def __init__(self, gain):
        self.gain = gain

    def loss(self, v):
        return self.gain * v * v


PROBLEM = Problem(1.5)


def fill(target, v):
    for i in range(len(target)):
        target[i] += v * i


def calls(x, s, t):
    y = np.zeros(3)
    fill(y, s)
    fill(x[1:], t)
    return helper(s) + helper(t, 0.5, shift=s) + helper(rate=s, v=t) + np.sum(x * x) * y[2]


def other_functions(s, t):
    return jitted(s, t) + decorated_helper(s) + doubled(t) + PROBLEM.loss(s) + sin(s) * cos(t)


def closures(s, t):
    total = 0.0

    def add(v, rate=SCALE):
        nonlocal total
        total += v * rate * t
        return total

    add(s)
    t = t * 2.0
    add(t, rate=s)
    square = lambda v: v * v
    return square(total) + (lambda v, w=2.0: v * w)(s)


def prange_loop(x, s):
    total = 0.0
    for i in numba.prange(len(x)):
        total += x[i] * s
    return total


def module_constants(x, s):
    return np.sum(WEIGHTS * x) * SCALE * s


def containers(p, q, s):
    a, b = p
    items = [a, b * s, a * b]
    items[1] = items[1] * 2.0
    items.append(s)
    table = dict(first=items[0], second=np.sum(q["w"]))  # noqa: C408
    table["third"] = table["first"] * q["b"]
    return sum(items) * table["second"] + table["third"] * len(items) + np.sum(np.array(items) ** 2)


def records(s, t):
    pair = Pair(s * t, second=s)
    settings = Settings(rate=pair.first, steps=3)
    settings.rate = settings.rate * 0.5
    for _ in range(settings.steps):
        s = s * settings.rate + pair.second
    first, second = pair
    return s + first * second


def comprehensions(x, s, n):
    squares = [v * v for v in x]
    table = np.array([[s * i + j * x[j] for j in range(3)] for i in range(n)])
    lengths = [i for i in range(6) if i % 2]
    return sum(v * s for v in squares) + np.sum(table * table) + sum(lengths) * s


def switches(s, mode, none):
    t = np.sqrt(s) if mode == "root" else s * s
    if none is not None:
        t += none
    return t


def masks(x, flags, s):
    total = 0.0
    for i in range(len(x)):
        if flags[i] or x[i] > 1.0:
            total += x[i] * x[i] * s
    return total


def ufuncs(x, y):
    a = np.exp(x) * np.sin(y) + np.log(y + 2.0) - np.tanh(x) * np.cos(x) + np.sqrt(y + 1.5)
    b = np.arctan2(x, y + 2.0) + np.hypot(x, y) + np.logaddexp(x, y) + np.power(y + 2.0, x)
    c = np.expm1(x) + np.log1p(x * x) + np.arctan(x) + np.cbrt(y + 2.0) + np.square(x) + np.abs(x)
    d = np.maximum(x, y) * np.minimum(x, 0.5) + np.floor(x * 3.0) * x + np.sign(y) * y + np.mod(x, 0.7)
    return np.sum(a * b) + np.sum(c * d)


def reductions(x, a):
    r = np.sum(x) + np.mean(x * x) + np.prod(x) + np.max(a) * np.min(a) + np.var(x) + np.std(a)
    s = np.sum(a, axis=0) * np.mean(a, axis=0) + np.max(a, axis=0) - a.min(axis=0)
    t = a.sum(axis=1, keepdims=True) * a + np.var(a, axis=1, keepdims=True)
    return r + np.sum(s) + np.sum(t * t)


def products(x, y, a):
    r = np.dot(x, y) + np.vdot(x, x) + x.dot(y) + np.sum(np.outer(x, y) ** 2)
    return r + np.sum(np.matmul(a, a.T)) + np.dot(a, x[:4])[1] + np.sum(np.cumsum(x) * y)


def choices(x, y, s):
    z = np.where(x > y, x * x, y * s) + np.clip(x, -0.5, 0.8) + np.where(x > 0.5, s, y)
    return np.sum(z * z)


def constructors(x, s, n):
    a = np.full((2, 3), s) + np.ones((2, 3)) * x[0] + np.eye(3)[:2] + np.zeros(3)
    b = np.linspace(0.0, s, 4) + np.arange(4) * x[1] + np.arange(n, n + 4)
    c = np.zeros_like(x) + np.ones_like(x) + np.full_like(x, s) * x
    d = np.empty_like(a)
    d.fill(s)
    d[0] = x[:3]
    return np.sum(a * d) + np.sum(b * b) + np.sum(c * c) + np.array([s, x[2]])[0] + np.asarray(x)[1]


def shaping(x, a):
    b = a.reshape(4, 3).T + np.transpose(a.reshape((2, 6)).ravel().reshape(4, 3))
    c = np.concatenate((x, a[0], a.ravel()))
    d = np.stack((x, x * x))
    e = np.concatenate([a, a], axis=1)[:, 5]
    return np.sum(b * b) * c[7] + np.sum(d[:, 1]) + np.sum(e) * a.size * a.ndim


def broadcasting(x, a, s):
    b = a * x[:4] + x[:3, None] - s
    b += a[0]
    b[1] *= a[:, :1][2]
    return np.sum(b * b) + np.sum((x[:, None] - x) ** 2) + np.mean(a[:, None, :] * x[:3, None])


def methods(x, a):
    b = x.copy()
    b[0] = a.sum().item() * x[1]
    c = a.astype(np.float64).astype(np.float32) if x.dtype == np.float32 else a.copy()
    return b.sum() * x.mean() + x.max() * x.min() + x.std() + c.T.dot(x[:3]).sum() + x.cumsum()[2] + b.prod()
