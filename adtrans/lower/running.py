"""Running sums and products: cumsum, cumprod."""

from __future__ import annotations

from adtrans.build import ZERO
from adtrans.ir import INT, Const, Scalar
from adtrans.lower import nests, views
from adtrans.lower.requests import Request
from adtrans.lower.scalars import as_type
from adtrans.lower.values import Value


def running(name: str, op: str, start: float):
    """All partial results along an axis, or of the whole array in order."""
    def run(low, args, keywords) -> Value:
        request = Request(low, name, args, keywords)
        value = request.value
        if isinstance(request.axis, tuple):
            raise low.error("'tuple' object cannot be interpreted as an integer", kind="type")
        if request.axis is None and value.rank != 1:
            from adtrans.lower.shaping import flat

            value = flat(low, value)
        axis = request.axes[0] if request.axis is not None else 0
        value = nests.concrete(low, value)
        code = "i8" if value.code == "b1" else value.code
        init = Const(start, Scalar(code)) if code[0] == "f" else Const(int(start), INT)
        out = views.whole(low, low.fresh(low.build.alloc(code, value.shape, "empty")))
        others = tuple(extent for k, extent in enumerate(value.shape) if k != axis)

        def line(outer):
            def step(counter, state):
                index = (*outer[:axis], counter, *outer[axis:])
                following = low.build.prim(op, state[0], as_type(low, nests.element(low, value, index), code).operand)
                views.store(low, out, index, following)
                return [following]

            nests.loop(low, ZERO, value.shape[axis], [(init, "total")], step, "k")

        nests.nest(low, others, line)
        return request.finish(low, out)

    return run
