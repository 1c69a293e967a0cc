"""Sums of products over labelled axes: einsum, tensordot and the products that can be written with them.

    np.einsum("ij,jk->ik", a, b)

is a product of matrices (see `dense`); what is none becomes one nest over the labels of the result around loops over
the others. `...` stands for leading labels of their own.
"""

from __future__ import annotations

import numpy as np

from adtrans.build import FALSE
from adtrans.ir import INT, Const, Operand, Scalar
from adtrans.lower import dense, nests, views
from adtrans.lower.containers import items_of
from adtrans.lower.requests import as_view, axis_argument, into, output
from adtrans.lower.scalars import as_type, promote, static_int
from adtrans.lower.values import NONE, Num, Py, Value, View

Labels = tuple


def contraction(low, operands: list[View], labels: list[Labels], result: Labels, code: str | None = None) -> Num | View:
    """The sum, over the labels that `result` lacks, of the products of the operands' elements."""
    if code is None:
        found = by_matrices(low, operands, labels, result)
        if found is not None:
            return found
        code = code_of(operands)
    extents = extents_of(low, operands, labels)
    order = list(result) + [label for label in extents if label not in result]
    inner = order[len(result):]
    wide = "f8" if code == "f4" and inner and (not result or len(operands) == 1) else code

    def term(at: dict) -> Operand:
        found: Operand | None = None
        for value, names in zip(operands, labels):
            index = tuple(views.chosen(low, at[name], low.repeats(extent, extents[name]))
                          for name, extent in zip(names, value.shape))
            factor = as_type(low, nests.element(low, value, index), code).operand
            found = factor if found is None else low.build.prim("mul", found, factor)
        return found

    def entry(outer) -> Operand:
        at = dict(zip(result, outer))
        if not inner:
            return term(at)
        init = Const(0.0, Scalar(wide)) if wide[0] == "f" else Const(0, INT)

        def step(index, state):
            here = low.build.cast(term({**at, **dict(zip(inner, index))}), Scalar(wide))
            return [low.build.prim("add", state[0], here)]

        total = nests.fold(low, tuple(extents[name] for name in inner), [(init, "total")], step, len(outer))[0]
        return low.build.cast(total, Scalar(code))

    if not result:
        return Num(entry(()))
    shape = tuple(extents[name] for name in result)
    out = views.whole(low, low.fresh(low.build.alloc(code, shape, "empty")))
    nests.nest(low, shape, lambda index: views.store(low, out, index, entry(index)))
    return out


def code_of(operands: list[View]) -> str:
    """The dtype of a sum of products."""
    code, _ = promote(*((value.code, False) for value in operands))
    return "i8" if code == "b1" else code


def by_matrices(low, operands: list[View], labels: list[Labels], result: Labels) -> View | None:
    """The contraction of two operands as products of matrices, where it is one: the labels that both and the result
    have lead, the others of the result are rows or columns, and what both have besides is summed over."""
    if len(operands) != 2 or any(len(set(names)) < len(names) for names in labels):
        return None
    extents, code = extents_of(low, operands, labels), code_of(operands)
    both = [name for name in labels[0] if name in labels[1]]
    lead, summed = [name for name in result if name in both], [name for name in both if name not in result]
    parts = [[name for name in result if name in names and name not in both] for names in labels]
    if not summed or not all(parts) or any(len(names) != len(part) + len(both) for names, part in zip(labels, parts)):
        return None
    if any(low.repeats(extent, extents[name]) != FALSE for value, names in zip(operands, labels)
           for name, extent in zip(names, value.shape)):
        return None
    if not dense.pays(low, code, *(extents[part[0]] if len(part) == 1 else None for part in (*parts, summed))):
        return None
    if result[len(lead)] not in parts[0]:
        operands, labels, parts = operands[::-1], labels[::-1], parts[::-1]
    left = arranged(low, operands[0], labels[0], (*([name] for name in lead), parts[0], summed))
    right = arranged(low, operands[1], labels[1], (*([name] for name in lead), summed, parts[1]))
    order = [*lead, *parts[0], *parts[1]]
    made = dense.stack(low, left, right, code)
    if made.rank < len(order):
        made = dense.spread(low, made, tuple(extents[name] for name in order))
    if order == list(result):
        return made
    return nests.materialise(low, views.transpose(made, tuple(order.index(name) for name in result)))


