"""Generated source compiled by Numba for this processor, and compiled code kept in the disk cache.

    compiled = load(key) or compile_module(text, "square", ("f8",), key=key, meta={})
    compiled.function(3.0)                 # 9.0

A signature is a tuple of type codes: `f8 f4 i8 b1` for scalars, `f8:2:C` (dtype:rank:layout) for arrays.

A cache entry holds the generated source, a record of its options, and the machine code as Numba serialises
it. That is a pickle, so it is read only from bytes the manifest has vouched for; Numba's own index, file
names and time stamps play no part. Any doubt about an entry means that `load` returns None.
"""

import contextlib
import itertools
import json
import pickle
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy
from llvmlite.binding import address_of_symbol, llvm_version_info, set_option
from numba import config
from numba.core import errors, sigutils, typed_passes, types, untyped_passes
from numba.core.bytecode import FunctionIdentity
from numba.core.caching import _Cache
from numba.core.compiler import CompilerBase, CompileResult, DefaultPassBuilder
from numba.core.compiler_lock import global_compiler_lock
from numba.core.compiler_machinery import FunctionPass, PassManager, register_pass
from numba.core.registry import CPUDispatcher
from numba.core.runtime import rtsys
from numba.core.serialize import dumps
from numba.core.typeconv import Conversion
from numba.np import numpy_support

from adtrans import cache
from adtrans.backend import pool
from adtrans.backend.python import execute
from adtrans.backend.special import known
from adtrans.backend.unsigned import unsigned_indices
from adtrans.backend.width import widest

# Never nnan or ninf: a NaN or an infinity has to stay visible.
FASTMATH = frozenset({"contract", "reassoc", "nsz", "arcp", "afn"})

# What shows that a text may call elementary functions.
ELEMENTARY = ("exp", "tanh(", ".log", ".sin(", ".cos(", ".tan(", ".atan", ".arctan", ".erf(", ".pow", " ** ",
              " max(", " min(")

LLVM_WITH_HOISTED_CHECKS = range(18, 23)

_SOURCE, _RECORD, _NATIVE = "module.py", "record.json", "native"


@dataclass(frozen=True)
class Compiled:
    """A compiled generated module: what to call, and what it was made from."""

    function: Callable
    text: str
    entry: str
    signature: tuple[str, ...]
    meta: dict
    from_cache: bool


def compile_module(
    text: str,
    entry: str,
    signature: tuple[str, ...],
    *,
    key: str | None,
    meta: dict,
    boundscheck: bool = False,
    strict: bool = False,
    parallel: bool = False,
    parts: Sequence[str] = (),
    noalias: bool = False,
    wrapping: Sequence[int] | None = None,
    rows: bool = False,
    names: Mapping[str, Callable] | None = None,
) -> Compiled:
    """Compile the function `entry` of the module `text` for exactly `signature`.

    With a `key` the result goes into the disk cache, if there is one. `strict` forbids reassociation and
    contraction of floating-point operations; `noalias` promises that no two array arguments overlap, `wrapping` that
    indices are negative on these lines of the text at most. With `rows` short rows of numbers that are treated alike
    become vectors where loops over them have been unrolled. `names` are compiled functions that the text calls by name,
    functions of this text or such as are loaded before it is; the key has to tell them, too. `parts` are functions of
    the text that another one of it, of their name with an "s", calls at the same time. `meta` comes back as JSON would
    give it. Raises what Numba raises when the text does not compile.
    """
    if "import special" in text and known(text):
        key = None
    options = {"boundscheck": boundscheck, "strict": strict, "parallel": parallel, "parts": list(parts),
               "noalias": noalias, "wrapping": wrapping, "rows": rows}
    record = {"entry": entry, "signature": list(signature), "options": options, "meta": meta}
    record = json.loads(json.dumps(record))
    identity = _identity(text, record)
    function = _execute(text, entry, identity, key)
    function.__globals__.update(names or {})
    native = None
    if not config.DISABLE_JIT:
        native = _Native()
        if parts:
            from adtrans.backend.parts import dispatchers

            function.__globals__.update(dispatchers(function.__globals__, text, options))
        function = _dispatcher(function, text, options, native)
        with global_compiler_lock, _own_symbols(identity), _vector_rows(rows), _checks_inside(text):
            function.compile(_numba_types(signature))
    if key and native and native.content:
        record |= {"machine": _machine(), "symbols": native.symbols}
        record["modules"] = [function.__module__ for function in (names or {}).values()]
        _publish(key, {_SOURCE: text.encode(), _RECORD: json.dumps(record).encode(), _NATIVE: native.content})
    return Compiled(function, text, entry, tuple(signature), record["meta"], from_cache=False)


