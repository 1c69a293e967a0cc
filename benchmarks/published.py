"""The programs of NPBench, as published: differentiated exactly as they stand, and judged.

The command is `python benchmarks/published.py PATH [--only NAME ...] [--interpreted]`, where PATH is a checkout of
NPBench (A. N. Ziogas et al., "NPBench: a benchmarking suite for high-performance NumPy", ICS 2021). Every program is
read from `<name>_numpy.py` with the description in `bench_info`, its data made by its own `initialize` at a small size
and then perturbed (two programs that get integers get them as floats, and matrices to be factored a larger
diagonal). Arrays that it changes are judged through `adjoint` and what it returns through `vjp`, by every
floating-point argument, against differences of the plain program in extended precision. Printed is a table: right,
wrong (with the error) or refused (with the words and the line), and why nothing can be asked of some programs.
"""

import argparse
import importlib.util
import inspect
import json
import sys
import traceback
from functools import partial
from pathlib import Path

import numpy as np
from judging import Derivative, changed, float_names, floats, judge, seconds

import adtrans

SMALL = {
    "adi": {"TSTEPS": 3, "N": 8}, "arc_distance": {"N": 12}, "atax": {"M": 5, "N": 6},
    "azimint_hist": {"N": 60, "npt": 4}, "azimint_naive": {"N": 60, "npt": 4}, "bicg": {"M": 5, "N": 6},
    "cavity_flow": {"ny": 8, "nx": 7, "nt": 3, "nit": 3}, "channel_flow": {"ny": 7, "nx": 8, "nit": 3},
    "cholesky": {"N": 7}, "cholesky2": {"N": 7}, "compute": {"M": 5, "N": 6},
    "contour_integral": {"NR": 4, "NM": 5, "num_int_pts": 3}, "conv2d_bias": {"N": 2, "C_out": 3, "H": 6, "W": 7},
    "correlation": {"M": 5, "N": 7}, "covariance": {"M": 5, "N": 7}, "covariance2": {"M": 5, "N": 7},
    "crc16": {"N": 8}, "deriche": {"W": 8, "H": 7}, "doitgen": {"NR": 3, "NQ": 4, "NP": 5}, "durbin": {"N": 7},
    "fdtd_2d": {"TMAX": 3, "NX": 6, "NY": 7}, "floyd_warshall": {"N": 6}, "gemm": {"NI": 4, "NJ": 5, "NK": 6},
    "gemver": {"N": 6}, "gesummv": {"N": 6}, "go_fast": {"N": 6}, "gramschmidt": {"M": 7, "N": 5},
    "hdiff": {"I": 4, "J": 5, "K": 3}, "heat_3d": {"TSTEPS": 3, "N": 6}, "jacobi_1d": {"TSTEPS": 4, "N": 10},
    "jacobi_2d": {"TSTEPS": 4, "N": 7}, "k2mm": {"NI": 3, "NJ": 4, "NK": 5, "NL": 6},
    "k3mm": {"NI": 3, "NJ": 4, "NK": 5, "NL": 6, "NM": 7}, "lenet": {"N": 2, "H": 16, "W": 16}, "lu": {"N": 7},
    "ludcmp": {"N": 7}, "mandelbrot1": {"XN": 5, "YN": 6},
    "mandelbrot2": {"XN": 5, "YN": 6},
    "mlp": {"N": 4, "S0": 7, "S1": 6, "S2": 5}, "mvt": {"N": 6}, "nbody": {"N": 5, "tEnd": 0.3, "dt": 0.1},
    "nussinov": {"N": 8}, "resnet": {"N": 3, "W": 5, "H": 6, "C1": 4, "C2": 3},
    "scattering_self_energies": {"Nkz": 2, "NE": 3, "NA": 4, "Norb": 2}, "seidel_2d": {"TSTEPS": 3, "N": 6},
    "softmax": {"N": 3, "H": 2, "SM": 5}, "spmv": {"M": 9, "N": 8, "nnz": 30}, "stockham_fft": {"K": 3},
    "symm": {"M": 5, "N": 6}, "syr2k": {"M": 5, "N": 6}, "syrk": {"M": 5, "N": 6}, "trisolv": {"N": 7},
    "trmm": {"M": 5, "N": 6}, "vadv": {"I": 4, "J": 3, "K": 6},
}
LARGEST = 8
AS_FLOATS = ("compute", "floyd_warshall")
NEAR_SINGULAR = ("cholesky", "cholesky2", "lu", "ludcmp")
TOLERANCE = {np.float32: 2e-4, np.float64: 1e-8}


