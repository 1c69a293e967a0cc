"""What a gradient says that it keeps for its sweep back, `g.memory(*args)`, against what it is seen to keep.

The command is `python benchmarks/memory.py [--only NAME ...]`. Columns:

  said       by `memory`, which runs nothing of the function but what decides sizes
  kept       bytes in the tapes, copies and stacks of the generated source when CPython runs it: the most that are
             alive at a time, each array as NumPy counts it, each stack by what it has held
  arrays     all other arrays made meanwhile: adjoints, scratch memory, results
  said/kept  1 where what is said is right

Fails where any is more than a twentieth off. With `parallel` there is one thread: parts come one by one.
"""

import argparse
import ast
import sys
import weakref

import numpy as np

import adtrans

TITLES = ("program", "said", "kept", "arrays", "said/kept")


def burgers(u, steps):
    """A window of neighbours, a step after the other."""
    u, v = u.copy(), u.copy()
    for _ in range(steps):
        for i in range(1, len(u) - 1):
            v[i] = u[i] - 0.1 * u[i] * (u[i] - u[i - 1]) + 0.01 * (u[i - 1] - 2.0 * u[i] + u[i + 1])
        u, v = v, u
    return np.sum(u * u)


def diffusion(u, steps):
    """Rows of adjoints in a buffer."""
    n, m = u.shape
    u, v = u.copy(), u.copy()
    for _ in range(steps):
        for i in range(1, n - 1):
            for j in range(1, m - 1):
                east = (1.0 + u[i, j + 1] * u[i, j]) * (u[i, j + 1] - u[i, j])
                south = (1.0 + u[i + 1, j] * u[i, j]) * (u[i + 1, j] - u[i, j])
                v[i, j] = u[i, j] + 0.1 * (east - south + u[i - 1, j] * u[i, j - 1])
        u, v = v, u
    return np.sum(u * u)


def mixture(weights, means, points):
    """Independent points, in blocks."""
    total = 0.0
    parts = np.empty(len(weights))
    for i in range(points.shape[0]):
        for c in range(len(weights)):
            square = 0.0
            for j in range(points.shape[1]):
                z = points[i, j] - means[c, j]
                square += z * z
            parts[c] = weights[c] - 0.5 * square
        top = parts.max()
        total += top + np.log(np.sum(np.exp(parts - top)))
    return total


def rows(x, w):
    """Arrays made in each iteration."""
    state = np.zeros(len(w))
    for i in range(x.shape[0]):
        hidden = np.tanh(w @ state + x[i])
        gate = np.empty(len(w))
        for k in range(len(w)):
            gate[k] = hidden[k] * hidden[k - 1]
        state = state * 0.5 + gate * np.exp(hidden)
    return np.sum(state)


def network(first, second, x):
    """Products of matrices."""
    hidden = np.empty((x.shape[0], first.shape[1]))
    for i in range(x.shape[0]):
        for j in range(first.shape[1]):
            total = 0.0
            for k in range(x.shape[1]):
                total += x[i, k] * first[k, j]
            hidden[i, j] = np.tanh(total)
    out = np.exp(hidden @ second)
    return np.sum(out / np.sum(out))


def newton(c):
    """Loops that end when they have converged, inside a counted one."""
    total = 0.0
    for k in range(len(c)):
        x = 1.0
        for _ in range(50):
            step = (x * x * x - c[k]) / (3.0 * x * x)
            x -= step
            if abs(step) < 1e-12:
                break
        total += x * np.sin(x)
    return total


def found(x):
    """A way out of two loops."""
    s = x[0, 0]
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            s = np.sin(s) * x[i, j] + 0.1
            if s > 0.9:
                return s * x[i, j]
    return s


def growing(x):
    """A `while` around arrays that are made anew."""
    y = x.copy()
    while np.sum(y) < 50.0:
        y = y * 1.3 + 0.1 * np.sin(y)
    return np.sum(y * y)


def decomposed(a):
    """An elimination in place."""
    a = a.copy()
    n = len(a)
    for k in range(n):
        for i in range(k + 1, n):
            a[i, k] = a[i, k] / a[k, k]
            for j in range(k + 1, n):
                a[i, j] -= a[i, k] * a[k, j]
    total = 0.0
    for k in range(n):
        total += np.log(np.abs(a[k, k]))
    return total


