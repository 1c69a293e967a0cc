"""Golden sources: what the gradient of each construct looks like, and laws that every generated source obeys.

`python -m tests.test_golden --update` writes the expected sources anew; `--sizes` prints how the generated
source grows with the depth of a nest of loops.
"""

import ast
import importlib
import re
import sys
from pathlib import Path

import numpy as np
import pytest

import adtrans
from tests import duals
from tests.fuzz import judge
from tests.fuzz.program import Program

FOLDER = Path(__file__).parent / "golden"
NAMES = sorted(path.stem for path in FOLDER.glob("[!_]*.py"))
DEPTHS = range(1, 9)
SINGLE = {"single_precision", "casts"}


def generated(name):
    """The module of a construct and its generated gradient source, free of the place of the checkout."""
    module = importlib.import_module(f"tests.golden.{name}")
    g = adtrans.value_and_grad(module.f, argnums=module.ARGNUMS, cache=False)
    text = g.inspect_source(*module.ARGUMENTS)
    return module, g, text.replace(f"{FOLDER}/", "")


def expected(name):
    return FOLDER / f"{name}.txt"


@pytest.mark.parametrize("name", NAMES)
def test_source_is_the_golden_one(name):
    assert generated(name)[2] == expected(name).read_text()


def test_every_golden_source_has_its_function():
    assert sorted(path.stem for path in FOLDER.glob("*.txt")) == NAMES
    assert len(NAMES) >= 45


@pytest.mark.parametrize("name", NAMES)
def test_golden_gradient_is_that_of_the_oracle(name, capsys):
    module, g, _ = generated(name)
    value, gradient = g.interpreted(*module.ARGUMENTS)
    wanted, wanted_gradient = duals.gradient(module.f, module.ARGUMENTS, module.ARGNUMS)
    tolerance = 2e-6 if name in SINGLE else 1e-12
    np.testing.assert_allclose(float(value), wanted, rtol=tolerance)
    given, right = judge.numbers(gradient), judge.numbers(wanted_gradient)
    assert np.abs(given - right).max() <= tolerance * np.abs(right).max()
    assert np.abs(right).max() > 0.0


# --- laws of the text ------------------------------------------------------------------------------------


def unused_names(text):
    """Names that are assigned and never read; counters of loops need not be read."""
    tree = ast.parse(text)
    counters = {node.target.id for node in ast.walk(tree) if isinstance(node, ast.For)}
    nodes = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
    stored = {node.id for node in nodes if isinstance(node.ctx, ast.Store)}
    read = {node.id for node in nodes if isinstance(node.ctx, ast.Load)}
    return stored - read - counters


def assigned_to_themselves(text):
    """Statements `a = a`."""
    return [
        ast.unparse(node)
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == ast.unparse(node.value)
    ]


@pytest.mark.parametrize("name", NAMES)
def test_golden_source_is_clean(name):
    text = expected(name).read_text()
    tree = ast.parse(text)
    assert ast.dump(ast.parse(ast.unparse(tree))) == ast.dump(tree)
    assert unused_names(text) == set()
    assert assigned_to_themselves(text) == []
    assert [line for line in text.splitlines() if line != line.rstrip()] == []
    assert not re.search(r"[/\\]golden", text)


def test_unused_names_are_found():
    assert unused_names("def f(x):\n    a = x\n    b = 2\n    for i in x:\n        a += b\n") == {"a"}


@pytest.mark.parametrize("name", NAMES)
def test_user_lines_stand_above_what_they_became(name):
    """Every comment of the source is a line of the user's file; names of the user survive in it."""
    module, _, text = generated(name)
    lines = {" ".join(line.split()) for line in Path(module.__file__).read_text().splitlines()}
    comments = [line.strip()[2:] for line in text.splitlines()[1:] if line.strip().startswith("# ")]
    assert comments
    assert set(comments) <= lines


# --- size ------------------------------------------------------------------------------------------------


def loaded(source, name):
    """The function `f` of a text that `inspect` can find."""
    program = Program(name, source, 0)
    return program.load()


def nest(depth):
    """A nest of loops around one statement."""
    lines = ["def f(x, n):", "    total = 1.0"]
    for k in range(depth):
        lines.append("    " * (k + 1) + f"for i{k} in range(n):")
    indices = " + ".join(f"i{k}" for k in range(depth))
    lines += ["    " * (depth + 1) + f"total = total * 0.5 + x[{indices}] * total", "    return total", ""]
    return "\n".join(lines)


def straight(count):
    """As many statements in a row."""
    lines = [f"    t = t * x + {k}.0" for k in range(count)]
    return "\n".join(["def f(x):", "    t = x", *lines, "    return t", ""])


def sizes():
    """Lines of the generated gradient source of nests of depth 1 to 8."""
    found = []
    for depth in DEPTHS:
        g = adtrans.grad(loaded(nest(depth), f"nest_{depth}"), cache=False)
        found.append(len(g.inspect_source(np.ones(9), 2).splitlines()))
    return found


def test_source_grows_by_the_same_for_every_level_of_a_nest():
    steps = np.diff(sizes())
    assert steps.max() <= 10
    assert len(set(steps[1:])) == 1


def test_source_grows_by_the_same_for_every_statement():
    lines = []
    for count in (5, 10, 20, 40):
        g = adtrans.grad(loaded(straight(count), f"straight_{count}"), cache=False)
        lines.append(len(g.inspect_source(0.5).splitlines()))
    per_statement = np.diff(lines) / (5, 10, 20)
    assert per_statement.max() <= per_statement.min() + 0.5


def test_nests_of_every_depth_are_right():
    for depth in DEPTHS:
        f = loaded(nest(depth), f"nest_{depth}")
        x = np.linspace(0.1, 0.9, 9)
        given, wanted = adtrans.grad(f, cache=False).interpreted(x, 2), duals.gradient(f, (x, 2))[1]
        np.testing.assert_allclose(given, wanted, rtol=1e-11, atol=1e-14)


def test_source_does_not_depend_on_the_trip_count():
    g = adtrans.grad(loaded(nest(1), "trips"), cache=False)
    few, many = g.inspect_source(np.ones(10), 10), g.inspect_source(np.ones(10_000), 10_000)
    assert few == many
    assert len(g.signatures) == 1


# --- command ---------------------------------------------------------------------------------------------


def main(arguments):
    """Write the expected sources anew, or print sizes."""
    match arguments:
        case ["--update"]:
            for name in NAMES:
                expected(name).write_text(generated(name)[2])
            print(f"wrote {len(NAMES)} sources")
        case ["--sizes"]:
            for depth, lines in zip(DEPTHS, sizes()):
                print(f"depth {depth}: {lines} lines")
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
