"""Programs in the manner of NPBench, one in each module, and how each is differentiated.

A. N. Ziogas, T. Ben-Nun, T. Schneider and T. Hoefler, "NPBench: a benchmarking suite for high-performance NumPy",
ICS 2021; many of its programs come from PolyBench (L.-N. Pouchet). The programs here are written anew in the same
way: slices, updates in place, procedures that leave their results in their arguments.

A row says which arrays hold results that the procedure leaves there (none: the program returns its results), by which
arguments it is differentiated, and a size for timings.
"""

import importlib
from typing import NamedTuple


class Program(NamedTuple):
    """One program: its function, its data, and what to differentiate."""

    name: str
    inputs: tuple
    outputs: tuple
    returns: bool
    size: int
    function: str = ""
    oracle: str = "complex"

    @property
    def module(self):
        return importlib.import_module(f"{__name__}.{self.name}")

    def fun(self):
        """The function itself."""
        return getattr(self.module, self.function or self.name)

    def arguments(self, size, dtype):
        """Arguments by name, made anew."""
        return self.module.arguments(size, dtype)


def procedure(name, inputs, outputs, size, returns=False, **others):
    """A program that leaves results in its arguments; some return results as well."""
    return Program(name, tuple(inputs.split()), tuple(outputs.split()), returns, size, **others)


def function(name, inputs, size, **others):
    """A program that returns its results."""
    return Program(name, tuple(inputs.split()), (), True, size, **others)


PROGRAMS = {program.name: program for program in (
    procedure("adi", "u", "u", 100),
    function("arc_distance", "theta1 phi1 theta2 phi2", 100, oracle="wide"),
    function("atax", "a x", 400),
    function("azimint_hist", "data", 100, oracle="wide"),
    function("azimint_naive", "data", 100),
    function("bicg", "a p r", 400),
    procedure("cavity_flow", "u v p dt dx dy rho nu", "u v p", 60),
    procedure("channel_flow", "u v p dt dx dy rho nu force", "u v p", 20),
    procedure("cholesky", "a", "a", 100),
    function("clipping", "first second a b c", 300),
    function("conv2d", "images kernel bias", 32, function="conv2d_bias"),
    procedure("correlation", "data", "data", 100, returns=True, oracle="wide"),
    procedure("covariance", "data", "data", 100, returns=True),
    function("covariance_by_numpy", "data", 100, oracle="wide"),
    function("deriche", "alpha image", 200),
    procedure("doitgen", "a c4", "a", 60),
    function("durbin", "r", 400),
    procedure("factor", "a", "a", 100, oracle="wide"),
    procedure("fdtd_2d", "ex ey hz source", "ex ey hz", 200),
    procedure("floyd_warshall", "path", "path", 100),
    procedure("gemm", "alpha beta c a b", "c", 200),
    procedure("gemver", "alpha beta a u1 v1 u2 v2 w x y z", "a w x", 400),
    function("gesummv", "alpha beta a b x", 400),
    function("go_fast", "a", 400),
    procedure("gramschmidt", "a", "a", 60, returns=True),
    procedure("hdiff", "field coeff", "out", 64),
    procedure("heat_3d", "a b", "a b", 25),
    procedure("jacobi_1d", "a b", "a b", 60),
    procedure("jacobi_2d", "a b", "a b", 150),
    procedure("k2mm", "alpha beta a b c d", "d", 150),
    function("k3mm", "a b c d", 150),
    function("lenet", "images conv1 bias1 conv2 bias2 w1 b1 w2 b2 w3 b3", 28),
    procedure("lu", "a", "a", 60),
    procedure("ludcmp", "a b", "a", 60, returns=True),
    function("mlp", "x w1 b1 w2 b2 w3 b3", 200),
    procedure("mvt", "x1 x2 y1 y2 a", "x1 x2", 400),
    procedure("nbody", "mass pos vel dt gravity softening", "pos vel", 25, returns=True),
    function("resnet", "images conv1 conv2 conv3", 14, oracle="wide"),
    procedure("seidel_2d", "a", "a", 50),
    function("softmax", "x", 100),
    function("spmv", "values x", 1000),
    procedure("symm", "alpha beta c a b", "c", 40),
    procedure("syr2k", "alpha beta c a b", "c", 40),
    procedure("syrk", "alpha beta c a", "c", 50),
    procedure("trisolv", "lower b", "x", 400),
    procedure("trmm", "alpha a b", "b", 60),
    procedure("vadv", "tendency u wind position old rate", "tendency", 60),
)}
