# ruff: noqa
"""Expressions that are not in the language."""

import math

import numpy as np


def bad_set_literal(s):
    chosen = {s, 2.0}  #! UnsupportedError: set
    return s * len(chosen)


def bad_set_comprehension(x):
    return sum({v * v for v in x})  #! UnsupportedError: set


def bad_dict_with_computed_keys(x):
    table = {i: x[i] for i in range(len(x))}  #! UnsupportedError: dict
    return table[0]


def bad_dict_key_from_an_array(s, idx):
    table = {"a": s}
    table[idx[0]] = s * 2.0  #! UnsupportedError: key
    return table["a"]


def bad_dict_lookup_with_a_computed_key(x, n):
    table = {0: x[0], 1: x[1]}
    total = 0.0
    for i in range(n):
        total += table[i]  #! UnsupportedError: key
    return total


def bad_missing_dict_key(s):
    table = {"a": s}
    return table["b"]  #! KeyError|ValueError|UnsupportedError: 'b'


def bad_missing_key_of_an_argument(d):
    return d["nothing"] * 2.0  #! KeyError|ValueError|UnsupportedError: 'nothing'


def bad_complex_literal(s):
    z = s * 1j  #! UnsupportedError: complex
    return z * z


def bad_complex_call(s):
    z = complex(s, 1.0)  #! UnsupportedError: complex
    return s


def bad_string_plus_number(s, mode):
    return s + mode  #! TypeError|UnsupportedError: mean


def bad_string_concatenation(s, mode, n):
    label = mode
    for i in range(n):
        label = label + "x"  #! UnsupportedError: str
    return s * len(label)


def bad_string_repetition(s, n):
    label = "ab" * n  #! TypeError|UnsupportedError: ab
    return s * len(label)


def bad_string_method(s, mode):
    k = mode.find("e")  #! UnsupportedError: find
    return s * k


def bad_f_string_as_a_number(s, n):
    label = f"{n}"  #! UnsupportedError: f-string
    return s * float(label)


def bad_float_of_a_string(s, mode):
    return s * float(mode)  #! UnsupportedError|TypeError|ValueError: float


def bad_bytes_literal(s):
    raw = b"abc"
    return s * raw[0]  #! TypeError|UnsupportedError: bytes


def bad_starred_call_of_unknown_length(x):
    return max(*x)  #! UnsupportedError: starred


def bad_starred_call_of_a_user_function(x):
    def add(u, v):
        return u + v
    return add(*x)  #! UnsupportedError: starred


def bad_generator_stored(x):
    squares = (v * v for v in x)  #! UnsupportedError: generator
    first = sum(squares)
    return first + x[0]


def bad_lambda_in_an_array(s):
    fs = np.array([lambda v: v, lambda v: v * v])  #! UnsupportedError|TypeError: array
    return fs[0](s)


def bad_lambda_chosen_by_data(s, n):
    fs = [lambda v: v, lambda v: v * v]
    total = 0.0
    for i in range(n):
        total += fs[i](s)  #! UnsupportedError: index
    return total


def bad_mixed_list_indexed_by_data(s, x, n):
    parts = [s, x]
    total = 0.0
    for i in range(n):
        total += np.sum(parts[i])  #! UnsupportedError: index
    return total


def bad_tuple_indexed_by_data_with_mixed_types(s, x, n):
    parts = (s, x)
    return np.sum(parts[n])  #! UnsupportedError: index


def bad_bitwise_and_of_floats(s, t):
    return s & t  #! TypeError|UnsupportedError: float


def bad_bitwise_or_of_a_float_and_an_integer(s, n):
    return s | n  #! TypeError|UnsupportedError: float


def bad_xor_of_floats(s, t):
    return s ^ t  #! TypeError|UnsupportedError: float


def bad_shift_of_a_float(s):
    return s << 2  #! TypeError|UnsupportedError: float


def bad_inversion_of_a_float(s):
    return s * ~s  #! TypeError|UnsupportedError: float


def bad_bitwise_and_of_float_arrays(x, y):
    return np.sum(x & y)  #! TypeError|UnsupportedError: float


def bad_matmul_of_scalars(s, t):
    return s @ t  #! TypeError|ValueError: matmul


def bad_matmul_of_array_and_scalar(x, s):
    return np.sum(x @ s)  #! TypeError|ValueError: matmul


def bad_float_index(x):
    return x[0.5]  #! IndexError|TypeError: ind


def bad_float_variable_index(x, s):
    return x[s]  #! IndexError|TypeError: ind


def bad_float_slice(x, s):
    return np.sum(x[:s])  #! TypeError: slice


def bad_string_index_of_an_array(x, mode):
    return x[mode]  #! IndexError|TypeError: ind


def bad_subscript_of_a_scalar(s):
    return s[0]  #! TypeError|IndexError: scalar


def bad_subscript_of_a_function(s):
    return math.sin[s]  #! TypeError|UnsupportedError: subscript


def bad_truth_of_an_array(x):
    if x:  #! ValueError: truth value
        return x[0]
    return x[1]


def bad_truth_of_a_comparison_of_arrays(x, y):
    if x > y:  #! ValueError: truth value
        return x[0]
    return y[0]


def bad_while_on_an_array(x):
    while x > 0.1:  #! ValueError: truth value
        x = x * 0.5
    return np.sum(x)


def bad_and_of_arrays(x, y):
    return np.sum(x and y)  #! ValueError: truth value


def bad_not_of_an_array(x):
    return x[0] * (not x)  #! ValueError: truth value


def bad_chained_comparison_of_arrays(x):
    return np.sum(np.where(0.0 < x < 1.0, x, 0.0))  #! ValueError: truth value


def bad_negative_string(s, mode):
    return s * -mode  #! TypeError|UnsupportedError: mean


def bad_order_of_string_and_number(s, mode):
    if mode > s:  #! TypeError|UnsupportedError: mean
        return s
    return s * s


def bad_number_plus_none(s):
    nothing = None
    return s + nothing  #! TypeError: None


def bad_number_plus_tuple(s, p):
    return s + p  #! TypeError: tuple


def bad_number_plus_function(s):
    return s + math.sin  #! TypeError|UnsupportedError: function


def bad_list_multiplied_by_data(x, n):
    zeros = [None] * n  #! UnsupportedError: list
    return x[0]


def bad_slice_object_built_at_run_time(x, n):
    part = slice(0, n) if n > 2 else None  #! UnsupportedError: path
    return np.sum(x[part])


def bad_starred_list_of_unknown_length(x):
    values = [1.0, *x]  #! UnsupportedError: starred
    return values[0] * x[0]


def bad_await_of_a_number(s):
    async def later():  #! UnsupportedError: async
        return await s
    return s
