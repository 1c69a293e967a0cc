# ruff: noqa
"""Calls of things that cannot be read, and calls with the wrong arguments."""

import collections
import copy
import itertools
import json
import math
import os
import random
import re
import sys
import time
from types import SimpleNamespace

import numpy as np

SCALE = 2.0
OBJECT = SimpleNamespace(value=1.0)
namespace = {}
exec("def sourceless(v):\n    return v * v\n", namespace)
sourceless = namespace["sourceless"]


def bad_eval(s):
    return eval("s * s")  #! UnsupportedError: eval


def bad_exec(s):
    exec("s = 2.0")  #! UnsupportedError: exec
    return s


def bad_compile(s):
    code = compile("1", "f", "eval")  #! UnsupportedError: compile
    return s


def bad_open(s):
    data = open("data.txt").read()  #! UnsupportedError: open
    return s


def bad_input(s):
    return s * float(input())  #! UnsupportedError: input


def bad_globals(s):
    return s * globals()["SCALE"]  #! UnsupportedError: globals


def bad_locals(s):
    return s * len(locals())  #! UnsupportedError: locals


def bad_vars(s):
    return s * len(vars())  #! UnsupportedError: vars


def bad_setattr(s):
    setattr(OBJECT, "value", s)  #! UnsupportedError: setattr
    return s


def bad_delattr(s):
    delattr(OBJECT, "value")  #! UnsupportedError: delattr
    return s


def bad_dir(s):
    return s * len(dir())  #! UnsupportedError: dir


def bad_id(s):
    return s * id(s)  #! UnsupportedError: id


def bad_hash(s):
    return s * hash(s)  #! UnsupportedError: hash


def bad_dunder_import(s):
    return __import__("math").sin(s)  #! UnsupportedError: __import__


def bad_breakpoint(s):
    breakpoint()  #! UnsupportedError: breakpoint
    return s


def bad_next_of_iter(x):
    return next(iter(x))  #! UnsupportedError: iter


def bad_object(s):
    marker = object()  #! UnsupportedError: object
    return s


def bad_memoryview(x):
    return memoryview(x)[0] * 1.0  #! UnsupportedError: memoryview


def bad_frozenset(s):
    return s * len(frozenset())  #! UnsupportedError: frozenset


def bad_string_of_a_number(s):
    return s * len(str(s))  #! UnsupportedError: str


def bad_super(s):
    return s * super().value  #! UnsupportedError: super


def bad_clock(s):
    return s * time.time()  #! UnsupportedError: time


def bad_random(s):
    return s * random.random()  #! UnsupportedError: random


def bad_random_gauss(x):
    return np.sum(x) * random.gauss(0.0, 1.0)  #! UnsupportedError: gauss


def bad_environment(s):
    return s * len(os.getcwd())  #! UnsupportedError: getcwd


def bad_exit(s):
    sys.exit(1)  #! UnsupportedError: exit
    return s


def bad_json(s):
    return s * json.loads("1")  #! UnsupportedError: loads


def bad_regular_expression(s, mode):
    return s * len(re.findall("a", mode))  #! UnsupportedError: findall


def bad_deque(s):
    queue = collections.deque()  #! UnsupportedError: deque
    return s


def bad_permutations(x):
    total = 0.0
    for u, v in itertools.permutations(x, 2):  #! UnsupportedError: permutations
        total += u * v
    return total


def bad_deepcopy_of_an_object(s):
    other = copy.deepcopy(OBJECT)  #! UnsupportedError: deepcopy
    return s


def bad_function_without_source(s):
    return sourceless(s)  #! UnsupportedError: source


def bad_method_of_a_foreign_object(s):
    return OBJECT.transform(s)  #! AttributeError|UnsupportedError: transform


def _factorial(v, n):
    if n <= 0:
        return 1.0
    return v * _factorial(v, n - 1)  #! UnsupportedError: recurs


def bad_recursion(s, n):
    return _factorial(s, n)


def bad_recursion_of_the_function_itself(s):
    if s < 1.0:
        return s
    return bad_recursion_of_the_function_itself(s * 0.5)  #! UnsupportedError: recurs


