"""Programs of the language: assignments, operators, branches, loops. Parameters are given by their names."""

import math

import numpy as np


def unpacking(s, t):
    (a, b), *rest = (s, t), s * t, s + t
    c, d = rest
    return a * c + b * d


def swaps(x, s, t):
    s, t = t, s
    x[0], x[-1] = x[-1], x[0]
    return s * x[0] + t * t * x[-1]


def augmented(x, s):
    s += x[0]
    s -= x[1] * s
    s *= x[2]
    s /= 2.0 + x[3]
    s **= 2
    s %= 0.7
    x[1] *= s
    x[2:4] /= 1.5
    x[0] -= x[2]
    return s + np.sum(x * x)


def chained(s, t):
    a = b = s * t
    b *= s
    return a * b


def walrus(s, t):
    if (u := s * t) > 0.1 and (v := u + s) > 0.2:
        return u * v
    return u


def annotated(s: float, t: np.ndarray) -> float:
    a: float = s * t
    b: float  # noqa: F842
    return a * a


def slices(x, a):
    x[1:4] = a[0, :3] * x[:3]
    x[::2] += 1.0
    a[1:, 1] = x[-2:] * 2.0
    a[..., 0] *= a[..., 1]
    return np.sum(x * x) + np.sum(a[::-1, ::2] * a[:, 1::2])


def overlapping(x):
    x[1:] = x[:-1] * x[1:]
    x[:-1] += x[1:] * x[:-1]
    return np.sum(x)


def indices(x, a, k, idx):
    total = x[-1] * x[-k] + a[-1, k - 1] * a[0][idx[1]]
    for i in idx:
        total += x[i] * x[i - 3]
    return total


def new_axes(x, a):
    column, row = x[:3, None], a[np.newaxis, 0]
    return np.sum(column * row) + (x[None] * x[:, None])[1, 2]


def views(x, a):
    v = x[1:]
    w = v[::2]
    w *= 2.0
    row = a[1]
    row[0] = v[0] * row[1]
    t = a.T
    t[2] += 1.0
    r = a.reshape(-1)
    r[5] *= r[4]
    return np.sum(x * x) + np.sum(a * a)


def overwritten(x, s):
    t = x[0] * x[1]
    x[0] = t * s
    u = x[0] * x[1]
    x[1] = u * t
    x[0] = x[1] * x[0]
    return x[0] + x[1] * u


def operators(s, t, n):
    a = s + t - s * t / (1.5 + t)
    b = (3.0 * s) // t + (5.0 * s) % t
    c = s**2 + s**t + 2.0**s + s**n + s**-1 + (s + t) ** 0.5 + s**5 + (-s) ** 3
    return a * c + b * t - (-s) + (+t)


def array_operators(x, y, s):
    z = x * y - x / (y + 2.0) + s * x**2 + (y + 2.0) ** s + 1.0 / (2.0 + x)
    z = z % 0.9 + (z * 3.0) // 1.0 * x
    return np.sum(-z + (+x))


def matrix_product(a, x, y):
    u = a @ x[:4]
    return u @ (a @ y[:4]) + np.sum(a @ a.T)


def comparisons(s, t, n):
    r = 0.0
    if 0.0 < s < t <= 10.0:
        r += s * t
    if not (s > t or n != 2) and n == 2:
        r += s
    flag = s >= t
    return r + (t if flag else s * s)


