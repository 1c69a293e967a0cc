"""Vectors as wide as the processor has them.

LLVM takes half of the widest vectors for Intel's processors with AVX-512, the first of which ran slower for a while
once they had used them whole. Those since Sapphire Rapids, which have half-precision arithmetic too, do not: gradients
of the benchmarks took 0.96 of the time at small sizes, 0.90 at large ones, exponentials 0.65. Where LLVM takes the
widest vectors anyway nothing changes.
"""

import contextlib
import functools
from collections.abc import Iterator

import llvmlite.binding as binding
from numba.core import config


@contextlib.contextmanager
def widest(codegen) -> Iterator[None]:
    """What `codegen` optimises meanwhile has vectors of the full width. It is for who has the compiler's lock."""
    before = codegen._tm
    codegen._tm = _machine(codegen) or before
    try:
        yield
    finally:
        codegen._tm = before


@functools.cache
def _machine(codegen) -> binding.TargetMachine | None:
    """The machine of `codegen` without the preference for narrow vectors, None where that is to stay."""
    if "+avx512fp16," not in f"{codegen.magic_tuple()[2]},":
        return None
    options = {"opt": config.OPT}
    codegen._customize_tm_options(options)
    options["features"] += ",-prefer-256-bit"
    return binding.Target.from_triple(binding.get_process_triple()).create_target_machine(**options)
