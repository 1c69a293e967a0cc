"""Branches, loops and jumps: what names mean where paths meet, and how errors of the program show."""

import math

import numpy as np
import pytest

import adtrans
from tests.lower.texts import agree, function, interpreted

PROGRAMS = {
    "list changed while it is iterated over": """
        def f(s):
            items = [s, 2.0 * s, 3.0 * s]
            total = 0.0
            for e in items:
                total = 0.5 * total + np.sin(e)
                items[2] = np.cos(s) * items[1]
            return total
        """,
    "list changed under zip, enumerate and reversed": """
        def f(s):
            items = [s, 2.0 * s, 3.0 * s]
            total = 0.0
            for i, (a, b) in enumerate(zip(items, reversed(items))):
                total = 0.5 * total + np.sin(a) * b * (i + 1)
                items[1] = s * s
            return total
        """,
    "array changed under zip with a tuple": """
        def f(x):
            total = 0.0
            for a, b in zip(x, (1.0, 2.0, 3.0)):
                total = 0.5 * total + np.sin(a) * b
                x[2] = x[0] * x[1]
            return total
        """,
    "set on one path, read on it": """
        def f(s, n):
            if n > 1:
                u = s * s
            if n > 1:
                return u
            return s
        """,
    "set late in a loop": """
        def f(x):
            for i in range(5):
                if i > 0:
                    x[i] += u
                u = x[i] * 2.0
            return u
        """,
    "counter after the loop": """
        def f(x):
            for i in range(3):
                pass
            return x[i] * i
        """,
    "counter changed in the loop": """
        def f(x):
            total = 0.0
            for i in range(4):
                i = i + 1
                total += x[i]
            return total * i
        """,
    "bound changed in the loop": """
        def f(x, n):
            total = 1.0
            for i in range(n):
                n = 100
                total *= x[i]
            return total + n
        """,
    "step not known": """
        def f(x, n, k):
            total = 1.0
            for i in range(4, -1, 0 - n):
                total = total * x[i] + i
            for i in range(0, 5, k):
                total = total * x[i] + i
            return total
        """,
    "an array loop that writes to its array": """
        def f(x):
            total = 0.0
            for i, v in enumerate(x):
                if i < 4:
                    x[i + 1] *= v
                total += v
            return total
        """,
    "a name becomes a container's item": """
        def f(s, t):
            pair = (s, t)
            for _ in range(3):
                pair = (pair[1] * s, pair[0] + t)
            return pair[0] * pair[1]
        """,
    "a list carried round a loop": """
        def f(x):
            items = [x[0], 1.0]
            for i in range(3):
                items[0] = items[0] * x[i]
                items[1] += items[0]
            return items[0] + items[1]
        """,
    "a dict changed on one path": """
        def f(s, n):
            table = {"a": s, "b": 2.0}
            if n > 1:
                table["a"] = s * s
            return table["a"] * table["b"]
        """,
    "integers and floats joined": """
        def f(s, n):
            u = 1
            if n > 1:
                u = s
            v = 0
            for _ in range(n):
                v = v + u
            return v * u
        """,
    "arrays joined": """
        def f(x, y, n):
            u = x if n > 5 else y
            u[0] *= 3.0
            return np.sum(u * x) + np.sum(y)
        """,
    "an array and its view joined": """
        def f(x, n):
            u = x[:3]
            if n > 1:
                u = x[2:]
            u[0] = u[1] * u[2]
            return np.sum(x * x)
        """,
    "nested returns": """
        def f(x, s):
            for i in range(5):
                for j in range(i):
                    if x[i] + x[j] > 1.9:
                        return x[i] * x[j] * s
                else:
                    s = s * 1.1
            return s
        """,
    "break out of the inner loop only": """
        def f(x):
            total = 0.0
            for i in range(4):
                for j in range(4):
                    if j == i:
                        break
                    total += x[i] * x[j]
                total *= 1.1
            return total
        """,
    "for else": """
        def f(x, s):
            for v in x:
                if v > 100.0:
                    break
            else:
                s = s * s
            for v in x:
                if v > 1.0:
                    break
            else:
                s = 0.0
            return s * v
        """,
    "while else": """
        def f(s, n):
            while n > 0:
                s = s * 1.5
                n -= 1
            else:
                s += 1.0
            while True:
                s = s * 0.5
                if s < 0.3:
                    break
            return s
        """,
    "return in a while": """
        def f(s, t):
            while True:
                s = s * t + 0.1
                if s > 5.0:
                    return s * s
        """,
    "continue in a while": """
        def f(x, n):
            i = 0
            total = 0.0
            while i < 5:
                i += 1
                if i % 2 == 0:
                    continue
                total = total * 0.5 + x[i - 1]
            return total
        """,
    "a while whose test changes a name": """
        def f(x, s):
            i = 0
            while (v := x[i]) > 0.0:
                s *= v
                i += 1
            return s * v
        """,
    "a while over an array": """
        def f(x, s):
            while np.sum(x * x) > 0.5:
                x = x * s
                x[0] += 0.1
            return np.sum(x) * s
        """,
    "short-circuit": """
        def f(x, n):
            i = 0
            while i < len(x) and x[i] != 0.9:
                i += 1
            return x[i] * i if i < len(x) or x[i + 100] > 0.0 else 0.0
        """,
    "conditional expressions nest": """
        def f(x, s):
            return (x[0] if s > 1.0 else x[1] if s > 0.5 else x[2]) * (s if x[0] > 0.0 else -s)
        """,
    "an early return before a loop": """
        def f(x, n):
            if n == 0:
                return x[0]
            total = 0.0
            for i in range(n):
                total += x[i] ** 2
            return total
        """,
    "else of nothing": """
        def f(s):
            if s > 100.0:
                pass
            else:
                s = s * 2.0
            return s
        """,
    "loop over nothing": """
        def f(x, s):
            for v in x[5:]:
                s *= v
            for i in range(0):
                s = 0.0
            for a, b in zip(x[:0], x):
                s = a
            return s
        """,
    "zip of unequal lengths": """
        def f(x, y):
            total = 0.0
            for v, w, i in zip(x[:3], y, range(10)):
                total += v * w * i
            return total
        """,
    "nested unpacking in a loop": """
        def f(x, y):
            total = 0.0
            for i, (v, (w, u)) in enumerate(zip(x, zip(y, reversed(x)))):
                total += v * w * u * i
            return total
        """,
    "a matrix unpacked row by row": """
        def f(q):
            total = 0.0
            for u, v, w in q:
                total += u * v * w
            (a, b, c), d, e = q
            return total + a * b * c * d[0] * e[1]
        """,
    "starred items": """
        def f(s, t):
            first, *rest = (s, t, s * t)
            *most, last = rest
            return first * last + sum(most) * len(rest)
        """,
    "many branches": """
        def f(x):
            total = 0.0
            for v in x:
                if v < 0.0:
                    total -= v
                elif v < 0.5:
                    total += v * v
                elif v < 1.0:
                    total *= v
                else:
                    total = v
            return total
        """,
    "deleted names": """
        def f(s):
            u = s * s
            v = u
            del u
            u = v * s
            return u
        """,
    "nonlocal in a loop": """
        def f(x):
            total = 0.0
            def add(v):
                nonlocal total
                if v > 0.5:
                    total += v * v
            for v in x:
                add(v)
            return total * x[0]
        """,
    "a closure sees later values": """
        def f(s):
            u = 1.0
            g = lambda v: v * u
            u = s
            return g(s) + g(2.0)
        """,
    "closures made in a loop": """
        def f(s):
            total = 0.0
            for i in range(3):
                def g(v):
                    return v * i
                total += g(s)
            return total
        """,
    "default bound at definition": """
        def f(s):
            u = s
            def g(v, w=u):
                return v * w
            u = 100.0
            return g(s) + g(s, w=u)
        """,
    "functions as values": """
        def f(s, n):
            def double(v):
                return v * 2.0
            def square(v):
                return v * v
            g = square if len([n]) > 5 else double
            table = {"a": square, "b": double}
            return g(s) * table["a"](s) + (lambda h: h(s))(square)
        """,
    "function returning several kinds of path": """
        def f(x, s):
            def g(v):
                if v < 0.0:
                    return 0.0, v
                for k in range(3):
                    if v * k > 1.0:
                        return v, v * k
                return v * v, 1.0
            total = 0.0
            for v in x:
                a, b = g(v)
                total += a * b * s
            return total
        """,
    "a mutable default container": """
        def f(s, t):
            items = [s]
            def push(v):
                items.append(v)
                return len(items)
            n = push(t)
            n = push(s * t)
            return sum(items) * n
        """,
    "two names of one list": """
        def f(s):
            a = [s, 2.0]
            b = a
            b[0] = s * s
            b.append(s)
            return a[0] * len(a) + a[2]
        """,
    "comprehension of a condition": """
        def f(x):
            return sum([v * v for v in x]) + sum(i * x[i] for i in range(5) if i % 2 == 1)
        """,
    "names of the language": """
        def f(x):
            np_ = 1.0
            total = range_ = x[0]
            test = tape = x_bar = n = k = x[1]
            buffer = np.zeros(2)
            buffer[0] = test * tape
            t = t_1 = buffer[0] * x_bar
            return total * range_ + t * t_1 + n * k
        """,
    "strings choose": """
        def f(s, words):
            if words == "text":
                return s * s
            elif words in ("a", "b"):
                return s
            return 0.0
        """,
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_program(name):
    agree(function(PROGRAMS[name]))


# --- errors of the program -------------------------------------------------------------------------------


def raised(text, *args):
    with pytest.raises(Exception) as caught, np.errstate(all="ignore"):
        adtrans.value_and_grad(function(text), cache=False).interpreted(*args)
    return caught.value


def test_a_name_read_before_it_is_set():
    error = raised("def f(s):\n    if s > 1.0:\n        u = s\n    return u\n", 0.5)
    assert isinstance(error, UnboundLocalError)
    error = raised("def f(s):\n    for i in range(0):\n        u = s\n    return u\n", 0.5)
    assert isinstance(error, UnboundLocalError)
    error = raised("def f(s):\n    t = u\n    u = s\n    return t\n", 0.5)
    assert isinstance(error, UnboundLocalError) and error.lineno == 2


@pytest.mark.parametrize("statement, kind, words", [
    ("if s < 1.0:\n        raise ValueError('too small')", ValueError, "too small"), ("assert s > 1.0, 'small'", AssertionError, "small"),
    ("assert s > 1.0", AssertionError, "s > 1.0"), ("if s < 1.0:\n        raise IndexError", IndexError, ""),
    ("x = [1.0][int(s * 8.0)]", IndexError, ""), ("n = 3 // int(s)", ZeroDivisionError, "zero"),
    ("for i in range(0, 3, int(s)):\n        s *= 2.0", ValueError, "range"),
])  # fmt: skip
def test_errors_of_the_program_are_raised_by_the_generated_code(statement, kind, words):
    error = raised(f"def f(s):\n    {statement}\n    return s\n", 0.5)
    assert isinstance(error, kind) and words in str(error)


def test_errors_that_do_not_happen_are_not_raised():
    fun = function("def f(s):\n    if s > 1.0:\n        raise ValueError('large')\n    assert s < 2.0\n    return s * s\n")
    assert interpreted(fun, 0.5) == (0.25, 1.0)


def test_print_prints(capsys):
    fun = function('def f(s):\n    print("s is", s, s * 2.0)\n    return s\n')
    interpreted(fun, 0.5)
    assert capsys.readouterr().out == "s is 0.5 1.0\n"


@pytest.mark.parametrize("call, words", [
    ("g()", "missing required argument 'v'"), ("g(s, s, s)", "takes 2 positional arguments but 3"),
    ("g(s, k=1)", "unexpected keyword argument 'k'"), ("g(s, v=s)", "multiple values for argument 'v'"),
])  # fmt: skip
def test_calls_that_do_not_bind(call, words):
    error = raised(f"def f(s):\n    def g(v, w=1.0):\n        return v * w\n    return {call}\n", 0.5)
    assert isinstance(error, TypeError) and words in str(error) and error.lineno == 4


def test_all_forms_of_binding():
    fun = function("""
        def f(s, t):
            def g(a, b=2.0, *rest, c, d=3.0, **more):
                return a * b + sum(rest) * c + d * more["e"]
            items = (s, t, 1.0)
            table = {"c": s, "e": t}
            return g(s, c=t, e=1.0) + g(*items, **table) + g(s, t, s, t, c=2.0, d=s, e=t) * len(items)
        """)
    agree(fun)


def test_a_carried_value_outlives_what_the_test_computes():
    def f(x):
        t = x[0]
        k = 0
        while k < 3 and -1.4 < math.sin(0.3 * t) < 0.4 + x[1] ** 2:
            k += 1
            t = 1.3 * x[0] + 1.0
        return t

    for x in ([0.3, 0.1], [4.0, 0.1], [-5.9, 0.0]):
        assert interpreted(f, np.array(x))[0] == f(np.array(x))