def arranged(low, value: View, names: Labels, groups: tuple[list, ...]) -> View:
    """One axis for each group of labels."""
    turned = views.transpose(value, tuple(names.index(name) for group in groups for name in group))
    return dense.gathered(low, turned, tuple(map(len, groups)))


def extents_of(low, operands: list[View], labels: list[Labels]) -> dict:
    """The extent of each label, which all axes of that label have (or 1)."""
    found: dict = {}
    for value, names in zip(operands, labels):
        for name, extent in zip(names, value.shape):
            found.setdefault(name, []).append(extent)
    shapes = [value.shape for value in operands]
    return {name: nests.common_extent(low, extents, shapes) for name, extents in found.items()}


# --- np.einsum -------------------------------------------------------------------------------------------


def einsum(low, args, keywords) -> Value:
    """np.einsum; with `optimize=` the operands are contracted two at a time from the left."""
    for key in keywords:
        if key not in ("out", "optimize", "dtype", "order", "casting"):
            raise low.error(f"einsum() got an unexpected keyword argument {key!r}", kind="type")
    if any(keywords.get(key, NONE) != NONE for key in ("dtype", "order", "casting")):
        raise low.error("einsum() with dtype=, order= or casting= is not in the language")
    operands, labels, result = parsed(low, args)
    if any(value.code == "b1" for value in operands):
        raise low.error("einsum() of booleans is not in the language", hint="use .astype(int)")
    optimize = keywords.get("optimize", NONE)
    off = optimize == NONE or isinstance(optimize, Num) and optimize.operand == Const(False, optimize.type)
    while not off and len(operands) > 2:
        kept = tuple(dict.fromkeys(name for name in (*labels[0], *labels[1])
                                   if name in result or any(name in names for names in labels[2:])))
        first = contraction(low, operands[:2], labels[:2], kept)
        operands = [as_view(low, first), *operands[2:]]
        labels = [kept, *labels[2:]]
    found = shared(low, operands, labels, result) or contraction(low, operands, labels, result)
    out = output(low, keywords.get("out", NONE))
    return found if out == NONE else into(low, "einsum", out, found)


def shared(low, operands: list[View], labels: list[Labels], result: Labels) -> View | None:
    """Of one operand with nothing summed NumPy gives a view."""
    if len(operands) != 1 or set(labels[0]) != set(result):
        return None
    if len(labels[0]) == len(result):
        return views.transpose(operands[0], tuple(labels[0].index(name) for name in result))
    made = contraction(low, operands, labels, result)
    low.sever(operands[0].base, made.base, "is a diagonal of another")
    return made


