# ruff: noqa
"""Functions whose result is not one real number."""

import math

import numpy as np


def bad_array_result(x):
    return x * 2.0  #! TypeError: scalar


def bad_matrix_result(a):
    return a @ a  #! TypeError: scalar


def bad_array_result_in_a_branch(x):
    if x[0] > 0.0:
        return x  #! TypeError|UnsupportedError: scalar
    return x * 2.0


def bad_tuple_result(s):
    return s, s * s  #! TypeError: scalar


def bad_list_result(s):
    return [s, s]  #! TypeError: scalar


def bad_dict_result(s):
    return {"a": s}  #! TypeError: scalar


def bad_string_result(s):
    return "done"  #! TypeError: scalar


def bad_none_result(s):
    return None  #! TypeError: None


def bad_function_result(s):
    return math.sin  #! TypeError: scalar


def bad_lambda_result(s):
    return lambda v: v * s  #! TypeError: scalar


def bad_no_return(s):  #! TypeError: return
    y = s * s


def bad_bare_return(s):
    y = s * s
    return  #! TypeError: None


def bad_missing_return_on_one_path(s):  #! TypeError|UnsupportedError: some paths only
    if s > 0.0:
        return s * s


def bad_nested_tuple_result(s, x):
    return (s, (x, s))  #! TypeError: scalar
