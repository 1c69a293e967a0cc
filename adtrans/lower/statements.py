"""Statements of the user's language, one reader per kind.

`body(low, statements)` reads a list; what follows a possible jump is read under the condition that nothing has
jumped, so the program stays structured.
"""

from __future__ import annotations

import ast

from adtrans.build import FALSE, TRUE
from adtrans.errors import LocatedError
from adtrans.ir import Const, Operand, Print, Var
from adtrans.lower import containers, fancy, joins, nests, views
from adtrans.lower.context import Shadowed, Silent, describe
from adtrans.lower.expressions import evaluate, index_items, operator, settled
from adtrans.lower.loops import for_statement, while_statement
from adtrans.lower.names import declared, names_assigned
from adtrans.lower.scalars import static_int, truth
from adtrans.lower.values import NONE, Arrayish, Func, Lazy, Num, Poison, Py, Ref, Seq, SliceV, Value, View

GONE = Poison("")


def body(low, statements: list[ast.stmt]) -> None:
    """Read statements in order until one of them certainly jumps."""
    for at, statement in enumerate(statements):
        if isinstance(statement, ast.If) and jumps_within(statement):
            if_statement(low, statement, statements[at + 1:])
            return
        one(low, statement)
        jumped = jump_flag(low)
        if jumped == TRUE:
            return
        if jumped != FALSE:
            guarded(low, jumped, statements[at + 1:])
            return


def guarded(low, jumped: Operand, rest: list[ast.stmt]) -> None:
    """Read `rest` for the case that nothing has jumped."""
    if not rest:
        return
    key = jump_key(low)

    def stay() -> None:
        low.env[key] = Num(TRUE, True)

    def go_on() -> None:
        low.env[key] = Num(FALSE, True)
        body(low, rest)

    with low.place(rest[0]):
        joins.branch(low, jumped, stay, go_on)


def jump_key(low) -> tuple:
    """The flag that ends the present level: the innermost loop's iteration, or the function."""
    if low.frame.loops:
        return ("flow", "skip", low.frame.loops[-1])
    return ("flow", "returned", low.frame.number)


def jump_flag(low) -> Operand:
    return low.env[jump_key(low)].operand


def jumps_within(node: ast.If) -> bool:
    return any(isinstance(inner, (ast.Return, ast.Break, ast.Continue, ast.Raise)) for inner in ast.walk(node))


def one(low, statement: ast.stmt) -> None:
    """Read one statement; an error in it is noted and reading goes on with the next."""
    with low.place(statement):
        try:
            reader(low, statement)
        except Shadowed as shadowed:
            if low.inside_counted():
                raise
            note(low, statement, shadowed.error)
        except LocatedError as error:
            note(low, statement, error)
        except Silent:
            spoil(low, statement)
        except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError) as error:
            # The net under every reader: what it did not foresee is still an error at the user's line.
            note(low, statement, low.error(f"this use is not in the language ({type(error).__name__}: {error})"))


def note(low, statement: ast.stmt, error: LocatedError) -> None:
    low.errors.extend(error.errors)
    spoil(low, statement)


def spoil(low, statement: ast.stmt) -> None:
    """Names that a statement given up would have set are not to be complained about again."""
    for name in names_assigned([statement]) | declared([statement], ast.Global):
        key = low.key_of(name) or (low.frame.number, name)
        low.env[key] = GONE
    match statement:
        case ast.Expr(ast.Call(ast.Attribute(ast.Name(name)))) if low.key_of(name) in low.env:
            low.env[low.key_of(name)] = GONE
    if any(isinstance(inner, ast.Return) for inner in ast.walk(statement)):
        low.env["flow", "result", low.frame.number] = GONE
        if isinstance(statement, ast.Return):
            leave_function(low)


