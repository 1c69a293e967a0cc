"""Adjoints of library routines: one function of `adtrans.library.factorisations` per routine, read as a program.

The function of a routine takes its arguments, its results and the adjoints of its floating-point results, and
returns the adjoints of its arguments that are arrays of such numbers.
"""

from __future__ import annotations

from dataclasses import replace

from adtrans import ir
from adtrans.ir import Array, Call, Check, Operand, Program, Scalar, Stmt
from adtrans.optimise.simplify import simplify
from adtrans.structure import ArraySpec, NumberSpec, Spec

_programs: dict = {}


def adjoint_of(statement: Call, wanted: tuple[int, ...]) -> Program:
    """The adjoint of a routine for the types of a call: the adjoints of the arguments at the places `wanted`."""
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
    from adtrans.lower.context import Options
    from adtrans.lower.program import lower

    fun = ADJOINTS[statement.op]
    names = fun.__code__.co_varnames[:fun.__code__.co_argcount]
    lowered = lower(fun, {name: spec(type) for name, type in zip(names, types)}, Options(boundscheck=False))
    arrays = [k for k, arg in enumerate(statement.args) if isinstance(arg.type, Array) and arg.type.is_float]
    results = tuple(lowered.program.results[arrays.index(k)] for k in wanted)
    program = replace(lowered.program, body=unchecked(lowered.program.body), results=results)
    return ir.verify(simplify(ir.verify(program)))


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
