"""Functions made from text that `inspect` can find, and what the generated code makes of functions."""

import itertools
import linecache
import textwrap

import numpy as np

import adtrans

_numbers = itertools.count()


def function(text, name="f"):
    """The function `name` of a module with this text."""
    text = textwrap.dedent(text)
    filename = f"<text {next(_numbers)}>"
    linecache.cache[filename] = (len(text), None, text.splitlines(keepends=True), filename)
    space = {"np": np}
    exec(compile(text, filename, "exec"), space)
    return space[name]


def interpreted(fun, *args, argnums=0):
    """Value and gradient by the generated source in CPython."""
    with np.errstate(all="ignore"):
        return adtrans.value_and_grad(fun, argnums=argnums, cache=False).interpreted(*args)


def value(fun, *args, argnums=0):
    return interpreted(fun, *args, argnums=argnums)[0]
