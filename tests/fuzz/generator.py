"""Random programs: from a seed to the text of a module.

In: a seed and a size (statements). Out: a `Program`. The same seed gives the same program.

    >>> "def f(" in generate(3).source or "f = " in generate(3).source
    True
"""

import random

from tests.fuzz import arguments, branches, results, statements
from tests.fuzz.program import Program
from tests.fuzz.scope import Module, Writer

ENTRIES = {
    "plain": 20,
    "lambda": 0.6,
    "partial": 0.8,
    "method": 0.8,
    "nested": 0.8,
    "decorated": 0.8,
    "njit": 0.8,
}


def generate(seed, size=None, extras=False):
    """The program of a seed; `size` is about how many statements it has."""
    rng = random.Random(seed)
    module = Module(rng, single=rng.random() < 0.1, extras=extras)
    entry = rng.choices(list(ENTRIES), list(ENTRIES.values()))[0]
    size = size or rng.choice([2, 4, 6, 8, 10, 14])
    w = Writer(module, size)
    made = arguments.choose(w)
    if entry == "lambda":
        lines = anonymous(w, made)
    else:
        write_body(w, size)
        lines = entered(w, entry, made)
    argnums = differentiated(w, made)
    text = assemble(module, lines, made)
    return Program(seed, text, argnums, frozenset(module.constructs), module.single)


def write_body(w, size):
    """The statements of the main function."""
    if w.chance(0.1):
        w.use("stmt:docstring")
        w.emit('"""A random program."""')
    if w.chance(0.3):
        branches.check(w)
    statements.body(w, size)
    results.final(w)


def parameters(made):
    """A parameter list."""
    return ", ".join(a.name if a.default is None else f"{a.name}={a.default}" for a in made)


def anonymous(w, made):
    """The main function as a lambda."""
    from tests.fuzz.elementwise import value

    w.use("func:entry-lambda")
    terms = [value(w, None, 3).tight, *results.terms(w)]
    return [f"f = lambda {parameters(made)}: {' + '.join(terms)}"]


def entered(w, entry, made):
    """The main function as a definition, or reached through something else."""
    lines, module = w.lines, w.module
    if entry != "plain":
        w.use(f"func:entry-{entry}")
    match entry:
        case "partial":
            module.require("import functools")
            lines[-1] += " * gain"
            return [
                f"def full(gain, {parameters(made)}):",
                *lines,
                "",
                "",
                f"f = functools.partial(full, {w.number()})",
            ]
        case "method":
            lines[-1] += " * self.gain"
            body = [
                "    " + line if line else line for line in [f"def loss(self, {parameters(made)}):", *lines]
            ]
            head = ["class Problem:", "    def __init__(self, gain):", "        self.gain = gain", ""]
            return [*head, *body, "", "", f"f = Problem({w.number()}).loss"]
        case "nested":
            lines[-1] += " * gain"
            body = ["    " + line if line else line for line in [f"def loss({parameters(made)}):", *lines]]
            return ["def make(gain):", *body, "", "    return loss", "", "", f"f = make({w.number()})"]
        case "decorated":
            from tests.fuzz.functions import traced

            return [traced(w), f"def f({parameters(made)}):", *lines]
        case "njit":
            module.require("from numba import njit")
            return ["@njit", f"def f({parameters(made)}):", *lines]
    return [f"def f({parameters(made)}):", *lines]


def differentiated(w, made):
    """Which arguments to differentiate, by index or by name, one or several."""
    able = [k for k, a in enumerate(made) if a.differentiable and a.default is None]
    picked = sorted(w.rng.sample(able, w.rng.randint(1, len(able))))
    by_name = w.chance(0.2)
    if by_name:
        w.use("arg:argnums-name")
        picked = [made[k].name for k in picked]
    if len(picked) == 1 and w.chance(0.7):
        w.use(*([] if by_name else ["arg:argnums-index"]))
        return picked[0]
    w.use("arg:argnums-tuple")
    return tuple(picked)


def assemble(module, lines, made):
    """The text of the module."""
    if module.from_math:
        module.imports.append(f"from math import {', '.join(sorted(module.from_math))}")
    given = [a for a in made if a.default is None]
    build = [f"    {line}" for a in given for line in a.lines]
    arguments_text = "\n".join(
        ["def arguments():", *build, f"    return ({', '.join(a.name for a in given)},)"]
    )
    constants = (
        ["SCALE = 0.37", *module.constants]
        if "func:module-constant" in module.constructs
        else module.constants
    )
    parts = [
        "\n".join(module.imports),
        "\n".join(constants),
        *module.definitions,
        "\n".join(lines),
        arguments_text,
    ]
    return "\n\n\n".join(p for p in parts if p) + "\n"
