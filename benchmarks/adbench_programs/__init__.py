"""Objectives of machine learning and geometry, as loops and, where that is natural, as NumPy; made data.

The first three are those of ADBench (F. Srajer, Z. Kukelova and A. Fitzgibbon, "A benchmark of selected algorithmic
differentiation tools on some problems in computer vision and machine learning", Optimization Methods and Software
33 (2018)), written anew. Each module has the objective under the module's name, `by_numpy` where there is one, and
`arguments(...)`. `INPUTS` are the arguments to differentiate by.
"""

import importlib

INPUTS = {
    "gmm": ("alphas", "means", "icf"), "bundle": ("cameras", "points", "weights"), "lstm": ("main", "extra"),
    "log_sum_exp": ("x",), "k_means": ("centres",), "polynomial": ("c",), "runge_kutta": ("q", "p"),
}


def module(name):
    """The module of a program."""
    return importlib.import_module(f"{__name__}.{name}")
