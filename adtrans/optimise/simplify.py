"""Dead code goes, values carried or merged without change are replaced by what they are, and what has been checked
once is not checked again.

    s = 0.0; t = x * 2; return s          ->      return 0.0
"""

from __future__ import annotations

from dataclasses import replace

from adtrans import ir
from adtrans.analysis.alias import memory_classes
from adtrans.ir import (
    Accumulate,
    Alloc,
    Call,
    Check,
    Dim,
    For,
    If,
    Let,
    Load,
    NewList,
    Operand,
    Pop,
    Prim,
    Print,
    Program,
    Push,
    Reshape,
    Slice,
    Stmt,
    Store,
    Strided,
    Var,
    View,
    While,
)


def simplify(program: Program) -> Program:
    """Propagate unchanged values, then remove what has no effect, until nothing changes."""
    while True:
        before = ir.size(program)
        program = eliminate_dead(propagate(program))
        if ir.size(program) == before:
            return program


# --- substitution ----------------------------------------------------------------------------------------


def substitute(node, change):
    """A statement or expression with its directly read operands replaced (regions are left alone)."""
    def each(items):
        return tuple(change(item) for item in items)

    match node:
        case Prim(op, args):
            return Prim(op, each(args))
        case Load(array, index):
            return Load(change(array), each(index))
        case Dim(array, axis):
            return Dim(change(array), axis)
        case Pop(stack):
            return Pop(change(stack))
        case Let(var, expr, span):
            return Let(var, substitute(expr, change), span)
        case Store(array, index, value, span):
            return Store(change(array), each(index), change(value), span)
        case Accumulate(array, index, value, span):
            return Accumulate(change(array), each(index), change(value), span)
        case Alloc():
            return replace(node, shape=each(node.shape))
        case View():
            items = tuple(item if item is None else
                          Slice(*(part if part is None else change(part)
                                  for part in (item.start, item.stop, item.step)))
                          if isinstance(item, Slice) else change(item) for item in node.subscript)
            return replace(node, base=change(node.base), subscript=items)
        case Reshape():
            return replace(node, base=change(node.base), shape=each(node.shape))
        case Strided():
            return replace(node, base=change(node.base))
        case Call():
            return replace(node, args=each(node.args))
        case NewList():
            return node
        case Push(stack, value, span):
            return Push(change(stack), change(value), span)
        case For():
            carries = tuple(replace(carry, init=change(carry.init)) for carry in node.carries)
            return replace(node, start=change(node.start), stop=change(node.stop), step=change(node.step),
                           carries=carries)
        case While():
            return replace(node, carries=tuple(replace(carry, init=change(carry.init)) for carry in node.carries))
        case If():
            return replace(node, test=change(node.test))
        case Check():
            return replace(node, test=change(node.test), values=each(node.values))
        case Print():
            return replace(node, items=tuple(item if isinstance(item, str) else change(item)
                                             for item in node.items))
    raise ir.MalformedProgram(f"not a node: {node!r}")


def propagate(program: Program, names: dict[Var, Operand] | None = None) -> Program:
    """Replace variables by `names`, merges of equal values and carries that never change.

    Checks of what an earlier check has settled are dropped, and integers that have been checked to be equal are one.
    """
    known: dict[Var, Operand] = dict(names or {})
    holding: list[dict[Operand, Operand]] = []
    comparisons: dict[Var, tuple[Operand, Operand]] = {}
    derived: set[Operand] = set()

    def change(operand: Operand) -> Operand:
        while isinstance(operand, Var):
            found = known.get(operand) or next((facts[operand] for facts in holding if operand in facts), None)
            if found is None:
                break
            operand = found
        return operand

    def settle(test: Var) -> None:
        """From here to the end of the statement list a test is true."""
        holding[-1][test] = ir.Const(True, ir.BOOL)
        left, right = map(change, comparisons.get(test, (test, test)))
        if left != right:
            kept, dropped = (right, left) if isinstance(right, ir.Const) or left in derived else (left, right)
            holding[-1][dropped] = kept

    def block(body) -> tuple[Stmt, ...]:
        done: list[Stmt] = []
        holding.append({})
        for statement in body:
            statement = substitute(statement, change)
            if isinstance(statement, Let) and isinstance(statement.expr, Prim):
                derived.add(statement.var)
            match statement:
                case Check(ir.Const(True)):
                    continue
                case Check(Var() as test):
                    settle(test)
                    done.append(statement)
                case Let(var, Prim("eq", (left, right))) if left.type == right.type == ir.INT:
                    comparisons[var] = left, right
                    done.append(statement)
                case For(carries=carries) | While(carries=carries):
                    kept = []
                    for carry in carries:
                        if carry.next is carry.inside:
                            known[carry.inside] = known[carry.after] = carry.init
                        else:
                            kept.append(carry)
                    done.append(loop(statement, tuple(kept)))
                case If():
                    done += branch(statement)
                case _:
                    done.append(statement)
        holding.pop()
        return tuple(done)

    def loop(statement, carries):
        if isinstance(statement, While):
            head = block(statement.head)
            statement = replace(statement, head=head, test=change(statement.test))
        body = block(statement.body)
        carries = tuple(replace(carry, next=change(carry.next)) for carry in carries)
        if isinstance(statement, For) and statement.leave is not None:
            statement = replace(statement, leave=change(statement.leave))
        return replace(statement, carries=carries, body=body)

    def branch(statement: If) -> list[Stmt]:
        then, orelse = block(statement.then), block(statement.orelse)
        merges = []
        for merge in statement.merges:
            merge = replace(merge, then=change(merge.then), orelse=change(merge.orelse))
            if merge.then is merge.orelse or (merge.then == merge.orelse and not isinstance(merge.then, Var)):
                known[merge.after] = merge.then
            else:
                merges.append(merge)
        if isinstance(statement.test, ir.Const):
            for merge in merges:
                known[merge.after] = merge.then if statement.test.value else merge.orelse
            return list(then if statement.test.value else orelse)
        return [replace(statement, then=then, orelse=orelse, merges=tuple(merges))]

    body = block(program.body)
    return replace(program, body=body, results=tuple(change(result) for result in program.results))


