# ruff: noqa
"""Results that depend on the differentiated input only through something that has no derivative."""

import math

import numpy as np


def bad_int_of_a_float(s):
    return int(s)  #! NonDifferentiableError: int


def bad_float_of_an_int(s):
    return float(int(s * 3.0))  #! NonDifferentiableError: int


def bad_rounded_result(s):
    return round(s)  #! NonDifferentiableError: int


def bad_math_floor(s):
    return math.floor(s)  #! NonDifferentiableError: int


def bad_math_ceil(s):
    return math.ceil(s)  #! NonDifferentiableError: int


def bad_math_trunc(s):
    return math.trunc(s)  #! NonDifferentiableError: int


def bad_comparison(s):
    return s > 0.5  #! NonDifferentiableError: bool


def bad_chained_comparison(s, t):
    return 0.0 < s < t  #! NonDifferentiableError: bool


def bad_boolean_negation(s):
    return not s > 0.5  #! NonDifferentiableError: bool


def bad_argmax(x):
    return np.argmax(x)  #! NonDifferentiableError: int


def bad_argmin_method(x):
    return x.argmin()  #! NonDifferentiableError: int


def bad_count_of_positive(x):
    return np.sum(x > 0.5)  #! NonDifferentiableError: int


def bad_counted_in_a_loop(x):
    count = 0
    for i in range(len(x)):
        if x[i] > 0.5:
            count += 1
    return count  #! NonDifferentiableError: int


def bad_sum_of_integers(x):
    return np.sum(x.astype(int))  #! NonDifferentiableError: int


def bad_any(x):
    return np.any(x > 0.5)  #! NonDifferentiableError: bool


def bad_length(x):
    return len(x)  #! NonDifferentiableError: int


def bad_size(a):
    return a.size  #! NonDifferentiableError: int


def bad_integer_argument(s, n):
    return n  #! NonDifferentiableError: int


def bad_integer_constant(s):
    return 3  #! NonDifferentiableError: int


def bad_float_through_an_integer_array(x):
    whole = x.astype(np.int64)
    return whole[0] * 0.5  #! NonDifferentiableError: int


def bad_float_through_an_index(s):
    table = np.array([1.0, 2.0, 3.0])
    return table[int(s)]  #! NonDifferentiableError: int
