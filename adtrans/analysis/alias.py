"""Which array references may share memory.

`memory_classes` groups references that may ever point to the same memory (flow-insensitively): views with their
base, carried and merged references with what they are made from. Different classes never overlap: parameters are
apart from each other (the caller has seen to it) and every allocation is new.
"""

from __future__ import annotations

from adtrans.ir import Alloc, Array, For, If, Let, ListOf, Pop, Program, Push, Reshape, Strided, Var, View, While, walk


class Classes(dict):
    """A union-find: `classes[array]` is the representative of its class."""

    def __missing__(self, var: Var) -> Var:
        return var

    def __getitem__(self, var: Var) -> Var:
        root = var
        while (parent := dict.get(self, root, root)) is not root:
            root = parent
        while dict.get(self, var, var) is not root:
            following = dict.get(self, var, var)
            dict.__setitem__(self, var, root)
            var = following
        return root

    def union(self, a: Var, b: Var) -> None:
        a, b = self[a], self[b]
        if a is not b:
            dict.__setitem__(self, a, b)


def memory_classes(program: Program) -> Classes:
    """The classes of all array references (and stacks of them) of a program."""
    classes = Classes()
    for statement in walk(program.body):
        match statement:
            case View(var, base) | Reshape(var, base) | Strided(var, base):
                classes.union(var, base)
            case For(carries=carries) | While(carries=carries):
                for carry in carries:
                    if isinstance(carry.inside.type, Array):
                        for other in (carry.init, carry.next, carry.after):
                            classes.union(carry.inside, other)
            case If(merges=merges):
                for merge in merges:
                    if isinstance(merge.after.type, Array):
                        classes.union(merge.after, merge.then)
                        classes.union(merge.after, merge.orelse)
            case Push(stack, value) if isinstance(stack.type, ListOf) and isinstance(value.type, Array):
                classes.union(stack, value)
            case Let(var, Pop(stack)) if isinstance(var.type, Array):
                classes.union(stack, var)
    return classes


def exchanged(program: Program) -> dict[Var, tuple]:
    """References that a loop does nothing with but exchange them: to what each belongs, at one time.

    Two different ones of the same group never refer to the same array: they start as different arrays.
    """
    apart: dict[Var, tuple] = {var: ("start", var) for var in program.params if isinstance(var.type, Array)}
    for statement in walk(program.body):
        match statement:
            case Alloc(var):
                apart[var] = "start", var
            case For(carries=carries) | While(carries=carries):
                arrays = [carry for carry in carries if isinstance(carry.inside.type, Array)]
                starts = [carry.init for carry in arrays]
                groups = {apart[start][0] for start in starts if start in apart}
                if len(arrays) > 1 and permutes(statement) and all(start in apart for start in starts) \
                        and len(set(starts)) == len(starts) and len(groups) == 1:
                    apart.update({carry.inside: (("inside", id(statement)), carry.inside) for carry in arrays})
                    apart.update({carry.after: (("after", id(statement)), carry.after) for carry in arrays})
    return apart


def permutes(loop: For | While) -> bool:
    """Whether the array references that an iteration hands on are those that it was given, in some order, loops within
    that do the same included."""
    arrays = [carry for carry in loop.carries if isinstance(carry.inside.type, Array)]
    given, handed = {carry.inside for carry in arrays}, {carry.next for carry in arrays}
    for statement in reversed(loop.body):
        if handed == given or len(handed) < len(arrays):
            break
        if isinstance(statement, For):
            inner = {carry.after: carry.init for carry in statement.carries if isinstance(carry.inside.type, Array)}
            if handed == inner.keys() and permutes(statement):
                handed = set(inner.values())
    return handed == given and len(handed) == len(arrays)


def apart(classes: Classes, exchanged: dict[Var, tuple], one: Var, other: Var) -> bool:
    """Whether two references never are to the same memory, by `memory_classes` and `exchanged` of their program."""
    if classes[one] is not classes[other]:
        return True
    here, there = exchanged.get(one), exchanged.get(other)
    return here is not None and there is not None and here[0] == there[0] and one is not other
