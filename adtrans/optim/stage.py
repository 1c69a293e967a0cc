"""One stage of an update: a scalar function read into plain statements.

In: a function of one parameter, its gradient, state and hyper-parameters, written as in the paper:

    def momentum(x, g, v, learning_rate, beta):
        v = beta * v + g
        return x - learning_rate * v, v

Out: a `Stage`, whose body assigns to the names of what it returns. What a name stands for is told by the name: `x` the
parameter, `g` the gradient, `t` the step counted from 1, `step` the step counted from 0, names of the state as
declared, all others hyper-parameters. A function that does not name `x` (or `g`) does without it.

Branches on a hyper-parameter that is known when the text is made (`if nesterov:`) are decided here, so that what is
left is what runs.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from adtrans.errors import UnsupportedError
from adtrans.source import Source, read

# Sums over all elements of all leaves, and over the elements of one leaf.
TOTALS = {"total": 0, "leaf_total": 1}
# Functions of a whole leaf that change it in place (`matrices`): statements.
WHOLES = {"orthogonalize", "rescale"}
FUNCTIONS = {"sqrt", "abs", "exp", "log", "tanh", "sign", "min", "max", "floor", "cos", *TOTALS}
# Numbers kept from step to step that the generated update itself looks after.
TOLD = {"skipped", "arrived"}
KEPT = {"x", "g", "t", "step", "size", "rows", "matrix"}


@dataclass(frozen=True)
class Stage:
    """Statements over names. `state` maps names of arrays to their initial values, `memory` those of numbers.

    An initial value is a number, the name of a hyper-parameter, or "x" for a copy of the parameter. `returned` are the
    names that the stage changes.
    """

    name: str
    body: tuple[ast.stmt, ...]
    hyper: tuple[str, ...]
    state: Mapping[str, float | str]
    memory: Mapping[str, float | str] = field(default_factory=dict)
    returned: tuple[str, ...] = ()

    @property
    def moves(self) -> bool:
        """Whether parameters change, and not only the gradient."""
        return "x" in self.returned


def stage_of(fun: Callable, state: Mapping[str, float | str], memory: Mapping[str, float | str],
             known: Mapping[str, bool], gives: str = "x", positional: bool = True) -> Stage:
    """Read `fun`, which returns the new x, or g as `gives` says, then its state and memory in the order of parameters.

    `known` are the truth values of hyper-parameters that decide branches.

    Where no parameter is named x or g, the first two are these, if `positional`.

    Raises UnsupportedError, located, for what the language of rules does not have: assignments to names, `if`,
    conditional expressions, arithmetic, comparisons, the functions in FUNCTIONS, and one return at the end.
    """
    source = read(fun)
    params = parameters(source)
    first = [name for name in params if name not in state and name not in memory][:2]
    renamed = dict(zip(first, ("x", "g"))) if positional and not {"x", "g"} & set(params) else {}
    reader = _Reader(source, dict(known), renamed)
    body = reader.block(source.body)
    if reader.result is None:
        raise UnsupportedError(f"{source.name} returns nothing", source.span(source.node),
                               "return the new parameter and the new state")
    names = tuple(renamed.get(name, name) for name in params)
    expected = [gives, *(name for name in names if name in state or name in memory)]
    results = reader.result.elts if isinstance(reader.result, ast.Tuple) else [reader.result]
    if len(results) != len(expected):
        raise UnsupportedError(f"{source.name} returns {len(results)} values where {', '.join(expected)} are expected",
                               source.span(source.body[-1]))
    body += assigned_together(expected, results)
    used = {node.id for statement in body for node in ast.walk(statement) if isinstance(node, ast.Name)}
    hyper = tuple(name for name in names if name not in KEPT and name not in state and name not in memory
                  and name in used)
    arrays = {name: value for name, value in state.items() if name in used}
    numbers = {name: value for name, value in memory.items() if name in {*used, *TOLD}}
    returned = tuple(name for name in expected if name in targets(body))
    return Stage(source.name, tuple(body), hyper, arrays, numbers, returned)


def parameters(source: Source) -> list[str]:
    """The names of all parameters, in order."""
    spec = source.node.args
    if spec.vararg or spec.kwarg:
        raise UnsupportedError("a rule has no *args or **kwargs", source.span(source.node))
    return [arg.arg for arg in [*spec.posonlyargs, *spec.args, *spec.kwonlyargs]]


def assigned_together(names: list[str], values: list[ast.expr]) -> list[ast.stmt]:
    """Assignments of values to names, as if all values were taken first."""
    pairs = [(name, value) for name, value in zip(names, values)
             if not (isinstance(value, ast.Name) and value.id == name)]
    first, second, done = [], [], set()
    for name, value in pairs:
        if done & names_in(value):
            first.append(assign(f"{name}_new", value))
            second.append(assign(name, ast.Name(f"{name}_new", ast.Load())))
        else:
            first.append(assign(name, value))
        done.add(name)
    return first + second


def assign(name: str, value: ast.expr) -> ast.Assign:
    """name = value"""
    return ast.fix_missing_locations(ast.Assign([ast.Name(name, ast.Store())], value, lineno=0))


def names_in(*nodes: ast.AST) -> set[str]:
    """The names that are read."""
    return {node.id for tree in nodes for node in ast.walk(tree)
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}


def targets(statements: list[ast.stmt] | tuple[ast.stmt, ...]) -> set[str]:
    """The names that are assigned to."""
    return {node.id for statement in statements for node in ast.walk(statement)
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}


class _Reader:
    """Statements checked, known branches decided, calls of functions by their bare names."""

    def __init__(self, source: Source, known: dict[str, bool], renamed: dict[str, str]):
        self.source, self.known, self.renamed = source, known, renamed
        self.local = {*parameters(source), *targets(source.body)}
        self.result: ast.expr | None = None

    def constant(self, node: ast.Name) -> float:
        """The number that a name outside the rule stands for."""
        try:
            value = self.source.lookup(node.id)
        except KeyError:
            raise self.error(node, f"`{node.id}` is not defined") from None
        if isinstance(value, bool) or not isinstance(value, (int, float, np.floating, np.integer)):
            raise self.error(node, f"`{node.id}` is a {type(value).__name__}, and a rule captures numbers only")
        return float(value)

    def block(self, statements: list[ast.stmt]) -> list[ast.stmt]:
        return [made for statement in statements for made in self.statement(statement)]

    def statement(self, node: ast.stmt) -> Iterator[ast.stmt]:
        if self.result is not None:
            raise self.error(node, "a rule has one return, which is its last statement")
        match node:
            case ast.Expr(ast.Constant(str())) | ast.Pass():
                return
            case ast.Expr(ast.Call(ast.Name(name), [ast.Name(), *_] as args, [])) if name in WHOLES:
                yield ast.Expr(ast.Call(ast.Name(name, ast.Load()), [self.expression(arg) for arg in args], []))
            case ast.Assign([ast.Name(name)], value):
                yield assign(self.renamed.get(name, name), self.expression(value))
            case ast.Assign([ast.Tuple(names)], ast.Tuple(values)) if len(names) == len(values) and all(
                    isinstance(name, ast.Name) for name in names):
                yield from assigned_together([self.renamed.get(n.id, n.id) for n in names],
                                             [self.expression(value) for value in values])
            case ast.AnnAssign(ast.Name(name), _, value) if value is not None:
                yield assign(self.renamed.get(name, name), self.expression(value))
            case ast.AugAssign(ast.Name(name), op, value):
                yield assign(self.renamed.get(name, name), self.expression(
                    ast.copy_location(ast.BinOp(ast.Name(name, ast.Load()), op, value), node)))
            case ast.If(test, body, orelse):
                decided = self.decide(test)
                if decided is not None:
                    yield from self.block(body if decided else orelse)
                    return
                then, other = self.block(body), self.block(orelse)
                if self.result is not None:
                    raise self.error(node, "a rule returns at its end, not within `if`")
                yield ast.If(self.expression(test), then or [ast.Pass()], other)
            case ast.Return(value) if value is not None:
                self.result = ast.Tuple([self.expression(item) for item in value.elts], ast.Load()) \
                    if isinstance(value, ast.Tuple) else self.expression(value)
            case _:
                raise self.error(node, f"`{ast.unparse(node).splitlines()[0]}` is not in the language of rules")

    def decide(self, test: ast.expr) -> bool | None:
        """The value of a test of known hyper-parameters."""
        match test:
            case ast.Name(name) if name in self.known:
                return self.known[name]
            case ast.UnaryOp(ast.Not(), operand):
                decided = self.decide(operand)
                return None if decided is None else not decided
            case ast.BoolOp(op, values):
                decided = [self.decide(value) for value in values]
                if None in decided:
                    return None
                return all(decided) if isinstance(op, ast.And) else any(decided)
        return None

    def expression(self, node: ast.expr) -> ast.expr:
        match node:
            case ast.Name(name) if name in self.local:
                return ast.Name(self.renamed.get(name, name), ast.Load())
            case ast.Name(name):
                return ast.Constant(self.constant(node))
            case ast.Constant(bool() | int() | float()):
                return copy.copy(node)
            case ast.UnaryOp(ast.USub() | ast.UAdd() | ast.Not() as op, operand):
                return ast.UnaryOp(op, self.expression(operand))
            case ast.BinOp(left, ast.Add() | ast.Sub() | ast.Mult() | ast.Div() | ast.Pow() as op, right):
                return ast.BinOp(self.expression(left), op, self.expression(right))
            case ast.Compare(left, ops, comparators):
                return ast.Compare(self.expression(left), ops, [self.expression(item) for item in comparators])
            case ast.BoolOp(op, values):
                return ast.BoolOp(op, [self.expression(value) for value in values])
            case ast.IfExp(test, body, orelse):
                decided = self.decide(test)
                if decided is not None:
                    return self.expression(body if decided else orelse)
                return ast.IfExp(self.expression(test), self.expression(body), self.expression(orelse))
            case ast.Call(function, args, []):
                name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", None)
                name = {"maximum": "max", "minimum": "min", "absolute": "abs", "fabs": "abs"}.get(name, name)
                if name in FUNCTIONS and not any(isinstance(arg, ast.Starred) for arg in args):
                    return ast.Call(ast.Name(name, ast.Load()), [self.expression(arg) for arg in args], [])
        raise self.error(node, f"`{ast.unparse(node)}` is not in the language of rules")

    def error(self, node: ast.AST, message: str) -> UnsupportedError:
        hint = "assignments, if, arithmetic, comparisons and " + ", ".join(sorted(FUNCTIONS)) + " are"
        return UnsupportedError(message, self.source.span(node), hint)
