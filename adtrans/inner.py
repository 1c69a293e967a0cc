"""Programs that others call, which know their derivatives: gradients, tangents and Hessian products of inner functions.

    s = np.sum(grad(f)(x) ** 2)       g = gradient(f)(x)        an `ir.Inner`, whose `function` is a `Gradient`
                                      s = sum(g[i] ** 2)

A call stays one statement until the program around it has been differentiated. Then `expand` puts the statements of its
program in its place. Reverse mode asks for `adjoint`, forward mode for `pushed`.

What reverse mode makes is never reversed itself. The Jacobian of a gradient is symmetric, so that its adjoint is its
tangent: (d/dx grad f)' w is the derivative of grad f along w, forward over reverse (Pearlmutter 1994, "Fast exact
multiplication by the Hessian"), and likewise at higher orders.
"""

from __future__ import annotations

import functools
from dataclasses import replace

from adtrans import ir
from adtrans.build import Builder, over_elements
from adtrans.differentiate import differentiate
from adtrans.errors import UnsupportedError
from adtrans.forward import push
from adtrans.ir import Alloc, Array, Const, Inner, Let, Operand, Prim, Program, Stmt, Var
from adtrans.optimise.simplify import simplify
from adtrans.reverse import add_nest
from adtrans.splice import spliced


class Function:
    """A program of its own. `symmetric` tells that its derivatives are those of what it computes, which rules that a
    user gives need not be. The last `hidden` results are for the adjoint alone; a `simple` program does without them.
    """

    symmetric = True
    hidden = 0

    def simple(self) -> Program:
        """The program of the results that are not hidden."""
        return self.program()

    def program(self) -> Program:
        """From arguments to results, each of which is made within and is nobody else's."""
        raise NotImplementedError

    def adjoint(self, wanted: tuple[int, ...]) -> Program:
        """From arguments, results and the adjoints of the floating-point results to the adjoints of the arguments at
        the places `wanted`."""
        raise NotImplementedError

    def pushed(self, moving: tuple[int, ...]) -> Program:
        """From arguments and the tangents of those at the places `moving` to the results and the tangents of the
        floating-point ones."""
        return self._pushed(moving)

    @functools.cache  # noqa: B019  (a function lives as long as the reading that it is of)
    def _pushed(self, moving: tuple[int, ...]) -> Program:
        program = self.program()
        dots = {program.params[k]: dot_of(program.params[k]) for k in moving}
        return closed(push(program, dots, floats(program.results)))


class Gradient(Function):
    """The gradient of the first result of `primal` by the parameters `inputs`, after its results if `with_value`, after
    those but the first if not."""

    def __init__(self, primal: Program, inputs: tuple[Var, ...], with_value: bool):
        self.primal, self.inputs, self.with_value = primal, inputs, with_value
        self.symmetric = is_symmetric(primal)
        self.value = primal.results[0]
        self.kept = primal.results if with_value else primal.results[1:]

    @functools.cached_property
    def made(self) -> Program:
        one = Const(1.0, self.value.type)
        return closed(differentiate(self.primal, self.inputs, seeds=[(self.value, one)], values=self.kept))

    def program(self) -> Program:
        return self.made

    @functools.cache  # noqa: B019
    def adjoint(self, wanted: tuple[int, ...]) -> Program:
        """The derivative of the gradient by the arguments wanted: along the adjoint of the gradient, and with the seed
        moving as the adjoint of the value says."""
        frame = Frame(self.made)
        inputs = tuple(self.primal.params[k] for k in wanted)
        require_symmetric(self, "gradient", self.inputs, inputs)
        seed = Var(self.value.type, "seed")
        full = unfold(differentiate(self.primal, inputs, seeds=[(self.value, seed)]))
        bars = dict(zip(floats(self.made.results), frame.bars))
        moving = {var: dot_of(var) for var in self.inputs}
        given = [bars[result] for result in self.made.results[len(self.kept):]]
        args: list[Operand] = [*frame.args, Const(1.0, self.value.type), *given]
        if self.with_value:
            moving[seed] = dot_of(seed)
            args.append(bars[self.made.results[0]])
        found = frame.splice(push(full, moving, full.results), args)[len(full.results):]
        extra = [(result, bars[made]) for result, made in zip(self.kept, self.made.results)
                 if result.type.is_float and not (self.with_value and made is self.made.results[0])]
        if extra:
            seeds = [(result, Var(bar.type, "seed")) for result, bar in extra]
            others = unfold(differentiate(self.primal, inputs, seeds=seeds))
            found = frame.sums(found, frame.splice(others, [*frame.args, *(bar for _, bar in extra)]))
        return frame.closed(found)


