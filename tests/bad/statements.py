# ruff: noqa
"""Statements that are not in the language."""

import math
import threading
from types import SimpleNamespace

import numpy as np

COUNTER = 0.0
LOCK = threading.Lock()
OBJECT = SimpleNamespace(value=1.0)


def bad_try_except(s):
    try:  #! UnsupportedError: try
        y = math.log(s)
    except ValueError:
        y = 0.0
    return y


def bad_try_finally(s):
    y = s
    try:  #! UnsupportedError: try
        y = y * 2.0
    finally:
        y = y + 1.0
    return y


def bad_with_open(s):
    with open("log.txt") as log:  #! UnsupportedError: with
        log.write("x")
    return s * s


def bad_with_lock(s):
    with LOCK:  #! UnsupportedError: with
        y = s * s
    return y


def bad_two_context_managers(x):
    with open("a") as f, open("b") as g:  #! UnsupportedError: with
        y = np.sum(x)
    return y


def bad_global_write(s):
    global COUNTER  #! UnsupportedError: global
    COUNTER = COUNTER + s
    return COUNTER


def bad_class_in_function(s):
    class Point:  #! UnsupportedError: class
        value = 1.0
    return s * Point.value


def bad_import_in_function(s):
    import random  #! UnsupportedError: import
    return s * random.random()


def bad_from_import_in_function(s):
    from os import path  #! UnsupportedError: import
    return s


def bad_match_statement(s, n):
    match n:  #! UnsupportedError: match
        case 0:
            return s
        case _:
            return s * s


def bad_del_of_an_element(x):
    y = [x[0], x[1]]
    del y[0]  #! UnsupportedError: del
    return y[0] * x[2]


def bad_del_of_an_array_slice(x):
    del x[1:]  #! UnsupportedError: del
    return np.sum(x)


def bad_del_of_an_attribute(s):
    del OBJECT.value  #! UnsupportedError: del
    return s


def bad_for_over_a_set(s):
    total = 0.0
    for c in {1.0, 2.0}:  #! UnsupportedError: set
        total += c * s
    return total


def bad_for_over_a_file(s):
    total = s
    for line in open("data.txt"):  #! UnsupportedError: open
        total += s
    return total


def bad_for_over_a_scalar(s):
    total = 0.0
    for c in s:  #! TypeError|UnsupportedError: iter
        total += c
    return total


def bad_for_over_an_integer(s, n):
    total = 0.0
    for i in n:  #! TypeError|UnsupportedError: iter
        total += s
    return total


def bad_for_over_nditer(x):
    total = 0.0
    for v in np.nditer(x):  #! UnsupportedError: nditer
        total += v * v
    return total


def bad_attribute_of_a_foreign_object(s):
    OBJECT.value = s  #! UnsupportedError: attribute 'value'
    return s * 2.0


def bad_shape_assignment(x):
    x.shape = (5, 1)  #! UnsupportedError: shape
    return np.sum(x)


def bad_attribute_of_a_function(s):
    bad_attribute_of_a_function.last = s  #! UnsupportedError: attribute 'last'
    return s * s


def bad_assignment_to_a_tuple_element(s, p):
    p[0] = s  #! TypeError|UnsupportedError: tuple
    return p[0] * s


def bad_assignment_to_a_string_element(s, mode):
    mode[0] = "x"  #! TypeError|UnsupportedError: item assignment
    return s


def bad_assignment_to_a_scalar_element(s):
    s[0] = 1.0  #! TypeError|UnsupportedError: item assignment
    return s


def bad_assignment_to_a_call(s, x):
    x.copy()[0].flags.writeable = s  #! AttributeError|UnsupportedError: flags
    return s


def bad_nested_async_function(s):
    async def later(v):  #! UnsupportedError: async
        return v
    return s * s


def bad_nested_generator_function(x):
    def squares(v):
        for i in range(len(v)):
            yield v[i] ** 2  #! UnsupportedError: yield
    total = 0.0
    for q in squares(x):
        total += q
    return total


def bad_yield_from(x):
    def elements(v):
        yield from v  #! UnsupportedError: yield
    total = 0.0
    for q in elements(x):
        total += q
    return total


def bad_global_write_in_a_nested_function(s):
    def bump(v):
        global COUNTER  #! UnsupportedError: global
        COUNTER = v
        return v
    return bump(s)


def bad_three_faults_at_once(s):
    try:  #! UnsupportedError: try
        y = s
    except ValueError:
        y = 0.0
    import random  #! UnsupportedError: import
    with open("a") as f:  #! UnsupportedError: with
        y += 1.0
    return y


def bad_two_faults_in_a_loop(x):
    total = 0.0
    for i in range(len(x)):
        class Local:  #! UnsupportedError: class
            pass
        del x[i]  #! UnsupportedError: del
        total += 1.0
    return total


def _helper_with_a_try(v):
    try:  #! UnsupportedError: try
        return math.sqrt(v)
    except ValueError:
        return 0.0


def bad_fault_in_a_called_function(s):
    return _helper_with_a_try(s) * 2.0
