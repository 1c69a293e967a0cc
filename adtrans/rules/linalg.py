"""Adjoints and tangents of library routines: one function for each, read as a program.

The function of `adtrans.library.factorisations` for a routine takes its arguments, its results and the adjoints of its
floating-point results, and returns the adjoints of its arguments that are arrays of such numbers. That of
`adtrans.library.tangents` takes the tangents of these arguments and returns those of the results.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from adtrans import ir
from adtrans.ir import Array, Call, Check, Inner, Operand, Program, Scalar, Stmt
from adtrans.optimise.simplify import simplify
from adtrans.structure import ArraySpec, NumberSpec, Spec

_programs: dict = {}


def adjoint_of(statement: Call, wanted: tuple[int, ...]) -> Program:
    """The adjoint of a routine for the types of a call: the adjoints of the arguments at the places `wanted`."""
    if isinstance(statement, Inner):
        return statement.function.adjoint(wanted)
    floats = [var.type for var in statement.vars if var.type.is_float]
    bars = [replace(type, layout="C") if isinstance(type, Array) else type for type in floats]
    types = (*(arg.type for arg in statement.args), *(var.type for var in statement.vars), *bars)
    key = (statement.op, types, wanted)
    if key not in _programs:
        _programs[key] = read(statement, types, wanted)
    return _programs[key]


def read(statement: Call, types: tuple, wanted: tuple[int, ...]) -> Program:
    """The program of the adjoint function; its arguments are known to fit, so nothing is checked."""
    from adtrans.library.factorisations import ADJOINTS

    lowered = lowered_for(ADJOINTS[statement.op], types)
    arrays = [k for k, arg in enumerate(statement.args) if isinstance(arg.type, Array) and arg.type.is_float]
    return simplified(lowered, tuple(lowered.results[arrays.index(k)] for k in wanted))


def tangent_of(statement: Call) -> Program:
    """The tangents of the floating-point results of a routine for the types of a call."""
    from adtrans.library.tangents import TANGENTS

    dots = [replace(arg.type, layout="C") for arg in statement.args
            if isinstance(arg.type, Array) and arg.type.is_float]
    types = (*(arg.type for arg in statement.args), *(var.type for var in statement.vars), *dots)
    key = (statement.op, types, "tangent")
    if key not in _programs:
        lowered = lowered_for(TANGENTS[statement.op], types)
        _programs[key] = simplified(lowered, lowered.results)
    return _programs[key]


def lowered_for(fun: Callable, types: tuple) -> Program:
    """A function of the library for arguments of these types."""
    from adtrans.lower.context import Options
    from adtrans.lower.program import lower

    names = fun.__code__.co_varnames[:fun.__code__.co_argcount]
    return lower(fun, {name: spec(type) for name, type in zip(names, types)}, Options(boundscheck=False)).program


def simplified(program: Program, results: tuple[Operand, ...]) -> Program:
    """Without what these results do not need."""
    return ir.verify(simplify(ir.verify(replace(program, body=unchecked(program.body), results=results))))


def read_by(program: Program) -> set[Operand]:
    """The operands that a program reads."""
    return {operand for statement in ir.walk(program.body)
            for operand in (*ir.operands(statement), *ir.inner_operands(statement))} | set(program.results)


def spec(type: Scalar | Array) -> Spec:
    return ArraySpec(type.dtype, type.rank, type.layout) if isinstance(type, Array) else NumberSpec(type.code, False)


def unchecked(body: tuple[Stmt, ...]) -> tuple[Stmt, ...]:
    """Without checks."""
    return tuple(without_checks(item) for item in body if not isinstance(item, Check))


def without_checks(item: Stmt) -> Stmt:
    match item:
        case ir.For():
            return replace(item, body=unchecked(item.body))
        case ir.While():
            return replace(item, head=unchecked(item.head), body=unchecked(item.body))
        case ir.If():
            return replace(item, then=unchecked(item.then), orelse=unchecked(item.orelse))
    return item