def reader(low, node: ast.stmt) -> None:
    match node:
        case ast.Expr(value):
            expression_statement(low, value)
        case ast.Assign(targets, value):
            assign(low, targets, value)
        case ast.AnnAssign(target, _, value):
            if value is not None:
                assign(low, [target], value)
        case ast.AugAssign(target, op, value):
            augment(low, target, op, value)
        case ast.If():
            if_statement(low, node, [])
        case ast.For():
            for_statement(low, node, lambda: body(low, node.body), clause(low, node.orelse))
        case ast.While():
            while_statement(low, node, lambda: condition(low, node.test), lambda: body(low, node.body),
                            clause(low, node.orelse))
            if isinstance(node.test, ast.Constant) and node.test.value and not leaves_by_break(node.body):
                leave_function(low)  # nothing but a return ends it
        case ast.Return(value):
            return_statement(low, value)
        case ast.Break() | ast.Continue():
            loop = low.frame.loops[-1]
            low.env["flow", "skip", loop] = Num(TRUE, True)
            if isinstance(node, ast.Break):
                low.env["flow", "broke", loop] = Num(TRUE, True)
        case ast.Pass():
            pass
        case ast.FunctionDef():
            define(low, node)
        case ast.Raise(exc, _):
            raise_statement(low, exc)
        case ast.Assert(test, msg):
            text = ast.unparse(test) if msg is None else raised_text(msg)
            low.check(condition(low, test), "AssertionError", text)
        case ast.Delete(targets):
            delete(low, targets)
        case ast.Nonlocal():
            pass
        case ast.Global(names):
            raise low.error(f"`global {', '.join(names)}`: a differentiated function cannot set globals",
                            hint="return the value instead")
        case _:
            unsupported(low, node)


REFUSED = {
    ast.Try: ("`try`", "check the condition with `if` instead"),
    ast.With: ("`with`", None), ast.AsyncWith: ("`async with`", None), ast.AsyncFor: ("`async for`", None),
    ast.AsyncFunctionDef: ("`async def`", None), ast.ClassDef: ("`class`", "define the class outside"),
    ast.Import: ("`import`", "import at the top of the module"),
    ast.ImportFrom: ("`import`", "import at the top of the module"),
    ast.Match: ("`match`", "use if/elif"),
}


def unsupported(low, node: ast.stmt) -> None:
    name, hint = REFUSED.get(type(node), (f"`{type(node).__name__}`", None))
    raise low.error(f"{name} is not in the language", hint=hint)


def leaves_by_break(body: list[ast.stmt]) -> bool:
    """Whether a loop body has a `break` of its own."""
    pending: list[ast.AST] = list(body)
    while pending:
        node = pending.pop()
        if isinstance(node, ast.Break):
            return True
        if isinstance(node, (ast.For, ast.While)):
            pending.extend(node.orelse)
        elif not isinstance(node, (ast.FunctionDef, ast.Lambda)):
            pending.extend(ast.iter_child_nodes(node))
    return False


def clause(low, statements: list[ast.stmt]):
    return (lambda: body(low, statements)) if statements else None


# --- simple statements -----------------------------------------------------------------------------------


def expression_statement(low, node: ast.expr) -> None:
    if isinstance(node, ast.Constant):
        return
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print" \
            and low.key_of("print") is None:
        print_statement(low, node)
        return
    evaluate(low, node)


def print_statement(low, node: ast.Call) -> None:
    items: list = []
    if node.keywords:
        raise low.error(f"print() with {node.keywords[0].arg}= is not in the language")
    for arg in node.args:
        value = printed(low, arg)
        items += value
    low.build.emit(Print(tuple(items), low.build.span))


def printed(low, arg: ast.expr) -> list:
    """What print shows of one argument: text and numbers; arrays are named only."""
    if isinstance(arg, ast.JoinedStr):
        found: list = []
        for part in arg.values:
            if isinstance(part, ast.Constant):
                found.append(str(part.value))
            else:
                found += printed(low, part.value)
        return found
    value = settled(low, arg)
    match value:
        case Num(operand):
            return [operand]
        case Py(obj):
            return [str(obj)]
        case Seq(items) if all(isinstance(item, Num) for item in items):
            return [item.operand for item in items]
    return [f"<{ast.unparse(arg)}>"]


def define(low, node: ast.FunctionDef) -> None:
    """A nested function: remembered with the frame it closes over."""
    if node.decorator_list:
        raise low.error("decorators on nested functions are not in the language")
    args = node.args
    defaults = tuple(evaluate(low, item) for item in args.defaults)
    kw_defaults = {arg.arg: evaluate(low, item) for arg, item in zip(args.kwonlyargs, args.kw_defaults)
                   if item is not None}
    low.bind(node.name, Func(low.frame.source, node, low.frame.number, defaults, kw_defaults))