def apart(x, y):
    """Rows that go at the same time, each with a recurrence."""
    total = 0.0
    for i in range(x.shape[0]):
        s = 1.0
        for j in range(x.shape[1]):
            s = np.sin(s) * x[i, j] + y[j]
        total += s * s
    return total


def programs():
    rng = np.random.default_rng(1)
    square = rng.random((24, 24)) + 24.0 * np.eye(24)
    return {
        "burgers": (burgers, (rng.random(300), 40), {}),
        "diffusion": (diffusion, (rng.random((30, 26)), 6), {}),
        "mixture": (mixture, (rng.random(6), rng.random((6, 3)), rng.random((200, 3))), {}),
        "rows": (rows, (rng.random((30, 8)), rng.random((8, 8)) * 0.1), {}),
        "network": (network, (rng.random((9, 17)), rng.random((17, 5)), rng.random((40, 9))), {}),
        "newton": (newton, (rng.random(60) + 0.5,), {}),
        "found": (found, (rng.random((20, 30)),), {}),
        "growing": (growing, (rng.random(12),), {}),
        "decomposed": (decomposed, (square,), {}),
        "apart": (apart, (rng.random((400, 300)), rng.random(300)), {}),
        "in parallel": (apart, (rng.random((400, 300)), rng.random(300)), {"parallel": True}),
    }


class Stack(list):
    """A list that counts the bytes of what it holds, but for arrays that another one holds, too."""

    def __init__(self, meter, holding):
        self.meter, self.holding = meter, holding

    def append(self, item):
        self.change(item, 1)
        super().append(item)

    def pop(self):
        item = super().pop()
        self.change(item, -1)
        return item

    def change(self, item, more):
        if not isinstance(item, np.ndarray):
            self.meter(more * (item.nbytes if hasattr(item, "nbytes") else 1 if isinstance(item, bool) else 8))
            return
        before = self.holding.get(id(item), 0)
        self.holding[id(item)] = before + more
        if not isinstance(item, Tape) and 0 in (before, before + more):
            self.meter(more * item.nbytes)


class Meter:
    """The bytes that are alive, and the most of them so far."""

    def __init__(self):
        self.now = self.most = 0

    def __call__(self, more):
        self.now += more
        self.most = max(self.most, self.now)


class Watched(np.ndarray):
    """An array that can be seen to go."""


class Tape(Watched):
    """One that is counted from the start."""


class Watch(ast.NodeTransformer):
    """Puts `watch(name, ...)` around the arrays and lists that a source makes."""

    def visit_Assign(self, node):
        target, value = node.targets[0], node.value
        if isinstance(target, ast.Name) and (isinstance(value, ast.List) or isinstance(value, ast.Call)
                                             and ast.unparse(value.func) in ("np.empty", "np.zeros")):
            node.value = ast.Call(ast.Name("watch", ast.Load()), [ast.Constant(target.id), value], [])
        return node


def measured(text, entry, args):
    """The most bytes that tapes, copies and stacks of a source hold while it runs, and all its other arrays."""
    kept, others, holding = Meter(), Meter(), {}

    def watch(name, made):
        if isinstance(made, list):
            return Stack(kept, holding)
        is_tape = "tape" in name or "kept" in name
        meter, shown = (kept, made.view(Tape)) if is_tape else (others, made.view(Watched))
        meter(made.nbytes)
        weakref.finalize(shown, meter, -made.nbytes)
        return shown

    space = {"watch": watch}
    exec(compile(ast.fix_missing_locations(Watch().visit(ast.parse(text))), "<watched>", "exec"), space)
    space[entry](*args)
    return kept.most, others.most


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=programs(), default=tuple(programs()))
    options = parser.parse_args()
    import numba
    from tables import Table, times

    numba.set_num_threads(1)
    table, wrong = Table(TITLES), 0
    table.print_header()
    for name in options.only:
        function, args, settings = programs()[name]
        gradient = adtrans.grad(function, argnums=0, **settings)
        said = gradient.memory(*args)["total"]
        text = gradient.inspect_source(*args)
        kept, others = measured(text, gradient.latest.product.entry, args)
        share = said / kept if kept else 1.0 if said == 0 else np.inf
        wrong += abs(share - 1.0) > 0.05
        table.print_row((name, str(said), str(kept), str(others), times(share)))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