def load(key: str) -> Compiled | None:
    """What `compile_module` made for `key`, in this or another process, or None; compiles nothing."""
    stored = None if config.DISABLE_JIT else cache.read(key)
    if stored is None:
        return None
    try:
        return _restore(key, stored.files)
    except Exception:  # an intact entry that this Numba cannot take, say from another build or processor
        cache.discard(key)
        return None


def _publish(key: str, files: dict[str, bytes]) -> None:
    def fill(place: Path) -> None:
        for name, content in files.items():
            (place / name).write_bytes(content)

    cache.publish(key, fill)


def _restore(key: str, files: dict[str, bytes]) -> Compiled:
    record, text = json.loads(files[_RECORD]), files[_SOURCE].decode("utf-8")
    if record["machine"] != _machine():
        raise ValueError("compiled for another processor")
    entry, signature = record["entry"], tuple(record["signature"])
    native = _Native(files[_NATIVE], record["symbols"])
    for name in record["modules"]:  # by which the machine code knows the functions that it has taken in
        if name not in sys.modules:
            sys.modules[name] = execute(text, name, f"<{name}>")
    if record["options"]["parts"]:
        from adtrans.backend.parts import start_threads

        start_threads()
    function = _execute(text, entry, _identity(text, record), key)
    function = _dispatcher(function, text, record["options"], native)
    function.compile(_numba_types(signature))
    return Compiled(function, text, entry, signature, record["meta"], from_cache=True)


def _machine() -> list[str]:
    """What Numba generates code for: triple, processor and its instruction sets."""
    return list(CPUDispatcher.targetdescr.target_context.codegen().magic_tuple())


def _identity(text: str, record: dict) -> str:
    """A name for what is compiled: the same only for the same code."""
    return cache.digest(text, record["entry"], record["signature"], record["options"])[:32]


def _execute(text: str, entry: str, identity: str, key: str | None) -> Callable:
    """The Python function `entry` of `text`, from a module that Numba can find by name.

    The module's name is part of every symbol Numba makes for it. Numba tells symbols of one name apart by a
    count kept per process, so two functions of one name compiled in two processes and loaded from disk into
    a third are linked as if they were one: the name has to differ wherever the content does.
    """
    path = cache.location(key) if key else None
    name = f"adtrans_{identity}"
    module = execute(text, name, str(path / _SOURCE) if path else f"<{name}>")
    sys.modules[name] = module
    return module.__dict__[entry]


@contextlib.contextmanager
def _own_symbols(identity: str) -> Iterator[None]:
    """Number the functions compiled meanwhile from a start that nothing else has.

    The reason is the one in `_execute`, here for the functions of Numba's own that ours call.
    """
    before = FunctionIdentity._unique_ids
    FunctionIdentity._unique_ids = itertools.count(int(identity[:12], 16))
    try:
        yield
    finally:
        FunctionIdentity._unique_ids = before


@contextlib.contextmanager
def _vector_rows(wanted: bool) -> Iterator[None]:
    """Numba leaves LLVM's pass for straight-line code out unless its configuration, which is global, says otherwise."""
    before = config.SLP_VECTORIZE
    config.SLP_VECTORIZE = int(wanted or before)
    try:
        yield
    finally:
        config.SLP_VECTORIZE = before


