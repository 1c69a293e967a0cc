# ruff: noqa
"""Names that are defined nowhere, or read before they are set."""

import math

import numpy as np


def bad_undefined_name(s):
    return s * scale  #! NameError|UnsupportedError: scale


def bad_undefined_function(s):
    return softplus(s)  #! NameError|UnsupportedError: softplus


def bad_misspelt_local(s):
    total = s * s
    return totl * 2.0  #! NameError|UnsupportedError: totl


def bad_undefined_module(x):
    return jnp.sum(x)  #! NameError|UnsupportedError: jnp


def bad_undefined_name_in_a_nested_function(s):
    def scaled(v):
        return v * factor  #! NameError|UnsupportedError: factor
    return scaled(s)


def bad_undefined_name_in_a_condition(s):
    if s > limit:  #! NameError|UnsupportedError: limit
        return s
    return s * s


def bad_undefined_loop_bound(s):
    total = 0.0
    for i in range(steps):  #! NameError|UnsupportedError: steps
        total += s
    return total


def bad_undefined_index(x):
    return x[i]  #! NameError|UnsupportedError: i


def bad_undefined_target_array(x):
    out[0] = x[0]  #! NameError|UnsupportedError: out
    return x[0]


def bad_read_before_assignment(s):
    y = z * s  #! UnboundLocalError|UnsupportedError: z
    z = 2.0
    return y + z


def bad_accumulation_without_start(x):
    for i in range(len(x)):
        total += x[i]  #! UnboundLocalError|UnsupportedError: total
    return total


def bad_augmented_local_that_shadows_a_global(s):
    math += s  #! UnboundLocalError|UnsupportedError: math
    return math


def bad_read_after_del(s):
    y = s * s
    del y
    return y  #! UnboundLocalError|UnsupportedError: y


def bad_name_of_a_comprehension(x):
    squares = [v * v for v in x]
    return v  #! NameError|UnsupportedError: v


def bad_local_of_a_called_function(s):
    def inner(v):
        hidden = v * 2.0
        return hidden
    return inner(s) + hidden  #! NameError|UnsupportedError: hidden


def bad_local_function_before_its_definition(s):
    y = double(s)  #! UnboundLocalError|UnsupportedError: double
    def double(v):
        return v * 2.0
    return y


def bad_swap_with_an_unset_name(s):
    s, t = t, s  #! UnboundLocalError|UnsupportedError: t
    return s


def bad_two_undefined_names(s):
    y = s * alpha  #! NameError|UnsupportedError: alpha
    z = s - beta  #! NameError|UnsupportedError: beta
    return z