class Pushed(Function):
    """The results of `primal` and the tangents of the floating-point ones, from its parameters and the tangents of
    `inputs`."""

    def __init__(self, primal: Program, inputs: tuple[Var, ...]):
        self.primal, self.inputs = primal, inputs
        self.symmetric = is_symmetric(primal)

    @functools.cached_property
    def made(self) -> Program:
        dots = {var: dot_of(var) for var in self.inputs}
        return closed(push(self.primal, dots, floats(self.primal.results)))

    def program(self) -> Program:
        return self.made

    @functools.cache  # noqa: B019
    def adjoint(self, wanted: tuple[int, ...]) -> Program:
        """The pullback of the adjoints of the tangents, for the tangents; for the arguments its derivative along the
        tangents, with the seeds moving as the adjoints of the results say."""
        require_symmetric(self, "tangent", self.inputs, ())
        frame = Frame(self.made)
        count = len(self.primal.params)
        params = [self.primal.params[k] if k < count else self.inputs[k - count] for k in wanted]
        inputs = tuple(dict.fromkeys(params))
        results = floats(self.primal.results)
        seeds = [(result, Var(dot_of(result).type, "seed")) for result in results]
        full = unfold(differentiate(self.primal, inputs, seeds=seeds))
        moving = {var: dot_of(var) for var in (*self.inputs, *(seed for _, seed in seeds))}
        out_bars, dot_bars = frame.bars[:len(results)], frame.bars[len(results):]
        found = frame.splice(push(full, moving, full.results), [*frame.args[:count], *dot_bars, *frame.args[count:],
                                                                *out_bars])
        first, second = dict(zip(inputs, found)), dict(zip(inputs, found[len(inputs):]))
        return frame.closed([(second if k < count else first)[param] for k, param in zip(wanted, params)])


class Second(Function):
    """The Hessian of the result of `primal` by `inputs` times a vector, from its parameters and the vector."""

    def __init__(self, primal: Program, inputs: tuple[Var, ...]):
        self.primal, self.inputs = primal, inputs
        self.symmetric = is_symmetric(primal)

    def along(self, inputs: tuple[Var, ...]) -> Program:
        """The gradient by `inputs`, then its derivative along a vector."""
        one = Const(1.0, self.primal.results[0].type)
        first = unfold(differentiate(self.primal, inputs, seeds=[(self.primal.results[0], one)]))
        return push(first, {var: dot_of(var) for var in self.inputs}, first.results)

    @functools.cached_property
    def made(self) -> Program:
        found = self.along(self.inputs)
        return closed(replace(found, results=found.results[len(self.inputs):]))

    def program(self) -> Program:
        return self.made

    @functools.cache  # noqa: B019
    def adjoint(self, wanted: tuple[int, ...]) -> Program:
        """For the vector the Hessian times the adjoint, for the arguments the third derivative along both."""
        require_symmetric(self, "Hessian product", self.inputs, ())
        frame = Frame(self.made)
        count = len(self.primal.params)
        params = [self.primal.params[k] if k < count else self.inputs[k - count] for k in wanted]
        inputs = tuple(dict.fromkeys(params))
        one = self.along(inputs)
        two = push(one, {var: dot_of(var) for var in self.inputs}, one.results)
        found = frame.splice(two, [*frame.args, *frame.bars])
        n = len(inputs)
        hessian, third = dict(zip(inputs, found[2 * n:3 * n])), dict(zip(inputs, found[3 * n:]))
        return frame.closed([(third if k < count else hessian)[param] for k, param in zip(wanted, params)])


class Frame:
    """The parameters of an adjoint, and a place to write it."""

    def __init__(self, program: Program):
        self.args = [Var(param.type, param.name, param.user) for param in program.params]
        self.vars = [Var(result.type) for result in program.results]
        self.bars = [Var(dot_of(result).type, "bar") for result in floats(program.results)]
        self.name, self.build = program.name, Builder(relaxed=True)

    def splice(self, program: Program, args: list[Operand]) -> list[Operand]:
        """The results of a program for these arguments, its statements written here."""
        made = closed(program)
        body, results = spliced(made, tuple(args), None, {})
        for statement in body:
            self.build.emit(statement)
        return results

    def sums(self, left: list[Operand], right: list[Operand]) -> list[Operand]:
        made: list[Operand] = []
        for one, other in zip(left, right):
            if isinstance(one.type, Array):
                add_nest(self.build, one, other)
            made.append(one if isinstance(one.type, Array) else self.build.prim("add", one, other))
        return made

    def closed(self, results: list[Operand]) -> Program:
        return closed(Program(self.name, (*self.args, *self.vars, *self.bars), tuple(self.build.here.body),
                              tuple(results)))


