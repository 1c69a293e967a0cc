"""Failing programs made small: parts of the text are taken away as long as the same failure persists.

In: a `Program` and a function that tells whether a program still fails in the same way. Out: a smaller
`Program`.
"""

import ast
import copy
import re
from dataclasses import replace

from tests.fuzz.judge import judge

KEPT = ("arguments", "f")
MODULES = ("np", "math", "numba", "functools")


def signature(verdict):
    """What makes two failures the same: the outcome, and the message without names, places and numbers."""
    if verdict.outcome not in ("refused", "crashed", "broken"):
        return (verdict.outcome,)
    line = (verdict.detail.splitlines() or [""])[0]
    return verdict.outcome, re.sub(r"'[^']*'|\"[^\"]*\"|[\w.]*[\d@][\w.@]*|<[^>]*>", "", line)[:70]


def shrink(program, mode, options=None, most=4000):
    """The smallest program found that fails as this one does, after judging at most so many."""
    wanted = signature(judge(program, mode, options))
    program.unload()
    tried = set()

    def fails(source):
        tried.add(source)
        candidate = replace(program, source=source, module=None)
        verdict = judge(candidate, mode, options)
        candidate.unload()
        return signature(verdict) == wanted

    source = ast.unparse(ast.parse(program.source))
    while len(tried) < most:
        untried = (
            s for s in candidates(source) if len(s) < len(source) and s not in tried and len(tried) < most
        )
        smaller = next((s for s in untried if fails(s)), None)
        if smaller is None:
            break
        source = smaller
    return replace(program, source=source, module=None)


def candidates(source):
    """Texts with something taken away: large parts first."""
    yield from edited(source, lambda node: isinstance(node, ast.stmt), statement_edits)
    yield from edited(source, lambda node: isinstance(node, ast.expr), expression_edits)


def edited(source, wanted, edits):
    """Every edit of every node, each applied to a fresh tree."""
    tree = ast.parse(source)
    nodes = [n for n in reachable(tree) if wanted(n)]
    for k in range(len(nodes)):
        for n in range(len(edits(nodes[k]))):
            fresh = copy.deepcopy(tree)
            node = [m for m in reachable(fresh) if wanted(m)][k]
            replacement = edits(node)[n]
            changed = Replacement(node, replacement).visit(fresh)
            try:
                yield ast.unparse(ast.fix_missing_locations(changed))
            except Exception:
                continue


def reachable(tree):
    """All nodes outside `arguments` and outside the decorator, whose wrapper must go on doing nothing."""
    for node in tree.body:
        if not (isinstance(node, ast.FunctionDef) and node.name in ("arguments", "traced")):
            yield from ast.walk(node)


class Replacement(ast.NodeTransformer):
    """One node replaced by another, by a list of statements, or by nothing."""

    def __init__(self, node, new):
        self.node = node
        self.new = new

    def visit(self, node):
        """Replace the node where it stands."""
        if node is self.node:
            return self.new
        node = super().generic_visit(node)
        if getattr(node, "body", None) == [] and not isinstance(node, ast.Module):
            node.body = [ast.Pass()]
        return node


def statement_edits(node):
    """Nothing instead of a statement; its body instead of a loop or branch; returns stay."""
    if isinstance(node, ast.Return):
        return []
    if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
        return [] if node.name in KEPT else [[]]
    parts = [getattr(node, name, None) for name in ("body", "orelse")]
    return [[], *[part for part in parts if part and isinstance(part, list)]]


def expression_edits(node):
    """An operand or an argument instead of an expression."""
    if isinstance(node, (ast.Name, ast.Constant, ast.Attribute)):
        return []
    if isinstance(getattr(node, "ctx", None), (ast.Store, ast.Del)):
        return []
    if isinstance(node, ast.Call):
        method = isinstance(node.func, ast.Attribute) and ast.unparse(node.func.value) not in MODULES
        return [*node.args, *([node.func.value] if method else [])]
    return [child for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr)]
