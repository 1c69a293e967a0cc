"""Memory of large arrays, kept for the next call.

A tape of some megabytes that is new in each call costs more than what is done with it: the system hands out pages one
by one, each cleared, as they are first touched, and takes them back at the end. Here the arrays of compiled code that
are not small come from blocks that stay with the process when their array has gone, at most `limit()` bytes of them;
the oldest go first. `release()` gives all that is not in use back to the system.

Compiled modules call `NAME` where they would call Numba's allocator; it is machine code of its own, made once in a
process, takes no part in Python's lock and may be called from any thread.
"""

from __future__ import annotations

import ctypes
import os

import llvmlite.binding as binding
from llvmlite import ir
from numba.core.runtime.nrt import rtsys

NAME = "adtrans_allocate"
REPLACED = "NRT_MemInfo_alloc_aligned"
SLOTS = 64
SMALL = 1 << 19
ALIGNMENT = 64
DEFAULT = 1 << 30

WORD, INT32, BYTE = ir.IntType(64), ir.IntType(32), ir.IntType(8)
POINTER = BYTE.as_pointer()


class _State(ctypes.Structure):
    """What the machine code works on: whether someone is at it, bytes kept and allowed, where the next block goes."""

    _fields_ = (("lock", ctypes.c_int64), ("kept", ctypes.c_int64), ("limit", ctypes.c_int64),
                ("next", ctypes.c_int64), ("slots", ctypes.c_void_p * SLOTS))


_installed: list = []


def install() -> None:
    """Make `NAME` known to the linker."""
    if _installed:
        return
    rtsys.initialize(_context())
    state = _State(limit=limit())
    engine = _compiled(str(_module(ctypes.addressof(state))))
    _installed.extend((engine, state))
    binding.add_symbol(NAME, engine.get_function_address("allocate"))


def limit() -> int:
    """How many bytes may be kept: `ADTRANS_KEEP_MEMORY`, or a sixteenth of the memory, a gibibyte at most."""
    told = os.environ.get("ADTRANS_KEEP_MEMORY")
    if told is not None:
        return max(int(told), 0)
    try:
        return min(DEFAULT, os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 16)
    except (AttributeError, ValueError, OSError):
        return DEFAULT // 4


def kept() -> int:
    """How many bytes are kept that no array uses."""
    return _installed[1].kept if _installed else 0


def release() -> None:
    """Give memory that no array uses back to the system."""
    if _installed:
        ctypes.CFUNCTYPE(None)(_installed[0].get_function_address("release"))()


def redirect(module: binding.ModuleRef) -> binding.ModuleRef:
    """A module that is to be optimised, taking its arrays from here."""
    names = {function.name for function in module.functions if function.is_declaration}
    if REPLACED not in names:
        return module
    install()
    if NAME not in names:
        module.get_function(REPLACED).name = NAME
        return module
    # It has been linked with one that was redirected.
    lines = str(module).splitlines()
    kept = [line for line in lines if not (line.startswith("declare ") and f"@{REPLACED}(" in line)]
    return binding.parse_assembly("\n".join(kept).replace(f"@{REPLACED}(", f"@{NAME}("))


def _context():
    from numba.core.registry import cpu_target

    return cpu_target.target_context


def _compiled(text: str) -> binding.ExecutionEngine:
    module = binding.parse_assembly(text)
    module.verify()
    machine = binding.Target.from_default_triple().create_target_machine(opt=2, jit=True)
    engine = binding.create_mcjit_compiler(module, machine)
    engine.finalize_object()
    return engine


# The machine code. A block's elements start at a multiple of ALIGNMENT; its capacity and what it was allocated as stand
# in the two words before.


def _module(state: int) -> ir.Module:
    module = ir.Module("adtrans_pool")
    module.triple = binding.get_default_triple()
    outside = {name: ir.Function(module, ir.FunctionType(result, args), name) for name, result, args in (
        ("NRT_Allocate", POINTER, [WORD]), ("NRT_Free", ir.VoidType(), [POINTER]),
        (REPLACED, POINTER, [WORD, INT32]), ("NRT_get_api", POINTER.as_pointer(), []))}
    _Writer(module, outside, state).write()
    return module