def integers(s, n, k):
    i = (n * 7 + k) // 2 % 5 - (-k)
    j = n**k + (i << 1) - (n & 3) + (n | 4)
    return s * i + s * s * j + s * (7 // -2) + s * (-7 % 3)


def ternaries(x, s):
    t = x[0] if s > 0.5 else x[1]
    return (t if t > 0.0 else -t) * (s if x[2] > x[3] else s * s)


def ranges(x, n):
    total = 1.0
    for i in range(n):
        total *= x[i]
    for i in range(1, 5, 2):
        total += x[i] * total
    for i in range(4, -1, -2):
        total = total * 0.5 + x[i] * x[i]
    for i in range(n, n):
        total *= x[i]
    for i in range(3, 1):
        total *= 0.0
    return total


def nested_ranges(a, n):
    total = 0.1
    for i in range(3):
        for j in range(i, 4):
            total = total * a[i, j] + a[i, j - 1]
        n = n + 1
        for j in range(n - i):
            total += 0.1 * j * total
    return total


def computed_bounds(x, s):
    n = int(s * 4.0)
    total = s
    for i in range(n):
        for j in range(i % 2, n - i):
            total = total * 0.5 + x[j] * x[i]
        n = n - 1
    return total + n


def items(x, a, s):
    total = 0.0
    for v in x:
        total += v * v * s
    for row in a:
        total += row[0] * row[-1]
        for v in row[1:]:
            total = total * 0.9 + v
    for c in (0.5, s, 2.0):
        total *= c
    for v in [s, total]:
        total += v * v
    return total


def iterators(x, y, s):
    total = s
    for i, v in enumerate(x):
        total += i * v * v
    for k, (v, w) in enumerate(zip(x, y), 2):
        total += v * w * k
    for v in reversed(x):
        total = total * 0.5 + v
    for i in reversed(range(1, 4)):
        total = total * 0.9 + x[i] * y[i]
    for v, w in zip(x[1:], reversed(y)):
        total += v * w
    return total


def while_loops(s, t, n):
    x = 1.0
    while abs(x * x - s) > 1e-3:
        x = 0.5 * (x + s / x)
    while n > 0:
        t *= x
        n -= 1
    i = 0
    while True:
        t = t * 0.5 + s
        i += 1
        if i > 3 or t > 50.0:
            break
    return x * t


def jumps(x, s):
    total = 0.0
    for v in x:
        if v < 0.0:
            continue
        if total > 2.0:
            break
        total += v * s
    else:
        total *= 2.0
    for i in range(5):
        for j in range(5):
            if j > i:
                break
            if (i + j) % 3 == 1:
                continue
            total += x[i] * x[j]
    i = 0
    while i < 4:
        i += 1
        if i == 2:
            continue
        total = total * 0.9 + x[i]
    else:
        total += s
    return total


def returns(x, s, t):
    if s > 10.0:
        return s
    for i in range(len(x)):
        for j in range(i):
            if x[i] * x[j] < -0.05:
                return x[i] * x[j] * s
        if x[i] > 5.0:
            return t
    return s * t


def carried(x, s, n):
    u = x.copy()
    a, b = s, 1.0
    for i in range(n):
        u = u * a + x * u
        a, b = b * a, a + b * b
        s = np.sin(s * b + u[i])
    return s * np.sum(u) * a


def buffers(x, n):
    u, v = x.copy(), np.zeros_like(x)
    for _ in range(n + 1):
        for i in range(len(u)):
            v[i] = 0.5 * u[i - 1] * u[i] + 0.1
        u, v = v, u
    return u[0] * u[1] + v[2] * v[3]


def scratch(x, n):
    outer = np.zeros(3)
    total = 0.0
    for k in range(n):
        inner = np.empty(2)
        inner[0] = x[k] * x[k]
        inner[1] = inner[0] * x[k + 1]
        outer[k] = inner[1]
        total += inner[0] * outer[0]
    return total + np.sum(outer * outer)


def int_to_float(x, n):
    total = 0
    m = 1
    for v in x:
        total += v
        if v > 0.5:
            m = m * v
    return total * m + n


def one_sided(s, t):
    if s > 0.1:
        u = s * t
    else:
        w = s
    if s > 0.2:
        return u * u
    return w


def checks(x, s):
    """A docstring is no statement."""
    assert s > 0.0, "positive"
    if len(x) == 0:
        raise ValueError("empty")
    pass  # noqa: PIE790
    t = s * x[0]
    u = t
    del t
    return u * u


def builtin_functions(x, y, s, t, n):
    a = max(s, t) * min(x[0], s, 2.0) + abs(-s) + sum(x) + max(x) * min(y)
    b = int(7.7 * s) * s + float(n) * t + round(s) * s + round(s, 1) + len(x) * s
    c = s if any(v > 1.0 for v in x) and all(v < 50.0 for v in y) else t
    return a * b + c * c


def math_functions(s, t):
    a = math.sin(s) * math.cos(t) + math.exp(s) * math.log(t) + math.sqrt(s * t) + math.tanh(s)
    b = math.atan2(s, t) + math.hypot(s, t) + math.pow(s, t) + math.log1p(s) + math.expm1(s) + math.fabs(-s)
    c = math.erf(s) + math.lgamma(t) + math.gamma(t) + math.asin(s / 2.0) + math.degrees(s) + math.pi * s
    return a * b + c * math.floor(t) + math.copysign(s, -t) + math.fmod(3.0 * s, t)
