"""Which names a function's statements assign: they are local to it."""

from __future__ import annotations

import ast


def names_assigned(statements: list[ast.stmt]) -> set[str]:
    """The names bound by the statements, not looking into nested functions."""
    found: set[str] = set()
    for statement in statements:
        collect(statement, found)
    return found


def collect(node: ast.AST, found: set[str]) -> None:
    match node:
        case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
            found.add(name)
            return
        case ast.Lambda():
            return
        case ast.Import(names) | ast.ImportFrom(names=names):
            found.update((alias.asname or alias.name).split(".")[0] for alias in names)
        case ast.ListComp() | ast.GeneratorExp() | ast.SetComp() | ast.DictComp():
            for inner in ast.walk(node):
                if isinstance(inner, ast.NamedExpr):
                    found.add(inner.target.id)
            return
        case ast.Name(name, ast.Store() | ast.Del()):
            found.add(name)
    for child in ast.iter_child_nodes(node):
        collect(child, found)


def declared(statements: list[ast.stmt], kind: type) -> set[str]:
    """The names in `nonlocal` (or `global`) statements."""
    found: set[str] = set()
    pending: list[ast.AST] = list(statements)
    while pending:
        node = pending.pop()
        if isinstance(node, kind):
            found.update(node.names)
        if not isinstance(node, (ast.FunctionDef, ast.Lambda, ast.ClassDef)):
            pending.extend(ast.iter_child_nodes(node))
    return found