def raise_statement(low, exc: ast.expr | None) -> None:
    """`raise`: what follows on this path is never read. A library function that is certain to raise is an error now."""
    name, message = exception(low, exc)
    kind = RAISED.get(name)
    if kind is not None and low.frame.pinned is not None and not low.branch_depth and not low.counted_depth:
        raise low.error(message, kind)
    low.check(FALSE, name, message)
    leave_function(low)


RAISED = {"ValueError": "value", "TypeError": "type", "IndexError": "index"}


def exception(low, exc: ast.expr | None) -> tuple[str, str]:
    """The name of the builtin class and the message of what is raised."""
    if exc is None:
        raise low.error("bare `raise` is not in the language")
    call = exc if isinstance(exc, ast.Call) else None
    cls = settled(low, call.func if call else exc)
    if not (isinstance(cls, Py) and isinstance(cls.value, type) and issubclass(cls.value, BaseException)):
        raise low.error("exceptions must derive from BaseException", kind="type")
    message = ""
    if call and call.args:
        message = raised_text(call.args[0])
    if low.frame.pinned is not None and issubclass(cls.value, NotImplementedError):
        raise low.error(f"{message} is not in the language")
    builtin = next(base for base in cls.value.__mro__ if base.__module__ == "builtins")
    return builtin.__name__, message