@contextlib.contextmanager
def _checks_inside(text: str) -> Iterator[None]:
    """If loops run backwards, LLVM tests whether arrays overlap where it has to know, not in front of loops around.

    There the test is for all rows at once, and fails where they are taken last to first: a loop back in time over rows
    of a tape would never be vectorised. The option is global and there since LLVM 18; an unknown one ends the process.
    """
    there = "-1):" in text and llvm_version_info[0] in LLVM_WITH_HOISTED_CHECKS
    if there:
        set_option("adtrans", "-hoist-runtime-checks=false")
    try:
        yield
    finally:
        if there:
            set_option("adtrans", "-hoist-runtime-checks=true")


# Numba's side.


class _Native(_Cache):
    """What a dispatcher takes for its cache on disk: one serialised function, in memory.

    `symbols` are the names the machine code needs from outside. Numba provides most of them from the start,
    the others with its registries of functions, which take longer to import than all else that loading does.
    """

    cache_path = None

    def __init__(self, content: bytes | None = None, symbols: list[str] | None = None):
        self.content = content
        self.symbols = symbols or []

    def load_overload(self, sig, target_context):
        if self.content is None:
            return None
        rtsys.initialize(target_context)
        if pool.NAME in self.symbols:
            pool.install()
        if not all(map(address_of_symbol, self.symbols)):
            target_context.refresh()
        return CompileResult._rebuild(target_context, *pickle.loads(self.content))

    def save_overload(self, sig, data):
        # Addresses of this process, or loops compiled as separate objects, mean nothing to the next one.
        if data.library.has_dynamic_globals or not all(loop.can_cache for loop in data.lifted):
            return
        self.content = dumps(data._reduce())
        module = data.library._final_module
        outside = [value.name for value in module.functions if value.is_declaration]
        outside += [value.name for value in module.global_variables if value.is_declaration]
        self.symbols = [name for name in outside if not name.startswith("llvm.")]

    def enable(self):
        pass

    def disable(self):
        pass

    def flush(self):
        self.content = None


@register_pass(mutates_CFG=False, analysis_only=True)
class KeptMemory(FunctionPass):
    """The function's large arrays are to come from `pool`: seen to where its module is linked and not yet optimised."""

    _name = "adtrans_kept_memory"

    def __init__(self):
        super().__init__()

    def run_pass(self, state):
        if state.library is None:  # as Numba's next pass would make it
            state.library = state.targetctx.codegen().create_library(state.func_id.func_qualname)
            state.library.enable_object_caching()
        library = state.library
        optimise = library._optimize_final_module

        def redirected() -> None:
            library._final_module = pool.redirect(library._final_module)
            with widest(library._codegen):
                optimise()

        library._optimize_final_module = redirected
        return False


class LeanCompiler(CompilerBase):
    """Numba's pipeline for plain loops.

    Left out are the passes that look for what generated code does not have: closures and comprehensions, `with`,
    loops over literals, branches on constants, expressions of whole arrays. They take a tenth of the time.
    """

    def define_pipelines(self):
        if self.state.flags.auto_parallel.enabled:
            return [DefaultPassBuilder.define_nopython_pipeline(self.state)]
        passes = PassManager("adtrans")
        for step, purpose in (
            (untyped_passes.TranslateByteCode, "analyzing bytecode"),
            (untyped_passes.FixupArgs, "fix up args"),
            (untyped_passes.IRProcessing, "processing IR"),
            (untyped_passes.GenericRewrites, "nopython rewrites"),
            (untyped_passes.RewriteDynamicRaises, "rewrite dynamic raises"),
            (untyped_passes.ReconstructSSA, "ssa"),
            (typed_passes.NopythonTypeInference, "nopython frontend"),
            (typed_passes.PreLowerStripPhis, "remove phis nodes"),
        ):
            passes.add_pass(step, purpose)
        passes.passes.extend(DefaultPassBuilder.define_nopython_lowering_pipeline(self.state).passes)
        passes.finalize()
        return [passes]


