"""Where everything stands: the region a variable is defined in, the loops around a statement, textual order."""

from __future__ import annotations

from dataclasses import dataclass

from adtrans import ir
from adtrans.ir import For, If, Program, Stmt, Var, While


@dataclass(frozen=True, eq=False)
class Region:
    """A statement list: the body of `owner` (its `part`-th region), within `parent`."""

    owner: Stmt | None
    part: int
    parent: Region | None

    def chain(self) -> tuple[Region, ...]:
        """This region and those around it, outermost (the function's) first."""
        return (*self.parent.chain(), self) if self.parent else (self,)

    @property
    def loops(self) -> tuple[Region, ...]:
        """The loop bodies in the chain."""
        return tuple(region for region in self.chain() if isinstance(region.owner, (For, While)))

    def outermost(self) -> Stmt | None:
        """The function-level statement that contains this region."""
        chain = self.chain()
        return chain[1].owner if len(chain) > 1 else None


class Regions:
    """Tables over a whole program."""

    def __init__(self, program: Program):
        self.root = Region(None, 0, None)
        self.home: dict[Var, Region] = dict.fromkeys(program.params, self.root)
        self.of: dict[tuple[int, int], Region] = {}
        self.at: dict[int, Region] = {}
        self.order: dict[int, int] = {}
        self.definition: dict[Var, Stmt] = {}
        self.keep = program
        self.visit(program.body, self.root)

    def visit(self, body, region: Region) -> None:
        for statement in body:
            self.order[id(statement)] = len(self.order)
            self.at[id(statement)] = region
            for var in ir.defined(statement):
                self.home[var] = region
                self.definition[var] = statement
            for part, inner in enumerate(ir.regions(statement)):
                child = Region(statement, part, region)
                self.of[id(statement), part] = child
                if isinstance(statement, (For, While)) and part == len(ir.regions(statement)) - 1:
                    self.enter(statement, child)
                if isinstance(statement, While) and part == 0:
                    for carry in statement.carries:
                        self.home[carry.inside] = child
                self.visit(inner, child)
            if isinstance(statement, While):
                for carry in statement.carries:
                    self.home[carry.inside] = self.of[id(statement), 1]

    def enter(self, statement, child: Region) -> None:
        if isinstance(statement, For):
            self.home[statement.counter] = child
            self.definition[statement.counter] = statement
        for carry in statement.carries:
            self.home[carry.inside] = child
            self.definition[carry.inside] = statement

    def body(self, statement: Stmt, part: int | None = None) -> Region:
        """The region of a statement: its last one unless told."""
        return self.of[id(statement), len(ir.regions(statement)) - 1 if part is None else part]


__all__ = ["If", "Region", "Regions"]
