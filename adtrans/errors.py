"""The errors adtrans raises: each with a place in the user's source, an excerpt, a caret and a hint.

`Span` is a place; `AdtransError` is the base of everything; located errors print as

    program.py:7:12: UnsupportedError: `try` is not in the language
        try:
        ^
    hint: ...
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Span:
    """A place in a source file: line and column count from 1, `text` is the source line."""

    filename: str
    line: int
    column: int
    end_column: int
    text: str

    def __str__(self) -> str:
        return f"{self.filename}:{self.line}:{self.column}"


class AdtransError(Exception):
    """Base of all errors raised by adtrans."""


class ArgumentError(AdtransError, TypeError):
    """A wrong kind of argument: type, count, name, dtype."""


class ArgumentValueError(AdtransError, ValueError):
    """An argument of the right kind with a wrong value or shape."""


class CheckpointError(AdtransError, ValueError):
    """A checkpoint that is damaged, of another version, or of something else."""


class LocatedError(AdtransError):
    """An error that points at the user's source.

    Attributes: `message`, `hint`, `span`, `lineno`, `errors` (every single error of the function, in source
    order, this one first).
    """

    def __init__(self, message: str, span: Span | None = None, hint: str | None = None):
        self.message, self.span, self.hint = message, span, hint
        self.lineno = span.line if span else None
        self.errors: tuple[LocatedError, ...] = (self,)
        super().__init__(message)

    def describe(self) -> str:
        """This error alone, with excerpt, caret and hint."""
        lines = [f"{self.span}: {type(self).__name__}: {self.message}" if self.span
                 else f"{type(self).__name__}: {self.message}"]
        if self.span:
            text = self.span.text.rstrip()
            stripped = text.lstrip()
            offset = self.span.column - 1 - (len(text) - len(stripped))
            width = max(1, min(self.span.end_column - self.span.column, len(stripped) - offset))
            lines += ["    " + stripped, "    " + " " * max(offset, 0) + "^" * width]
        if self.hint:
            lines.append(f"hint: {self.hint}")
        return "\n".join(lines)

    def __str__(self) -> str:
        return "\n".join(error.describe() for error in self.errors)


class UnsupportedError(LocatedError, SyntaxError):
    """Python that is outside the language; also a SyntaxError, so tools can jump to the place."""

    def __init__(self, message: str, span: Span | None = None, hint: str | None = None):
        LocatedError.__init__(self, message, span, hint)
        self.msg = message
        if span:
            self.filename, self.offset, self.text = span.filename, span.column, span.text
            self.lineno, self.end_offset = span.line, span.end_column

    __str__ = LocatedError.__str__


class NonDifferentiableError(LocatedError, TypeError):
    """The result depends on a differentiated input only through something that has no derivative."""


class LocatedTypeError(LocatedError, TypeError):
    """A wrong type found while reading the user's program."""


class LocatedValueError(LocatedError, ValueError):
    """A wrong value or shape found while reading the user's program."""


class LocatedIndexError(LocatedError, IndexError):
    """An index known to be out of range while reading the user's program."""


class LocatedKeyError(LocatedError, KeyError):
    """A key that a dict is known not to have."""

    __str__ = LocatedError.__str__


class UnboundNameError(LocatedError, UnboundLocalError):
    """A name that is read before anything is assigned to it."""


class UndefinedNameError(LocatedError, NameError):
    """A name that is defined nowhere."""


class LocatedAttributeError(LocatedError, AttributeError):
    """An attribute that the object does not have."""


def together(errors: list[LocatedError]) -> LocatedError:
    """The first of `errors` in source order, carrying all of them."""
    unique = {(e.span, e.message): e for e in errors}
    ordered = sorted(unique.values(), key=lambda e: (e.span.line, e.span.column) if e.span else (0, 0))
    first = ordered[0]
    first.errors = tuple(ordered)
    return first