def raised_text(node: ast.expr) -> str:
    """The message of an exception as far as it is known before the program runs."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "{" + ast.unparse(part.value) + "}"
                       for part in node.values)
    return ast.unparse(node)


def leave_function(low) -> None:
    """Mark the function, and every loop open in it, as left."""
    frame = low.frame
    low.env["flow", "returned", frame.number] = Num(TRUE, True)
    for loop in frame.loops:
        low.env["flow", "skip", loop] = low.env["flow", "broke", loop] = Num(TRUE, True)


def return_statement(low, value: ast.expr | None) -> None:
    if len(low.frames) == 1:
        low.returns.append(low.build.span)
    result = NONE if value is None else evaluate(low, value)
    if isinstance(result, Lazy):
        result = nests.materialise(low, result)
    low.env["flow", "result", low.frame.number] = result
    leave_function(low)


def delete(low, targets: list[ast.expr]) -> None:
    for target in targets:
        match target:
            case ast.Name(name):
                low.read(name)
                low.env.pop(low.key_of(name), None)
            case ast.Tuple(elts) | ast.List(elts):
                delete(low, elts)
            case _:
                raise low.error("`del` of elements is not in the language", hint="only names can be deleted")


# --- branches --------------------------------------------------------------------------------------------


def condition(low, node: ast.expr) -> Operand:
    """bool(node) as an operand."""
    return truth_of(low, settled(low, node))


def truth_of(low, value: Value) -> Operand:
    match value:
        case Num():
            return truth(low, value).operand
        case Py(obj):
            return TRUE if obj else FALSE
        case Seq(items):
            return TRUE if items else FALSE
        case Ref():
            return TRUE if low.contents(value).values else FALSE
        case View() | Lazy():
            ones = [low.equal_extents(extent, Const(1, extent.type)) for extent in value.shape]
            if all(ones):
                return truth(low, nests.element(low, value, tuple(Const(0, e.type) for e in value.shape))).operand
            raise low.error("the truth value of an array with more than one element is ambiguous", kind="value",
                            hint="use .any() or .all()")
        case Func():
            return TRUE
    raise low.error(f"{describe(value)} has no truth value")


def if_statement(low, node: ast.If, rest: list[ast.stmt]) -> None:
    """A branch. What follows it is read within the sides that go on when one side jumps."""
    with low.place(node.test):
        try:
            test = condition(low, node.test)
        except LocatedError as error:
            note(low, node, error)
            return
        except Silent:
            spoil(low, node)
            return
    sides = [node.body, node.orelse]
    if isinstance(test, Const):
        body(low, [*sides[0 if test.value else 1], *rest])
        return
    if len(node.body) == 1 and isinstance(node.body[0], ast.Raise) and not node.orelse:
        with low.place(node.body[0]):
            low.check(low.build.prim("not", test), *exception(low, node.body[0].exc))
        body(low, rest)
        return
    ends = [always_jumps(side) for side in sides]
    if rest and any(ends):
        sides = [side if ended else [*side, *rest] for side, ended in zip(sides, ends)]
        rest = []
    with low.place(node):
        joins.branch(low, test, lambda: body(low, sides[0]), lambda: body(low, sides[1]))
    jumped = jump_flag(low)
    if rest and jumped != TRUE:
        if jumped == FALSE:
            body(low, rest)
        else:
            guarded(low, jumped, rest)


def always_jumps(statements: list[ast.stmt]) -> bool:
    """Whether every path through the statements ends in a jump."""
    for statement in statements:
        if isinstance(statement, (ast.Return, ast.Break, ast.Continue, ast.Raise)):
            return True
        if isinstance(statement, ast.If) and always_jumps(statement.body) and always_jumps(statement.orelse):
            return True
    return False


# --- assignment ------------------------------------------------------------------------------------------


def assign(low, targets: list[ast.expr], node: ast.expr) -> None:
    if len(targets) == 1 and isinstance(targets[0], (ast.Tuple, ast.List)) and isinstance(
            node, (ast.Tuple, ast.List)):
        unpack_display(low, targets[0], node)
        return
    value = evaluate(low, node)
    for target in targets:
        with low.place(target):
            assign_target(low, target, value)


def unpack_display(low, target, node) -> None:
    """a, b = b, a: every right-hand side is read before any target changes."""
    values = [evaluate(low, item) for item in node.elts]
    if any(isinstance(item, ast.Starred) for item in [*node.elts, *target.elts]):
        value: Value = evaluate(low, node)
        assign_target(low, target, value)
        return
    values = [nests.materialise(low, value) if isinstance(value, Lazy) else value for value in values]
    assign_target(low, target, Seq(tuple(values)))


def assign_target(low, target: ast.expr, value: Value) -> None:
    match target:
        case ast.Name(name):
            if isinstance(value, Lazy):
                value = nests.materialise(low, value, name=name)
            if name in low.frame.forbidden:
                raise Silent
            low.bind(name, value)
        case ast.Tuple(elts) | ast.List(elts):
            unpack(low, elts, value)
        case ast.Subscript(base, index):
            store_item(low, base, index, value)
        case ast.Attribute(base, name):
            store_attribute(low, base, name, value)
        case _:
            raise low.error(f"assignment to `{ast.unparse(target)}` is not in the language")


def unpack(low, targets: list[ast.expr], value: Value) -> None:
    value = low.settled(value, "the value")
    if isinstance(value, Lazy):
        value = nests.materialise(low, value)
    items = containers.items_of(low, value)
    if items is None and isinstance(value, View) and value.shape:
        items = array_items(low, targets, value)
    if items is None:
        raise low.error(f"cannot unpack {describe(value)}", kind="type")
    star = next((k for k, target in enumerate(targets) if isinstance(target, ast.Starred)), None)
    if star is not None:
        tail = len(targets) - star - 1
        if len(items) < star + tail:
            raise low.error("not enough values to unpack", kind="value")
        from adtrans.lower.values import Contents

        middle = low.new_cell(Contents(list, tuple(items[star:len(items) - tail])))
        items = [*items[:star], middle, *items[len(items) - tail:]]
        targets = [target.value if isinstance(target, ast.Starred) else target for target in targets]
    if len(items) != len(targets):
        many = "too many" if len(items) > len(targets) else "not enough"
        raise low.error(f"{many} values to unpack (expected {len(targets)}, got {len(items)})", kind="value")
    for target, item in zip(targets, items):
        with low.place(target):
            assign_target(low, target, item)


def array_items(low, targets: list[ast.expr], value: View) -> list[Value]:
    """The rows of an array that is unpacked: as many as there are targets."""
    from adtrans.build import const

    count = const(len(targets))
    if any(isinstance(target, ast.Starred) for target in targets):
        raise low.error("starred unpacking of an array is not in the language")
    if not low.equal_extents(value.shape[0], count):
        low.check(low.build.prim("eq", value.shape[0], count), "ValueError",
                  f"wrong number of values to unpack (expected {len(targets)}):", (value.shape[0],))
    low.declare_equal(value.shape[0], count)
    return [views.subscript(low, value, (Num(const(k), True),)) for k in range(len(targets))]


def store_item(low, base: ast.expr, index: ast.expr, value: Value) -> None:
    target = settled(low, base)
    items = index_items(low, index)
    match target:
        case View():
            store_array(low, target, items, low.settled(value, "the value"))
        case Ref():
            containers.set_item(low, target, items[0] if len(items) == 1 else Seq(tuple(items)), value)
        case Seq():
            raise low.error("'tuple' object does not support item assignment", kind="type")
        case _:
            raise low.error(f"{describe(target)} does not support item assignment", kind="type")


def store_array(low, target: View, items: tuple[Value, ...], value: Value) -> None:
    if fancy.is_fancy(items):
        fancy.scatter(low, target, items, value)
        return
    low.require_writable(target)
    place = containers.view_at(low, target, items)
    if not any(isinstance(item, SliceV) or item in (NONE, Py(Ellipsis)) for item in items) and not place.shape:
        value = one_element(low, value)
    nests.assign(low, place, value)


def one_element(low, value: Value) -> Value:
    """The number that is stored into a single element."""
    found = low.as_array(value)
    if isinstance(found, Arrayish) and found.rank:
        raise low.error("setting an array element with a sequence", kind="value")
    return found


def store_attribute(low, base: ast.expr, name: str, value: Value) -> None:
    from adtrans.lower.values import Contents

    target, value = settled(low, base), low.solid(value)
    if isinstance(target, Ref):
        contents = low.contents(target)
        if contents.cls not in (list, dict) and name in contents.keys:
            at = contents.keys.index(name)
            values = (*contents.values[:at], value, *contents.values[at + 1:])
            low.env["cell", target.cell] = Contents(contents.cls, values, contents.keys)
            return
    raise low.error(f"assignment to the attribute {name!r} is not in the language")


def augment(low, target: ast.expr, op: ast.operator, node: ast.expr) -> None:
    """target op= value: in place for arrays, rebinding for everything else."""
    match target:
        case ast.Name(name):
            current = low.read(name)
            value = settled(low, node)
            if isinstance(current, View):
                in_place(low, current, op, value)
            elif isinstance(current, Ref) and isinstance(op, ast.Add) and low.contents(current).keys is None:
                from adtrans.lower.builtins import extend

                extend(low, current, value)
            else:
                assign_target(low, target, operator(low, op, current, value))
        case ast.Subscript(base, index):
            holder = settled(low, base)
            items = index_items(low, index)
            if isinstance(holder, View):
                augment_element(low, holder, items, op, settled(low, node))
            else:
                key = items[0] if len(items) == 1 else Seq(tuple(items))
                current = containers.container_item(low, holder, key)
                value = settled(low, node)
                if isinstance(current, View):
                    in_place(low, current, op, value)
                else:
                    store_container(low, holder, key, operator(low, op, current, value))
        case ast.Attribute(base, name):
            current = settled(low, target)
            value = settled(low, node)
            if isinstance(current, View):
                in_place(low, current, op, value)
            else:
                store_attribute(low, base, name, operator(low, op, current, value))
        case _:
            raise low.error(f"augmented assignment to `{ast.unparse(target)}` is not in the language")


def store_container(low, holder: Value, key: Value, value: Value) -> None:
    if not isinstance(holder, Ref):
        raise low.error("'tuple' object does not support item assignment", kind="type")
    containers.set_item(low, holder, key, value)


def augment_element(low, holder: View, items: tuple[Value, ...], op: ast.operator, value: Value) -> None:
    if fancy.is_fancy(items):
        fancy.augment(low, holder, items, lambda a, b: same_kind(low, holder, operator(low, op, a, b)), value)
        return
    low.require_writable(holder)
    place = containers.view_at(low, holder, items)
    if place.shape or any(isinstance(item, SliceV) for item in items):
        in_place(low, place, op, value)
        return
    current = Num(views.load(low, place, ()))
    nests.assign(low, place, one_element(low, operator(low, op, current, value)))


def same_kind(low, target: View, result: Value) -> Value:
    if result.code[0] == "f" and target.code[0] != "f":
        raise low.error(f"cannot cast the result of an in-place operation from float to {target.dtype}", kind="type")
    return result


def in_place(low, target: View, op: ast.operator, value: Value) -> None:
    """array op= value, keeping the array's dtype."""
    result = same_kind(low, target, operator(low, op, target, value))
    if isinstance(result, Lazy) and result.rank > target.rank:
        raise low.error("non-broadcastable output operand", kind="value")
    nests.assign(low, target, result)


__all__ = ["assign_target", "body", "condition", "static_int", "truth_of", "Var"]
