"""Texts compiled once: from this process, from the disk cache, or made and put there."""

from __future__ import annotations

from collections.abc import Callable

_COMPILED: dict[str, Callable] = {}


def compiled(text: str, entry: str, signature: tuple[str, ...]) -> Callable:
    """The function `entry` of the module `text`, compiled for a signature of type codes."""
    if text not in _COMPILED:
        from adtrans import cache
        from adtrans.backend import cpu

        key = cache.digest("optim", text, signature, cache.environment_digest())
        found = cpu.load(key) or cpu.compile_module(text, entry, signature, key=key, meta={}, wrapping=())
        _COMPILED[text] = found.function
    return _COMPILED[text]
