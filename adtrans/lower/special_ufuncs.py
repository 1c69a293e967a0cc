"""Special functions elementwise: those of `adtrans.special`, and SciPy's of the same meaning where SciPy is loaded."""

from __future__ import annotations

import sys
from collections.abc import Callable

import numpy as np

from adtrans import special
from adtrans.ir import F8
from adtrans.library import special_functions as library
from adtrans.lower import nests
from adtrans.lower.scalars import as_type, floating
from adtrans.lower.ufunc_calls import UfuncCall
from adtrans.lower.values import Num, Value


def mapped(function: Callable, name: str, count: int = 1, wide: bool = False, strong: bool = False):
    """A library function of numbers applied to every element; `wide` ones compute in double precision, and to `strong`
    ones a Python float is a double, as it is to some of SciPy's."""
    def run(low, args, keywords) -> Value:
        from adtrans.lower import statics
        from adtrans.lower.calls import call_function

        call = UfuncCall(low, name, args, keywords, count)

        def type_rule(*types):
            return floating(*((code, weak and not strong) for code, weak in types))

        def emit(*values: Num) -> Num:
            code, _ = type_rule(*((value.code, value.weak) for value in values))
            given = [as_type(low, value, "f8" if wide else code, False) for value in values]
            found = call_function(low, statics.function_of(low, function), given, {}, pinned=True)
            return as_type(low, found, code, False)

        return call.finish(low, nests.elementwise(low, type_rule, emit, *call.operands, cheap=False))

    return run


def primitive(op: str, name: str):
    """A function that is an operation of the core language, in double precision."""
    def run(low, args, keywords) -> Value:
        call = UfuncCall(low, name, args, keywords, 1)

        def emit(value: Num) -> Num:
            code, _ = floating((value.code, value.weak))
            return as_type(low, Num(low.build.prim("math." + op, as_type(low, value, "f8").operand, type=F8)), code)

        return call.finish(low, nests.elementwise(low, floating, emit, *call.operands, cheap=False))

    return run


ERF, ERFC, GAMMALN = primitive("erf", "erf"), primitive("erfc", "erfc"), primitive("lgamma", "gammaln")
DIGAMMA = mapped(library.digamma, "digamma", 1, True)
SIGMOID, LOG_SIGMOID = mapped(library.sigmoid, "sigmoid"), mapped(library.log_sigmoid, "log_sigmoid")

TABLE = {
    special.erf: ERF, special.gammaln: GAMMALN, special.digamma: DIGAMMA, special.sigmoid: SIGMOID,
    special.log_sigmoid: LOG_SIGMOID, special.softplus: mapped(library.softplus, "softplus"),
    special.logaddexp: mapped(library.logaddexp, "logaddexp", 2), np.sinc: mapped(library.sinc, "sinc"),
}
SCIPY = {
    "erf": ERF, "erfc": ERFC, "gammaln": GAMMALN, "digamma": DIGAMMA, "psi": DIGAMMA, "expit": SIGMOID,
    "log_expit": LOG_SIGMOID, "gamma": primitive("gamma", "gamma"), "logit": mapped(library.logit, "logit"),
    "xlogy": mapped(library.xlogy, "xlogy", 2, strong=True),
    "xlog1py": mapped(library.xlog1py, "xlog1py", 2, strong=True),
    "entr": mapped(library.entr, "entr"), "rel_entr": mapped(library.rel_entr, "rel_entr", 2),
    "kl_div": mapped(library.kl_div, "kl_div", 2), "huber": mapped(library.huber, "huber", 2),
    "pseudo_huber": mapped(library.pseudo_huber, "pseudo_huber", 2), "ndtr": mapped(library.ndtr, "ndtr", 1, True),
    "log_ndtr": mapped(library.log_ndtr, "log_ndtr", 1, True), "exp10": mapped(library.exp10, "exp10"),
    "beta": mapped(library.beta, "beta", 2, True, True), "betaln": mapped(library.betaln, "betaln", 2, True, True),
}
SAME = {"exp2": np.exp2, "expm1": np.expm1, "log1p": np.log1p, "cbrt": np.cbrt}
ARRAYS = {"logsumexp": special.logsumexp, "softmax": library.softmax, "log_softmax": library.log_softmax}


def with_scipy() -> None:
    """SciPy's functions are known from when SciPy is loaded."""
    found = sys.modules.get("scipy.special")
    if found is None:
        return
    from adtrans.library import LIBRARY
    from adtrans.lower.tables import KNOWN

    if found.erf in KNOWN:
        return
    for table, known in ((SCIPY, KNOWN), (ARRAYS, LIBRARY), ({name: KNOWN[f] for name, f in SAME.items()}, KNOWN)):
        known.update({getattr(found, name): reader for name, reader in table.items() if hasattr(found, name)})