class _Writer:
    def __init__(self, module: ir.Module, outside: dict[str, ir.Function], state: int):
        self.module, self.outside, self.state = module, outside, state

    def write(self) -> None:
        self.free_block = self.function("free_block", ir.VoidType(), [POINTER], self._free_block)
        self.evict = self.function("evict", ir.VoidType(), [WORD], self._evict)
        self.take = self.function("take", POINTER, [WORD], self._take)
        self.give = self.function("give", ir.VoidType(), [POINTER], self._give)
        self.function("release", ir.VoidType(), [], self._release)
        self.function("allocate", POINTER, [WORD, INT32], self._allocate)

    def function(self, name: str, result, args, body) -> ir.Function:
        made = ir.Function(self.module, ir.FunctionType(result, args), name)
        body(ir.IRBuilder(made.append_basic_block()), *made.args)
        return made

    def field(self, name: str) -> ir.Constant:
        """The address of a field of the state."""
        return WORD(self.state + getattr(_State, name).offset).inttoptr(WORD.as_pointer())

    def slot(self, build: ir.IRBuilder, number) -> ir.Value:
        return build.inttoptr(build.add(self.field("slots").ptrtoint(WORD), build.mul(number, WORD(8))),
                              POINTER.as_pointer())

    def before(self, build: ir.IRBuilder, block, distance: int) -> ir.Value:
        """The address of one of the words before a block."""
        return build.bitcast(build.gep(block, [WORD(-distance)]), WORD.as_pointer())

    def capacity(self, build: ir.IRBuilder, block) -> ir.Value:
        return build.load(self.before(build, block, 16))

    def add(self, build: ir.IRBuilder, name: str, amount) -> None:
        build.store(build.add(build.load(self.field(name)), amount), self.field(name))

    def locked(self, build: ir.IRBuilder) -> None:
        again, inside = build.append_basic_block(), build.append_basic_block()
        build.branch(again)
        build.position_at_end(again)
        found = build.cmpxchg(self.field("lock"), WORD(0), WORD(1), "acq_rel", "monotonic")
        build.cbranch(build.extract_value(found, 1), inside, again)
        build.position_at_end(inside)

    def unlocked(self, build: ir.IRBuilder) -> None:
        build.store_atomic(WORD(0), self.field("lock"), "release", 8)

    def over_slots(self, build: ir.IRBuilder, body) -> None:
        """`body` for each number of a slot."""
        number = build.alloca(WORD)
        build.store(WORD(0), number)
        head, inside, after = (build.append_basic_block() for _ in range(3))
        build.branch(head)
        build.position_at_end(head)
        build.cbranch(build.icmp_unsigned("<", build.load(number), WORD(SLOTS)), inside, after)
        build.position_at_end(inside)
        body(build.load(number))
        build.store(build.add(build.load(number), WORD(1)), number)
        build.branch(head)
        build.position_at_end(after)

    def _free_block(self, build: ir.IRBuilder, block) -> None:
        build.call(self.outside["NRT_Free"], [build.inttoptr(build.load(self.before(build, block, 8)), POINTER)])
        build.ret_void()

    def _evict(self, build: ir.IRBuilder, number) -> None:
        """Empty a slot."""
        slot = self.slot(build, number)
        block = build.load(slot)
        with build.if_then(build.icmp_unsigned("!=", block, POINTER(None))):
            self.add(build, "kept", build.neg(self.capacity(build, block)))
            build.store(POINTER(None), slot)
            build.call(self.free_block, [block])
        build.ret_void()

    def _release(self, build: ir.IRBuilder) -> None:
        self.locked(build)
        self.over_slots(build, lambda number: build.call(self.evict, [number]))
        self.unlocked(build)
        build.ret_void()

    def _take(self, build: ir.IRBuilder, size) -> None:
        """The smallest block that is large enough and not twice as large, or a new one; null if there is no memory."""
        best, least = build.alloca(WORD), build.alloca(WORD)
        build.store(WORD(SLOTS), best)
        build.store(build.shl(size, WORD(1)), least)
        self.locked(build)

        def better(number) -> None:
            block = build.load(self.slot(build, number))
            with build.if_then(build.icmp_unsigned("!=", block, POINTER(None))):
                capacity = self.capacity(build, block)
                fits = build.and_(build.icmp_unsigned(">=", capacity, size),
                                  build.icmp_unsigned("<", capacity, build.load(least)))
                with build.if_then(fits):
                    build.store(number, best)
                    build.store(capacity, least)

        self.over_slots(build, better)
        with build.if_then(build.icmp_unsigned("<", build.load(best), WORD(SLOTS))):
            slot = self.slot(build, build.load(best))
            block = build.load(slot)
            build.store(POINTER(None), slot)
            self.add(build, "kept", build.neg(self.capacity(build, block)))
            self.unlocked(build)
            build.ret(block)
        self.unlocked(build)
        self._new(build, size)

    def _new(self, build: ir.IRBuilder, size) -> None:
        room = 2 * ALIGNMENT
        capacity = build.and_(build.add(size, WORD(4095)), WORD(-4096))
        raw = build.call(self.outside["NRT_Allocate"], [build.add(capacity, WORD(room))])
        with build.if_then(build.icmp_unsigned("==", raw, POINTER(None))):
            build.ret(raw)
        address = build.ptrtoint(raw, WORD)
        start = build.and_(build.add(address, WORD(room - 1)), WORD(-ALIGNMENT))
        block = build.inttoptr(start, POINTER)
        build.store(capacity, self.before(build, block, 16))
        build.store(address, self.before(build, block, 8))
        build.ret(block)

    def _give(self, build: ir.IRBuilder, block) -> None:
        """Keep a block in the next slot; the oldest blocks go until no more than the limit is kept."""
        capacity, limit = self.capacity(build, block), build.load(self.field("limit"))
        with build.if_then(build.icmp_unsigned(">", capacity, limit)):
            build.call(self.free_block, [block])
            build.ret_void()
        self.locked(build)
        place = build.load(self.field("next"))
        build.call(self.evict, [place])
        oldest = build.alloca(WORD)
        build.store(place, oldest)
        head, inside, after = (build.append_basic_block() for _ in range(3))
        build.branch(head)
        build.position_at_end(head)
        held = build.add(build.load(self.field("kept")), capacity)
        build.cbranch(build.icmp_unsigned(">", held, limit), inside, after)
        build.position_at_end(inside)
        build.store(self.following(build, build.load(oldest)), oldest)
        build.call(self.evict, [build.load(oldest)])
        build.branch(head)
        build.position_at_end(after)
        build.store(block, self.slot(build, place))
        self.add(build, "kept", capacity)
        build.store(self.following(build, place), self.field("next"))
        self.unlocked(build)
        build.ret_void()

    def following(self, build: ir.IRBuilder, number) -> ir.Value:
        return build.urem(build.add(number, WORD(1)), WORD(SLOTS))

    def _allocate(self, build: ir.IRBuilder, size, alignment) -> None:
        """A record of Numba's for an array: its own way for small ones."""
        plain = build.or_(build.icmp_unsigned("<", size, WORD(SMALL)),
                          build.icmp_unsigned(">", alignment, INT32(ALIGNMENT)))
        with build.if_then(plain):
            build.ret(build.call(self.outside[REPLACED], [size, alignment]))
        block = build.call(self.take, [size])
        with build.if_then(build.icmp_unsigned("==", block, POINTER(None))):
            build.ret(block)
        table = build.call(self.outside["NRT_get_api"], [])
        manage = build.load(build.gep(table, [WORD(2)]))
        kind = ir.FunctionType(POINTER, [POINTER, POINTER])
        record = build.call(build.bitcast(manage, kind.as_pointer()),
                            [block, build.bitcast(self.give, POINTER)])
        with build.if_then(build.icmp_unsigned("==", record, POINTER(None))):
            build.call(self.give, [block])
        build.ret(record)
