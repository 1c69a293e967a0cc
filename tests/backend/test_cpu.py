"""Generated source compiled by Numba: options arrive, entries load without compiling, damage is survived."""

import gc
import json
import linecache
import os
import pickle
import subprocess
import sys
import traceback
from pathlib import Path

import numpy as np
import pytest
from numba.core.dispatcher import _FunctionCompiler

from adtrans import cache
from adtrans.backend import cpu, pool
from adtrans.backend.python import load_module

ROOT = Path(__file__).parents[2]
KEY = cache.digest("test_cpu")
SCALED = '''import numpy as np


def scaled(x, factor):
    y = np.empty_like(x)
    for i in range(x.shape[0]):
        y[i] = x[i] * factor
    return y
'''
SIGNATURE = ("f8:1:C", "f8")


@pytest.fixture(autouse=True)
def store(tmp_path, monkeypatch):
    monkeypatch.setenv("ADTRANS_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.delenv("ADTRANS_CACHE", raising=False)
    return tmp_path / "cache" / f"v{cache.FORMAT}"


def scaled(key=None, **options):
    return cpu.compile_module(SCALED, "scaled", SIGNATURE, key=key, meta={"n": 1}, **options)


def single(expression, signature=("f8",), key=None, **options):
    names = ", ".join("xyz"[: len(signature)])
    text = f"import math\nimport numpy as np\n\n\ndef f({names}):\n    return {expression}\n"
    return cpu.compile_module(text, "f", signature, key=key, meta={}, **options)


def reseal(files):
    cache.discard(KEY)
    cache.publish(KEY, lambda place: [(place / name).write_bytes(data) for name, data in files.items()])


def run_python(code, **environment):
    command = [sys.executable, "-c", code]
    done = subprocess.run(
        command, cwd=ROOT, env=os.environ | environment, capture_output=True, text=True, timeout=200
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_compiled_function_and_its_record():
    made = scaled()
    np.testing.assert_array_equal(made.function(np.arange(3.0), 2.0), [0.0, 2.0, 4.0])
    assert (made.text, made.entry, made.signature) == (SCALED, "scaled", SIGNATURE)
    assert made.meta == {"n": 1}
    assert made.from_cache is False


CODES = "f8 f4 i8 b1 f8:1:C f4:2:F i4:3:A b1:1:C u1:2:C f8:0:C i1:1:A u8:1:C"


@pytest.mark.parametrize("code", CODES.split())
def test_type_codes_are_those_of_numba(code):
    assert cpu.type_code(cpu.numba_type(code)) == code


@pytest.mark.parametrize("code", ["f8:2:C", "f8:2:F", "f8:2:A", "f4:2:C", "i8:2:C", "b1:2:A", "u2:2:F"])
def test_type_codes_describe_arrays(code):
    dtype, _, layout = code.split(":")
    array = np.ones((4, 6), dtype, order="F" if layout == "F" else "C")
    array = array[::2, ::2] if layout == "A" else array
    assert single("x[0, 0]", (code,)).function(array) == 1


def test_numpy_arithmetic():
    with np.errstate(all="ignore"):
        assert single("1.0 / x").function(0.0) == np.inf
        assert np.isnan(single("math.sqrt(x)").function(-1.0))


def test_fast_but_nan_and_infinity_stay_visible():
    ir = next(iter(single("x * x + x").function.inspect_llvm().values()))
    assert "fmul reassoc nsz arcp contract afn double" in ir
    assert "nnan" not in ir and "ninf" not in ir and " fast " not in ir
    ir = next(iter(single("x * x + x", strict=True).function.inspect_llvm().values()))
    assert "fmul double" in ir and "reassoc" not in ir


def test_bounds_are_checked_on_request():
    checked = single("x[y]", ("f8:1:C", "i8"), boundscheck=True)
    assert checked.function(np.arange(3.0), 2) == 2.0
    with pytest.raises(IndexError):
        checked.function(np.arange(3.0), 3)


def noalias_arguments(compiled):
    ir = next(iter(compiled.function.inspect_llvm().values()))
    head = next(line for line in ir.splitlines() if line.startswith("define") and "_ZN" in line.split("(")[0])
    return head.count("noalias")


def test_noalias_marks_the_array_arguments_and_is_cached():
    plain, marked = single("x[0]", ("f8:1:C",)), single("x[0]", ("f8:1:C",), key=KEY, noalias=True)
    assert noalias_arguments(marked) > noalias_arguments(plain)
    assert cpu.load(KEY).function(np.array([3.0])) == marked.function(np.array([3.0])) == 3.0


def test_parallel_is_cached():
    loop = "    s = 0\n    for i in numba.prange(n):\n        s += i\n    return s\n"
    cpu.compile_module("import numba\n\n\ndef f(n):\n" + loop, "f", ("i8",), key=KEY, meta={}, parallel=True)
    code = f"from adtrans.backend import cpu; print(cpu.load({KEY!r}).function(1000))"
    assert run_python(code) == "499500"


# One signature.


def test_safe_conversions_are_made_and_others_refused():
    function = scaled().function
    x = np.arange(4.0)
    for factor in (2, True, np.float32(2.0), np.int32(2)):
        np.testing.assert_array_equal(function(x, factor), x * factor)
    for wrong in (x[::2], x.astype(np.float32), x.reshape(2, 2), None):
        with pytest.raises(TypeError):
            function(wrong, 2.0)
    with pytest.raises(TypeError):
        function(x, 2j)
    with pytest.raises(TypeError):
        function(x)
    with pytest.raises(TypeError, match="is compiled for"):
        single("x + 1", ("i8",)).function(1.5)


def test_readonly_arrays_are_taken():
    x = np.arange(4.0)
    x.flags.writeable = False
    np.testing.assert_array_equal(scaled().function(x, 2.0), x * 2)


# The cache.


def test_entry_loads_in_this_process_without_compiling(monkeypatch):
    made = scaled(KEY)

    def refuse(*args):
        raise AssertionError("compiled")

    monkeypatch.setattr(_FunctionCompiler, "compile", refuse)
    loaded = cpu.load(KEY)
    assert loaded.from_cache is True
    assert (loaded.text, loaded.entry, loaded.signature, loaded.meta) == (
        made.text, made.entry, made.signature, made.meta,
    )  # fmt: skip
    np.testing.assert_array_equal(loaded.function(np.arange(3.0), 2.0), [0.0, 2.0, 4.0])


FRESH = f"""
import sys
import numpy as np
from numba.core.dispatcher import _FunctionCompiler
from adtrans.backend import cpu, pool

def refuse(*args):
    raise AssertionError("compiled")

_FunctionCompiler.compile = refuse
compiled = cpu.load({KEY!r})
"""


def test_entry_loads_in_a_fresh_process_without_compiling(tmp_path):
    scaled(KEY)
    numba_cache = tmp_path / "numba"
    code = "print(compiled.from_cache, compiled.function(np.arange(3.0), 2.0).tolist(), compiled.meta)"
    assert run_python(FRESH + code, NUMBA_CACHE_DIR=str(numba_cache)) == "True [0.0, 2.0, 4.0] {'n': 1}"
    assert not numba_cache.exists()


VARIED = """import math
import numpy as np


def varied(x, w):
    a = np.outer(x, x)
    s = math.gamma(w) + math.erf(w) + w ** w + w % 0.7 + w // 0.7
    return s, (x @ a, a), "text", np.random.random() < 2.0
"""


def test_entry_that_needs_more_of_numba_loads_in_a_fresh_process():
    made = cpu.compile_module(VARIED, "varied", ("f8:1:C", "f8"), key=KEY, meta={})
    expected = repr(made.function(np.array([0.5, 0.25]), 1.25))
    assert run_python(FRESH + "print(repr(compiled.function(np.array([0.5, 0.25]), 1.25)))") == expected


def test_missing_symbols_are_looked_for_in_all_of_numba(monkeypatch):
    scaled(KEY)
    files = cache.read(KEY).files
    record = json.loads(files["record.json"])
    assert pool.NAME in record["symbols"]
    symbols = [*record["symbols"], "found only later"]
    reseal(files | {"record.json": json.dumps(record | {"symbols": symbols}).encode()})
    code = "print(compiled.function(np.ones(1), 2.0), 'numba.cpython.unicode' in sys.modules)"
    assert run_python(FRESH + code) == "[2.] True"


def test_exception_of_a_loaded_function_keeps_its_class_and_text():
    text = "def f(x):\n    if x < 0:\n        raise ValueError('below zero')\n    return x\n"
    cpu.compile_module(text, "f", ("f8",), key=KEY, meta={})
    code = "\ntry:\n    compiled.function(-1.0)\nexcept ValueError as error:\n    print(error)"
    assert run_python(FRESH + code) == "below zero"


NAMESAKE = """import numba


@numba.njit
def inner(x, n):
    if n > 0:
        return inner(x, n - 1) + {constant}
    return x


def {entry}(x, n):
    return inner(x, n) + inner(x, n + 1)
"""


def test_functions_of_one_name_from_two_processes_stay_apart():
    """Numba's own cache links two such `inner` as one, both being the second function of their process."""
    keys = []
    for entry, constant in ("f", 1.0), ("g", 100.0):
        text = NAMESAKE.format(entry=entry, constant=constant)
        keys.append(cache.digest(text))
        arguments = f"{text!r}, {entry!r}, ('f8', 'i8'), key={keys[-1]!r}, meta={{}}"
        code = f"from adtrans.backend import cpu; cpu.compile_module({arguments})"
        run_python(code, PYTHONHASHSEED="0")  # the order of sets of options is part of symbols, too
    code = f"from adtrans.backend import cpu; print([cpu.load(k).function(0.0, 3) for k in {keys!r}])"
    assert run_python(code) == "[7.0, 700.0]"


def test_without_a_key_or_a_cache_nothing_is_written(store, monkeypatch):
    scaled()
    assert not store.exists()
    monkeypatch.setenv("ADTRANS_CACHE", "0")
    scaled(KEY)
    assert not store.exists()
    assert cpu.load(KEY) is None


def test_meta_has_to_be_json():
    with pytest.raises(TypeError):
        cpu.compile_module(SCALED, "scaled", SIGNATURE, key=None, meta={"x": object()})


def test_source_file_in_the_entry_is_what_runs(store):
    made = scaled(KEY)
    filename = made.function.py_func.__code__.co_filename
    assert filename == str(store / KEY / "module.py")
    assert Path(filename).read_text() == SCALED


@pytest.mark.parametrize("name", ["module.py", "record.json", "native", cache.MANIFEST])
@pytest.mark.parametrize("damage", ["truncate", "flip", "remove", "empty"])
def test_damaged_entry_is_not_loaded_and_can_be_made_again(name, damage, store):
    scaled(KEY)
    path = store / KEY / name
    data = path.read_bytes()
    match damage:
        case "truncate":
            path.write_bytes(data[:-1])
        case "flip":
            path.write_bytes(data[:50] + bytes([data[50] ^ 4]) + data[51:])
        case "remove":
            path.unlink()
        case "empty":
            path.write_bytes(b"")
    assert cpu.load(KEY) is None
    scaled(KEY)
    np.testing.assert_array_equal(cpu.load(KEY).function(np.arange(3.0), 2.0), [0.0, 2.0, 4.0])


class Trap:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (self.path,)


def test_unverified_pickle_is_never_opened(store, tmp_path):
    scaled(KEY)
    trap = tmp_path / "sprung"
    (store / KEY / "native").write_bytes(pickle.dumps(Trap(str(trap))))
    assert cpu.load(KEY) is None
    assert not trap.exists()


@pytest.mark.parametrize(
    "changes",
    [
        {"record.json": b"{}"},
        {"record.json": b"not json"},
        {"native": b""},
        {"native": b"not a pickle"},
        {"native": pickle.dumps(None)},
        {"module.py": b"def another(): pass\n"},
        {"module.py": b"syntax error"},
        {"module.py": b"\xff"},
    ],
)
def test_intact_entry_that_makes_no_sense_is_discarded(changes):
    scaled(KEY)
    reseal(cache.read(KEY).files | changes)
    assert cache.fetch(KEY)
    assert cpu.load(KEY) is None
    assert cache.fetch(KEY) is None


def test_entry_of_another_processor_is_discarded():
    scaled(KEY)
    files = cache.read(KEY).files
    record = json.loads(files["record.json"]) | {"machine": ["x86_64", "another", "+avx9"]}
    reseal(files | {"record.json": json.dumps(record).encode()})
    assert cpu.load(KEY) is None
    assert cache.fetch(KEY) is None


def test_code_with_addresses_of_this_process_is_not_cached():
    text = "import numpy as np\n\nBIG = np.zeros(200_000)\n\n\ndef f(i):\n    return BIG[i]\n"
    assert cpu.compile_module(text, "f", ("i8",), key=KEY, meta={}).function(3) == 0.0
    assert cpu.load(KEY) is None


def test_with_compilation_disabled_python_runs():
    scaled(KEY)
    code = f"import numpy as np; from adtrans.backend import cpu; print(cpu.load({KEY!r})); "
    code += f"made = cpu.compile_module({SCALED!r}, 'scaled', {SIGNATURE!r}, key={KEY!r}, meta={{}}); "
    code += "print(made.function(np.ones(1), 2.0))"
    assert run_python(code, NUMBA_DISABLE_JIT="1") == "None\n[2.]"


# CPython.


def test_interpreted_source_shows_its_line():
    function = load_module("def f(x):\n    y = x\n    return 1 / y\n", "f", "f")
    assert function(4) == 0.25
    with pytest.raises(ZeroDivisionError) as caught:
        function(0)
    assert "return 1 / y" in "".join(traceback.format_tb(caught.tb))


def test_interpreted_source_goes_with_its_function():
    function = load_module("def f(x):\n    return x\n", "f", "f")
    filename = function.__code__.co_filename
    assert linecache.getline(filename, 2) == "    return x\n"
    del function
    gc.collect()
    assert filename not in linecache.cache
