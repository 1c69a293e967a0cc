"""Texts compiled once: from this process, from the disk cache, or made and put there."""

from __future__ import annotations

from collections.abc import Callable, Sequence

_COMPILED: dict[str, Callable] = {}


def compiled(text: str, entry: str, signature: tuple[str, ...],
             helpers: Sequence[tuple[str, tuple[str, ...]]] = (), parallel: bool = False) -> Callable:
    """The function `entry` of the module `text`, compiled for a signature of type codes.

    No index in the text may be negative. `helpers` are functions of the text that it calls, with their signatures; the
    arrays that these are given do not overlap.
    """
    if text not in _COMPILED:
        from adtrans.backend import cpu

        key = key_of(text, signature)
        made = cpu.load(key)
        if made is None:
            names = {name: cpu.compile_module(text, name, types, key=None, meta={}, noalias=True, wrapping=()).function
                     for name, types in helpers}
            made = cpu.compile_module(text, entry, signature, key=key, meta={}, wrapping=None if parallel else (),
                                      names=names, parallel=parallel)
        _COMPILED[text] = made.function
    return _COMPILED[text]


def key_of(text: str, signature: tuple[str, ...]) -> str:
    """The key of a compiled text in the disk cache."""
    from adtrans import cache

    return cache.digest("optim", text, signature, cache.environment_digest())
