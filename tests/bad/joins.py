# ruff: noqa
"""A name that has different kinds of value depending on which way the program went."""

import math

import numpy as np


def bad_array_or_scalar(x, s):
    if s > 0.0:
        y = x
    else:
        y = s
    return np.sum(y)  #! UnsupportedError: y


def bad_tuple_or_float(s):
    if s > 0.0:
        y = (s, s)
    else:
        y = s
    return y * 2.0  #! UnsupportedError: y


def bad_string_or_float(s):
    if s > 0.0:
        y = "positive"
    else:
        y = s
    return y  #! UnsupportedError: y


def bad_none_or_float(s):
    y = None
    if s > 0.0:
        y = s * s
    return y * 2.0  #! UnsupportedError: y


def bad_vector_or_matrix(x, a, s):
    if s > 0.0:
        y = x
    else:
        y = a
    return np.sum(y)  #! UnsupportedError: y


def bad_tuples_of_different_length(s):
    if s > 0.0:
        y = (s, s)
    else:
        y = (s, s, s)
    return y[0]  #! UnsupportedError: y


def bad_dicts_with_different_keys(s):
    if s > 0.0:
        y = {"a": s}
    else:
        y = {"b": s}
    return y["a"]  #! UnsupportedError: y


def bad_function_or_number(s):
    if s > 0.0:
        f = math.sin
    else:
        f = 2.0
    return f(s)  #! UnsupportedError: f


def bad_function_chosen_by_data(s):
    if s > 0.0:
        f = math.sin
    else:
        f = math.cos
    return f(s)  #! UnsupportedError: f


def bad_scalar_becomes_array_in_a_loop(x, n):
    y = 0.0
    for i in range(n):
        y = y + x  #! UnsupportedError: y
    return np.sum(y)


def bad_scalar_becomes_array_in_while(x, s):
    y = 1.0
    while s > 0.1:
        y = x * s
        s = s * 0.5
    return np.sum(y)  #! UnsupportedError: 'y'


def bad_number_becomes_tuple_in_a_loop(s, n):
    y = s
    for i in range(n):
        y = (y, s)  #! UnsupportedError: y
    return s


def bad_number_becomes_string_in_a_loop(s, n):
    y = s
    for i in range(n):
        y = "done"
    return y  #! UnsupportedError: 'y'


def bad_number_becomes_none_in_a_loop(s, n):
    y = s
    for i in range(n):
        y = None
    return y  #! UnsupportedError: 'y'


def bad_conditional_expression_of_array_and_scalar(x, s):
    y = x if s > 0.0 else s  #! UnsupportedError: path
    return np.sum(y)


def bad_conditional_expression_of_string_and_number(s):
    y = s if s > 0.0 else "negative"  #! UnsupportedError: path
    return y


def bad_returns_of_array_and_scalar_in_a_called_function(x, s):
    def pick(u, v):
        if v > 0.0:
            return u
        return v
    return np.sum(pick(x, s))  #! UnsupportedError: result


def bad_returns_of_tuple_and_number(s):
    def pick(v):
        if v > 0.0:
            return v, v
        return v
    return pick(s)[0]  #! UnsupportedError: result


def bad_missing_return_in_a_called_function(s):
    def maybe(v):
        if v > 0.0:
            return v
    return maybe(s) * 2.0  #! UnsupportedError: some paths only


def bad_module_chosen_by_data(s):
    if s > 0.0:
        lib = math
    else:
        lib = np
    return lib.sin(s)  #! UnsupportedError: lib


def bad_list_that_changes_length_in_a_branch(s):
    values = [s]
    if s > 0.0:
        values.append(s * s)
    return values[0]  #! UnsupportedError: length


def bad_list_of_mixed_kinds_grown_in_a_loop(x, n):
    parts = []
    for i in range(n):
        parts.append(x if i == 0 else x[0])  #! UnsupportedError: path
    return np.sum(parts[0])