# --- programs in place of calls --------------------------------------------------------------------------


def expand(program: Program) -> Program:
    """The program with the statements of inner programs in place of the calls of these."""
    while any(isinstance(statement, Inner) for statement in ir.walk(program.body)):
        program = ir.verify(replace(program, body=replaced(program.body, reversed_calls(program), everything=True)))
    return program


def unfold(program: Program) -> Program:
    """The program with the statements of inner programs in place of the calls that its reverse sweep has reversed."""
    found = reversed_calls(program)
    return ir.verify(replace(program, body=replaced(program.body, found))) if found else program


def reversed_calls(program: Program) -> frozenset[Var]:
    """The first results of the calls that a reverse sweep has reversed."""
    return program.facts.get("reversed", frozenset())


def replaced(body: tuple[Stmt, ...], known: frozenset[Var], everything: bool = False) -> tuple[Stmt, ...]:
    """Statements with inner programs in place of the calls that are reversed, or of all."""
    made: list[Stmt] = []
    for statement in body:
        match statement:
            case Inner(vars=vars, args=args, function=function) if everything or vars[0] in known:
                inner = function.program() if vars[0] in known else function.simple()
                made += spliced(inner, args, statement.span, dict(zip(inner.results, vars)))[0]
            case ir.For(body=within):
                made.append(replace(statement, body=replaced(within, known, everything)))
            case ir.While(head=head, body=within):
                made.append(replace(statement, head=replaced(head, known, everything),
                                    body=replaced(within, known, everything)))
            case ir.If(then=then, orelse=orelse):
                made.append(replace(statement, then=replaced(then, known, everything),
                                    orelse=replaced(orelse, known, everything)))
            case _:
                made.append(statement)
    return tuple(made)


def closed(program: Program) -> Program:
    """A program to be called: it changes nothing of the caller's, and makes each of its results itself."""
    program = ir.verify(simplify(ir.verify(unfold(program))))
    build = Builder()
    copies = {param: Var(param.type, param.name, param.user) for param in program.params if param in program.mutable}
    for param, given in copies.items():
        shape = tuple(build.dim(given, axis) for axis in range(param.type.rank))
        build.emit(Alloc(param, shape, "empty"))
        over_elements(build, param, lambda index, to=param, of=given: build.store(to, index, build.load(of, index)))
    params = tuple(copies.get(param, param) for param in program.params)
    own = {var for statement in program.body for var in ir.defined(statement)} - set(copies)
    made = {var for statement in ir.walk(program.body) if isinstance(statement, (Alloc, ir.Call))
            for var in ir.defined(statement)}
    after, results = Builder(), []
    for result in program.results:
        free = result in own and (result in made or not isinstance(result.type, Array)) and result not in results
        results.append(result if free else copied(after, result))
    body = (*build.here.body, *program.body, *after.here.body)
    return ir.verify(replace(program, params=params, body=body, results=tuple(results), mutable=frozenset()))


def copied(build: Builder, value: Operand) -> Var:
    """A variable of its own with the same value."""
    if not isinstance(value.type, Array):
        made = Var(value.type, getattr(value, "name", None))
        build.emit(Let(made, Prim("cast", (value,))))
        return made
    shape = tuple(build.dim(value, axis) for axis in range(value.type.rank))
    made = build.alloc(value.type.dtype, shape, "empty", value.name)
    over_elements(build, made, lambda index: build.store(made, index, build.load(value, index)))
    return made


def dot_of(operand: Operand) -> Var:
    """A parameter for a tangent or adjoint."""
    kind = replace(operand.type, layout="C") if isinstance(operand.type, Array) else operand.type
    name = getattr(operand, "name", None)
    return Var(kind, f"{name}_dot" if name else None)


def floats(results: tuple[Operand, ...]) -> tuple[Operand, ...]:
    return tuple(result for result in results if result.type.is_float)


def is_symmetric(program: Program) -> bool:
    """Whether all inner programs have derivatives of their own making."""
    return all(statement.function.symmetric for statement in ir.walk(program.body) if isinstance(statement, Inner))


def require_symmetric(function: Function, what: str, inputs: tuple[Var, ...], wanted: tuple[Var, ...]) -> None:
    """The derivative of one number by itself is symmetric whatever the rules."""
    one = len(inputs) == 1 and wanted == inputs and not isinstance(inputs[0].type, Array)
    if not (function.symmetric or one):
        raise UnsupportedError(f"the {what} of a function with a rule of its own cannot be differentiated in reverse "
                               "mode", hint="use forward mode: jvp, hvp or hessian")


__all__ = ["Function", "Gradient", "Pushed", "Second", "closed", "expand", "unfold"]
