"""What solvers give back: a dict whose entries are attributes too, with SciPy's names."""

from __future__ import annotations

from typing import Any

from adtrans.optim.solvers.state import FLAT, NO_CHANGE, NO_DECREASE, NOT_FINITE, RUNNING, STUCK

STOPPED = 99
# What a solver says, as SciPy's number and words.
OUTCOMES = {
    FLAT: (0, "the gradient is within gtol of zero"),
    NO_DECREASE: (0, "the relative decrease of the value is within ftol"),
    NO_CHANGE: (0, "the relative change of x is within xtol"),
    RUNNING: (1, "max_steps have been taken without reaching the tolerances"),
    STUCK: (2, "no further decrease was found along the search direction, perhaps for rounding"),
    NOT_FINITE: (3, "the value or its gradient is not finite"),
    STOPPED: (99, "the callback has asked to stop"),
}


class Result(dict):
    """The result of `minimize` and `least_squares`.

    >>> found = Result(x=1.0, nit=3)
    >>> found.nit
    3
    """

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"a result has {', '.join(self)}, not {name!r}") from None

    __setattr__ = dict.__setitem__
    __delattr__ = dict.__delitem__

    def __dir__(self) -> list[str]:
        return list(self)

    def __repr__(self) -> str:
        width = max(map(len, self), default=0)
        return "\n".join(f"{name.rjust(width)}: {value!r}" for name, value in self.items())


def ending(code: int) -> dict[str, Any]:
    """The fields that say how a solver ended."""
    status, message = OUTCOMES[code]
    return {"success": status == 0, "status": status, "message": message}
