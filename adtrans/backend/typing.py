"""Makes instances of a plain class callable inside `@numba.njit` code, without importing Numba for it.

    register(GradientFunction)             # once, where the class is defined

From then on Numba, meeting an instance `g` as a global, a closure variable or an argument, accepts
`g(*args)`, `g.value(*args)` and `g.value_and_grad(*args)`. For each call it is typing it asks

    g.numba_dispatcher(types, mode=mode)   # mode: "call", "value" or "value_and_grad"

for a Numba dispatcher compiled for exactly these types, and calls that. `types` has one Numba type for each
parameter of `g.py_func` (of the call, where there is no `py_func`), keyword arguments in their places. An
omitted argument is `Omitted(default)`; literal strings stay `StringLiteral`, other literals are plain types.
An exception raised there becomes part of Numba's TypingError.

Of instances of a class that is registered with `mode="value"` only the call itself is known.
"""

MODES = ("call", "value", "value_and_grad")


def register(cls: type, mode: str = "call") -> None:
    """Let Numba type instances of `cls`, which have a method `numba_dispatcher(types, mode)`."""
    def numba_type(instance: object) -> object:
        from adtrans.backend.calls import GradientCall

        return GradientCall(instance, mode)

    # Numba asks a value of a class unknown to it for this attribute, so nothing has to be registered with it.
    cls._numba_type_ = property(numba_type)  # type: ignore[attr-defined]
