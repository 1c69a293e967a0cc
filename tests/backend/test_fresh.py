"""Arrays made by generated code are marked as apart from other memory, and live as long as they did."""

import numpy as np

from adtrans.backend import cpu
from adtrans.backend.fresh import NAME, SHOWN

TEXT = """
import numpy as np


def f(x, n):
    made = np.zeros(n)
    other = np.empty((n, 2), dtype=np.int64)
    for k in range(n):
        other[k, 0] = k
        made[k] += x[k] * other[k, 0]
    for k in range(3):
        old = made
        made = np.empty(n)
        for i in range(n):
            made[i] = old[i] * 2.0
    return made, other
"""


def compiled(noalias):
    return cpu.compile_module(TEXT, "f", ("f8:1:C", "i8"), key=None, meta={}, noalias=noalias).function


def test_results_are_the_same_and_stay():
    x = np.linspace(1.0, 2.0, 50)
    functions = [compiled(noalias) for noalias in (True, False)]
    found = [[function(x, 50) for _ in range(20)] for function in functions]
    for made, other in found[0] + found[1]:
        assert np.array_equal(made, 8.0 * x * np.arange(50)) and np.array_equal(other[:, 0], np.arange(50))
    assert not np.may_share_memory(found[0][0][0], found[0][1][0])


def test_only_with_the_promise_about_arguments():
    for noalias in (True, False):
        text = compiled(noalias).inspect_llvm().popitem()[1]
        assert (f"noalias ptr @{NAME}(" in text or f"noalias i8* @{NAME}(" in text) == noalias


def stages(count):
    """A function of many arrays, each read last where the next ones are made."""
    lines = ["import numpy as np", "", "", "def f(x, n):", "    a_0 = np.empty(n)", "    for i in range(n):",
             "        a_0[i] = x[i]", "    b_0 = np.zeros(n)"]
    for k in range(count):
        lines += [f"    a_{k + 1} = np.zeros(n)", f"    b_{k + 1} = np.empty(n)", f"    c_{k} = np.zeros(a_{k}.shape[0])",
                  "    for i in range(n):", f"        t = a_{k}[i]", f"        b_{k + 1}[i] = b_{k}[i] + t",
                  f"        c_{k}[i] += t * 0.5", "    for i in range(n - 1, -1, -1):",
                  f"        a_{k + 1}[i] += c_{k}[i] + b_{k}[n - 1 - i]", f"        b_{k}[i] = 0.0"]
    return "\n".join([*lines, f"    return a_{count}, b_{count}", ""])


def test_nothing_is_read_after_it_was_freed():
    text, x = stages(12), np.linspace(1.0, 2.0, 9)
    space = {}
    exec(text, space)
    expected = space["f"](x, 9)
    function = cpu.compile_module(text, "f", ("f8:1:C", "i8"), key=None, meta={}, noalias=True).function
    for _ in range(20):
        for one, other in zip(function(x, 9), expected):
            assert np.allclose(one, other, rtol=1e-14, atol=0.0)
    llvm = function.inspect_llvm().popitem()[1]
    assert all(f"{NAME}(ptr" not in line or "poison" not in line for line in llvm.splitlines())
    assert f"@{SHOWN}(ptr %" in llvm and f"@{SHOWN}(ptr poison" not in llvm and f"@{SHOWN}(ptr undef" not in llvm


def test_products_of_matrices_are_new_arrays():
    text = "import numpy as np\n\n\ndef f(x):\n    made = np.dot(x, x)\n    made[0, 0] += 1.0\n    return made\n"
    function = cpu.compile_module(text, "f", ("f8:2:C",), key=None, meta={}, noalias=True).function
    x = np.arange(9.0).reshape(3, 3)
    expected = x @ x
    expected[0, 0] += 1.0
    found = [function(x) for _ in range(20)]
    assert all(np.array_equal(made, expected) for made in found)
    assert f"@{NAME}(" in function.inspect_llvm().popitem()[1]


COPIED = """
import numpy as np


def f(x, n):
    x = x.copy()
    y = np.empty((x.shape[0], 8))
    for k in range(n):
        for i in range(1, x.shape[0]):
            for p in range(8):
                y[i, p] = 0.5 * (x[i, p] + x[i - 1, p])
        x, y = y, x
        for p in range(8):
            x[0, p] = 1.0
    return x
"""


def test_copies_are_apart_where_rows_become_vectors():
    x = np.linspace(1.0, 2.0, 80).reshape(10, 8)
    space = {}
    exec(COPIED, space)
    made = {rows: cpu.compile_module(COPIED, "f", ("f8:2:C", "i8"), key=None, meta={}, noalias=True, rows=rows,
                                     wrapping=()).function for rows in (True, False)}
    for function in made.values():
        assert np.allclose(function(x, 7), space["f"](x, 7), rtol=1e-14) and x[0, 1] != 1.0
    code = {rows: function.inspect_llvm().popitem()[1] for rows, function in made.items()}
    assert code[True].count(f"ptr @{NAME}(") == code[False].count(f"ptr @{NAME}(") + 1
    assert "load <4 x double>" in code[True] or "load <8 x double>" in code[True] or "load <2 x double>" in code[True]