def load(path, name):
    """A module from its file, under a name of its own."""
    spec = importlib.util.spec_from_file_location(f"published_{name}", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def parameters(key, info):
    """The smallest sizes of the suite, made smaller."""
    given = dict(info["parameters"]["S"])
    shrunk = {name: min(value, LARGEST) if isinstance(value, int) else value for name, value in given.items()}
    return given | SMALL[key] if key in SMALL else shrunk


def arguments(key, info, folder):
    """The data of a program, by name of argument of its kernel."""
    data = parameters(key, info)
    init = info.get("init")
    if init:
        make = getattr(load(folder / f"{info['module_name']}.py", f"{key}_data"), init["func_name"])
        made = make(*(data[name] for name in init["input_args"]))
        data |= zip(init["output_args"], made if isinstance(made, tuple) else (made,))
    return [data[name] for name in info["input_args"]]


def perturbed(value, rng):
    """Floating-point arrays moved away from zeros, ties and symmetry."""
    if isinstance(value, np.ndarray) and value.dtype.kind == "f" and value.size:
        scale = float(np.max(np.abs(value))) or 1.0
        moved = value * (1.0 + 0.02 * rng.random(value.shape)) + 0.01 * scale * rng.random(value.shape)
        return moved.astype(value.dtype)
    return value


def attempt(key, info, folder, interpreted):
    """What became of one program: a word, and details."""
    fun = getattr(load(folder / f"{info['module_name']}_numpy.py", key), info["func_name"])
    rng = np.random.default_rng(3)
    given = arguments(key, info, folder)
    if key in AS_FLOATS:
        given = [value.astype(float) if isinstance(value, np.ndarray) else float(value) for value in given]
    given = [perturbed(value, rng) for value in given]
    if key in NEAR_SINGULAR:
        given[0] += np.eye(len(given[0]))
    args = inspect.signature(fun).bind(*given).arguments
    complex_names = tuple(name for name, value in args.items() if np.iscomplexobj(value))
    if not float_names(args) and not complex_names:
        return "integers", "no floating-point argument: nothing to differentiate by"
    result, outputs = changed(fun, args)
    try:
        Derivative(fun, complex_names or float_names(args), outputs).transform(args)
        found = judge(fun, args, outputs=outputs, interpreted=interpreted)
    except adtrans.AdtransError as error:
        return "refused", one_line(error)
    except Exception as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        return "WRONG", f"{type(error).__name__}: {one_line(error)} ({Path(last.filename).name}:{last.lineno})"
    single = any(value.dtype == np.float32 for value in args.values() if isinstance(value, np.ndarray))
    fits = max(found) <= TOLERANCE[np.float32 if single else np.float64]
    how = " + ".join(["adjoint of " + ", ".join(outputs)] * bool(outputs) + ["vjp"] * bool(
        result is not None and floats(result)))
    return "right" if fits else "WRONG", f"error {found.error:.1e}, value {found.value_error:.1e}; {how}"


def one_line(error):
    """File, line and words of the first fault."""
    words = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"{Path(words[0]).name if '.py:' in words[0] else words[0]}   {words[1] if words[1:] else ''}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("path", type=Path, help="a checkout of NPBench")
    parser.add_argument("--only", nargs="+", default=[], help="names of programs")
    parser.add_argument("--interpreted", action="store_true", help="run the generated source in CPython")
    options = parser.parse_args()
    counts = {}
    for file in sorted((options.path / "bench_info").glob("*.json")):
        key = file.stem
        if options.only and key not in options.only:
            continue
        info = json.loads(file.read_text())["benchmark"]
        folder = options.path / "npbench" / "benchmarks" / info["relative_path"]
        (word, details), spent = seconds(partial(attempt, key, info, folder, options.interpreted))
        counts[word] = counts.get(word, 0) + 1
        print(f"{key:26} {word:9} {spent:6.1f} s  {details}", flush=True)
    print(", ".join(f"{count} {word}" for word, count in counts.items()))


if __name__ == "__main__":
    main()