def pipeline(text: str, options: dict) -> type[CompilerBase]:
    """The compiler for a text and the promises that are made of it."""

    class Pipeline(LeanCompiler):
        def define_pipelines(self):
            self.state.flags.noalias = options["noalias"]
            found = super().define_pipelines()
            for passes in found:
                passes.add_pass_after(KeptMemory, typed_passes.PreLowerStripPhis)
                for step, place in steps:
                    passes.add_pass_after(step, place)
                passes.finalize()
            return found

    steps: list = []
    if options["wrapping"] is not None:
        steps.append((unsigned_indices(frozenset(options["wrapping"])), typed_passes.NopythonTypeInference))
    if options["noalias"] and any(name in text for name in ("np.empty(", "np.zeros(", "np.dot(", ".copy()")):
        from adtrans.backend.fresh import FreshArrays, FreshCopies

        steps.append((FreshCopies if options["rows"] else FreshArrays, typed_passes.NopythonTypeInference))
    if "np.dot(" in text or "np.linalg.solve(" in text:
        from adtrans.backend.blas import MatrixProducts  # takes a while to import

        steps.append((MatrixProducts, untyped_passes.IRProcessing))
    if not options["parallel"] and any(name in text for name in ELEMENTARY):
        from adtrans.backend.vecmath import VectorMath

        steps.append((VectorMath, typed_passes.NopythonTypeInference))
    if "factors.lu_" in text:
        import adtrans.backend.factors  # noqa: F401
    if "adtrans.optim.memory" in text:
        import adtrans.backend.memory  # noqa: F401

    return Pipeline


class _OneSignature(CPUDispatcher):
    """A dispatcher that is compiled once and then takes what converts safely to that signature.

    A plain dispatcher compiles for whatever it is called with; one whose compilation is disabled converts
    anything, a float to an integer included. A call with the exact types never gets here.
    """

    def compile(self, sig):
        if not self.overloads:
            return super().compile(sig)
        actual = sigutils.normalize_signature(sig)[0]
        formal, made = next(iter(self.overloads.items()))
        if len(actual) == len(formal) and all(map(self._takes, actual, formal)):
            return made.entry_point
        wanted, given = (", ".join(map(str, side)) for side in (formal, actual))
        raise errors.TypingError(f"{self.__name__} is compiled for ({wanted}), not for ({given})")

    def _takes(self, actual: types.Type, formal: types.Type) -> bool:
        if isinstance(actual, types.Array) and not actual.mutable:
            actual = actual.copy(readonly=False)  # generated code leaves its arguments as they are
        conversion = self.typingctx.can_convert(actual, formal)
        return conversion is not None and conversion <= Conversion.safe

    def get_call_template(self, args, kws):
        template, pysig, args, kws = super().get_call_template(args, kws)
        # `compile` has agreed to the conversions; what decides next would allow more, and fewer.
        return template, pysig, next(iter(self.overloads)), kws

    def _compile_for_args(self, *args, **kws):
        try:
            return self.compile(tuple(map(self.typeof_pyval, args)))
        except errors.TypingError as error:
            raise TypeError(str(error)) from None


def _dispatcher(function: Callable, text: str, options: dict, native: _Native) -> _OneSignature:
    dispatcher = _OneSignature(function, targetoptions=target_options(options), pipeline_class=pipeline(text, options))
    dispatcher._cache = native
    return dispatcher


def target_options(options: dict) -> dict:
    """Numba's options."""
    return {
        "nopython": True,
        "error_model": "numpy",
        "fastmath": False if options["strict"] else set(FASTMATH),
        "boundscheck": options["boundscheck"],
        "parallel": options["parallel"],
    }


def _numba_types(signature: tuple[str, ...]) -> tuple[types.Type, ...]:
    return tuple(map(numba_type, signature))


def numba_type(code: str) -> types.Type:
    """The Numba type of a type code: `f8` is float64, `f4:2:C` a C-contiguous matrix of float32."""
    dtype, *shape = code.split(":")
    scalar = numpy_support.from_dtype(numpy.dtype(dtype))
    return types.Array(scalar, int(shape[0]), shape[1]) if shape else scalar


def type_code(numba_type: types.Type) -> str:
    """The type code of a Numba type; TypeError where there is none."""
    match types.unliteral(numba_type):
        case types.Array(dtype=dtype, ndim=ndim, layout=layout, aligned=True):
            return f"{type_code(dtype)}:{ndim}:{layout}"
        case types.Boolean() | types.Integer() | types.Float() as scalar:
            return numpy_support.as_dtype(scalar).str[1:]
    raise TypeError(f"no type code for {numba_type}")