def parsed(low, args) -> tuple[list[View], list[Labels], Labels]:
    """Operands, their labels and those of the result."""
    if args and isinstance(args[0], Py) and isinstance(args[0].value, str):
        text = args[0].value.replace(" ", "")
        operands = [nests.concrete(low, as_view(low, arg)) for arg in args[1:]]
        left, arrow, right = text.partition("->")
        terms = [term_of(low, part) for part in left.split(",")]
        wanted = term_of(low, right) if arrow else None
    else:
        operands = [nests.concrete(low, as_view(low, arg)) for arg in args[:len(args) // 2 * 2:2]]
        terms = [listed(low, arg) for arg in args[1::2]]
        wanted = listed(low, args[-1]) if len(args) % 2 else None
    if not operands:
        raise low.error("must specify the einstein sum subscripts string and at least one operand", kind="value")
    if len(terms) != len(operands):
        raise low.error("number of einsum subscripts must be equal to the number of operands", kind="value")
    labels = [spread(low, term, value.rank) for term, value in zip(terms, operands)]
    used = [name for names in labels for name in names]
    dots = sorted((name for name in set(used) if isinstance(name, tuple)), key=lambda name: name[1], reverse=True)
    if wanted is None:
        plain = sorted(name for name in set(used) if not isinstance(name, tuple) and used.count(name) == 1)
        return operands, labels, (*dots, *plain)
    result: list = []
    for name in wanted:
        result += dots if name is Ellipsis else [name]
    if len(set(result)) != len(result):
        raise low.error("einstein sum subscripts string includes output subscript multiple times", kind="value")
    for name in result:
        if name not in used:
            raise low.error(f"einstein sum subscripts string included output subscript {name!r} which never appeared "
                            "in an input", kind="value")
    if Ellipsis not in wanted and dots:
        raise low.error("output has no ellipsis although broadcast dimensions remain", kind="value")
    return operands, labels, tuple(result)


def term_of(low, text: str) -> list:
    """The labels of one operand as letters and Ellipsis."""
    pieces = text.split("...")
    if len(pieces) > 2:
        raise low.error("einstein sum subscripts string contains more than one ellipsis", kind="value")
    for letter in "".join(pieces):
        if not letter.isalpha():
            raise low.error(f"invalid subscript {letter!r} in einstein sum subscripts string, subscripts must be "
                            "letters", kind="value")
    return list(pieces[0]) + ([Ellipsis, *pieces[1]] if len(pieces) == 2 else [])


def listed(low, value: Value) -> list:
    """Labels given as a list of integers."""
    found: list = []
    for item in items_of(low, value) or ():
        number = static_int(item)
        if number is None and item != Py(Ellipsis):
            raise low.error("each subscript must be either an integer or an ellipsis", kind="type")
        found.append(Ellipsis if number is None else number)
    return found


def spread(low, term: list, rank: int) -> Labels:
    """The ellipsis as labels ("...", distance from the last of them)."""
    extra = rank - (len(term) - term.count(Ellipsis))
    if extra < 0:
        raise low.error("einstein sum subscripts string contains too many subscripts for operand", kind="value")
    if Ellipsis not in term:
        if extra:
            raise low.error("operand has more dimensions than subscripts given in einstein sum, but no '...' ellipsis "
                            "provided to broadcast the extra dimensions.", kind="value")
        return tuple(term)
    at = term.index(Ellipsis)
    return (*term[:at], *(("...", extra - 1 - k) for k in range(extra)), *term[at + 1:])


# --- np.tensordot ----------------------------------------------------------------------------------------


def tensordot(low, args, keywords) -> Value:
    """np.tensordot: the last axes of a with the first of b, or the pairs that `axes` lists."""
    from adtrans.lower.products import same_extent
    from adtrans.lower.requests import bound

    found = bound(low, "tensordot", ("a", "b", "axes"), args, keywords)
    a, b = (nests.concrete(low, as_view(low, found[key])) for key in ("a", "b"))
    left, right = paired_axes(low, found.get("axes", Num(Const(2, INT), True)), a.rank, b.rank)
    if len(left) != len(right):
        raise low.error("shape-mismatch for sum", kind="value")
    for one, other in zip(left, right):
        same_extent(low, a.shape[one], b.shape[other], "tensordot")
    names_a, names_b = list(range(a.rank)), list(range(a.rank, a.rank + b.rank))
    for one, other in zip(left, right):
        names_b[other] = names_a[one]
    result = (*(names_a[k] for k in range(a.rank) if k not in left),
              *(names_b[k] for k in range(b.rank) if k not in right))
    made = contraction(low, [a, b], [tuple(names_a), tuple(names_b)], result)
    return nests.filled(low, made, (), made.code) if isinstance(made, Num) else made


def paired_axes(low, value: Value, rank_a: int, rank_b: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    count = static_int(value)
    if count is not None:
        if count > min(rank_a, rank_b) or count < 0:
            raise low.error("tuple index out of range", kind="index")
        return tuple(range(rank_a - count, rank_a)), tuple(range(count))
    parts = items_of(low, value)
    if parts is None or len(parts) != 2:
        raise low.error("axes has to be an integer or two lists of axes, known before the program runs")
    found = []
    for part, rank in zip(parts, (rank_a, rank_b)):
        items = items_of(low, part) if not isinstance(part, Num) else [part]
        axes = [axis_argument(low, item) for item in items]
        found.append(tuple(nests.axes_of(low, axis, rank)[0] for axis in axes))
    return found[0], found[1]


def labelled(name: str, text: str):
    """A product that is an einsum of its two operands."""
    def run(low, args, keywords) -> Value:
        from adtrans.lower.builtins import arity

        arity(low, name, args, keywords, 2, 2)
        return einsum(low, [Py(text), *args], {})

    return run


TABLE = {np.einsum: einsum, np.tensordot: tensordot}
for _name, _text in (("vecdot", "...i,...i->..."), ("matvec", "...ij,...j->...i"), ("vecmat", "...i,...ij->...j")):
    if hasattr(np, _name):
        TABLE[getattr(np, _name)] = labelled(_name, _text)

__all__ = ["TABLE", "contraction"]