# --- dead code -------------------------------------------------------------------------------------------


class Liveness:
    """What is needed: variables, and the contents of memory classes.

    A variable needs what its definition reads, an element of memory whatever may have been written there, and every
    statement that runs the loops and branches around it.
    """

    def __init__(self, program: Program):
        self.program = program
        self.classes = memory_classes(program)
        self.vars: set[Var] = set()
        self.contents: set = set()
        self.running: set[int] = set()
        self.around: dict[int, Stmt | None] = {}
        self.definitions: dict[Var, list[Stmt]] = {}
        self.carried: dict[Var, tuple[Operand, ...]] = {}
        self.writes: dict[Var, list[Stmt]] = {}
        self.pending: list[Stmt] = []
        self.collect(program.body, None)

    def collect(self, body, owner: Stmt | None) -> None:
        """Note where everything is defined, written and run."""
        for statement in body:
            self.around[id(statement)] = owner
            for var in ir.defined(statement):
                self.definitions.setdefault(var, []).append(statement)
            match statement:
                case Store(array) | Accumulate(array):
                    self.writes.setdefault(self.classes[array], []).append(statement)
                case Push(stack) | Let(_, Pop(stack)):
                    self.definitions.setdefault(stack, []).append(statement)
                case Check() | Print():
                    self.pending.append(statement)
                case For(carries=carries) | While(carries=carries):
                    for carry in carries:
                        self.carried[carry.inside] = self.carried[carry.after] = carry.init, carry.next
                        self.definitions.setdefault(carry.inside, []).append(statement)
                    if isinstance(statement, For):
                        self.definitions.setdefault(statement.counter, []).append(statement)
                case If(merges=merges):
                    for merge in merges:
                        self.carried[merge.after] = merge.then, merge.orelse
            for region in ir.regions(statement):
                self.collect(region, statement)

    def need(self, operand: Operand | None) -> None:
        if isinstance(operand, Var) and operand not in self.vars:
            self.vars.add(operand)
            self.pending += self.definitions.get(operand, ())
            for other in self.carried.get(operand, ()):
                self.need(other)

    def need_contents(self, array: Var) -> None:
        group = self.classes[array]
        if group not in self.contents:
            self.contents.add(group)
            self.pending += self.writes.get(group, ())

    def settle(self) -> None:
        for array in self.program.facts.get("outputs", ()):
            self.need_contents(array)
        for result in self.program.results:
            self.need(result)
            if isinstance(result, Var) and isinstance(result.type, ir.Array):
                self.need_contents(result)
        while self.pending:
            statement: Stmt | None = self.pending.pop()
            while statement is not None and id(statement) not in self.running:
                self.running.add(id(statement))
                self.visit(statement)
                statement = self.around[id(statement)]

    def live(self, statement: Stmt) -> bool:
        return id(statement) in self.running

    def visit(self, statement: Stmt) -> None:
        """Need what a statement reads to run; values carried or merged are needed for themselves."""
        match statement:
            case For(leave=leave):
                for operand in (statement.start, statement.stop, statement.step, leave,
                                getattr(statement, "failed", None)):
                    self.need(operand)
            case While(test=test) | If(test=test):
                self.need(test)
            case _:
                for operand in ir.operands(statement):
                    self.need(operand)
                match statement:
                    case Let(_, Load(array)):
                        self.need_contents(array)
                    case Push(_, value) if isinstance(value.type, ir.Array):
                        self.need_contents(value)
                    case Call(_, _, args):
                        for arg in args:
                            if isinstance(arg.type, ir.Array):
                                self.need_contents(arg)


def eliminate_dead(program: Program) -> Program:
    """Without statements that nothing depends on. Checks and prints stay."""
    liveness = Liveness(program)
    liveness.settle()
    needed = liveness.vars

    def block(body) -> tuple[Stmt, ...]:
        return tuple(trimmed(statement) for statement in body if liveness.live(statement))

    def trimmed(statement: Stmt) -> Stmt:
        match statement:
            case For(carries=carries, body=body):
                return replace(statement, carries=kept(carries), body=block(body))
            case While(carries=carries, head=head, body=body):
                return replace(statement, carries=kept(carries), head=block(head), body=block(body))
            case If(then=then, orelse=orelse, merges=merges):
                return replace(statement, then=block(then), orelse=block(orelse),
                               merges=tuple(merge for merge in merges if merge.after in needed))
        return statement

    def kept(carries):
        return tuple(carry for carry in carries if carry.inside in needed or carry.after in needed)

    return replace(program, body=block(program.body))
