"""Gradients by hand of the objectives in `adbench_programs`, by name: arguments in, value and a tuple out."""

from .geometry import bundle, lstm
from .mixtures import gmm, k_means, log_sum_exp

GRADIENTS = {"gmm": gmm, "bundle": bundle, "lstm": lstm, "k_means": k_means, "log_sum_exp": log_sum_exp}