def _even(v, n):
    return v if n == 0 else _odd(v * v, n - 1)


def _odd(v, n):
    return v if n == 0 else _even(v + v, n - 1)  #! UnsupportedError: recurs


def bad_mutual_recursion(s, n):
    return _even(s, n)


def bad_nested_recursion(x):
    def total(v, i):
        if i == len(v):
            return 0.0
        return v[i] + total(v, i + 1)  #! UnsupportedError: recurs
    return total(x, 0)


def bad_call_of_a_number(s):
    return s(1.0)  #! TypeError|UnsupportedError: call


def bad_call_of_an_array(x):
    return x(0)  #! TypeError|UnsupportedError: call


def bad_call_of_a_string(s, mode):
    return mode(s)  #! TypeError|UnsupportedError: mean


def bad_call_of_a_module(s):
    return math(s)  #! TypeError|UnsupportedError: math


def bad_call_of_a_global_number(s):
    return SCALE(s)  #! TypeError|UnsupportedError: call


def bad_too_few_arguments(s):
    def add(u, v):
        return u + v
    return add(s)  #! TypeError: missing


def bad_too_many_arguments(s):
    def double(u):
        return u * 2.0
    return double(s, s)  #! TypeError: argument


def bad_unexpected_keyword(s):
    def double(u):
        return u * 2.0
    return double(u=s, w=1.0)  #! TypeError: w


def bad_argument_given_twice(s):
    def double(u):
        return u * 2.0
    return double(s, u=s)  #! TypeError: u


def bad_too_many_positional_arguments_for_keyword_only(s):
    def scale(u, *, by=2.0):
        return u * by
    return scale(s, 3.0)  #! TypeError: positional


def bad_missing_keyword_only_argument(s):
    def scale(u, *, by):
        return u * by
    return scale(s)  #! TypeError: by


def bad_lambda_with_too_many_arguments(s):
    double = lambda u: u * 2.0
    return double(s, s)  #! TypeError: argument


def bad_math_function_of_two_arguments(s):
    return math.sin(s, s)  #! TypeError: sin


def bad_math_function_without_arguments(s):
    return s * math.cos()  #! TypeError: cos


def bad_math_function_of_a_string(s, mode):
    return s * math.sqrt(mode)  #! TypeError: mean


def bad_math_keyword(s):
    return math.sin(x=s)  #! TypeError: sin


def bad_unknown_numpy_keyword(x):
    return np.sum(x, over=1)  #! TypeError: over


def bad_numpy_function_without_arguments(s):
    return s * np.sum(np.zeros())  #! TypeError: zeros


def bad_ufunc_without_arguments(s):
    return s * np.exp()  #! TypeError: exp


def bad_ufunc_of_a_string(s, mode):
    return s * np.exp(mode)  #! TypeError: mean


def bad_range_of_a_float(s, t):
    total = 0.0
    for i in range(t):  #! TypeError: range
        total += s
    return total


def bad_range_without_arguments(s):
    total = s
    for i in range():  #! TypeError: range
        total += s
    return total


def bad_range_with_four_arguments(s):
    total = s
    for i in range(0, 1, 2, 3):  #! TypeError: range
        total += s
    return total


def bad_len_of_a_scalar(s):
    return s * len(s)  #! TypeError: len


def bad_len_of_two(x, y):
    return x[0] * len(x, y)  #! TypeError: len


def bad_abs_of_two(s, t):
    return abs(s, t)  #! TypeError: abs


def bad_max_of_nothing(s):
    return s * max()  #! TypeError: max


def bad_sum_of_a_number(s):
    return sum(s)  #! TypeError: iter


def bad_enumerate_of_a_number(s):
    total = 0.0
    for i, v in enumerate(s):  #! TypeError|UnsupportedError: iter
        total += v
    return total


def bad_zip_of_a_number(s, x):
    total = 0.0
    for u, v in zip(x, s):  #! TypeError|UnsupportedError: iter
        total += u * v
    return total


def bad_print_to_a_file(s):
    print(s, file=sys.stderr)  #! UnsupportedError: file
    return s
