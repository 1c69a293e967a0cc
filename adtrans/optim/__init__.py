"""Optimisation: `minimize` and `least_squares`, compiled from the first step to the last."""

import importlib

_PLACES = {"minimize": "minimization", "least_squares": "leastsquares", "Result": "result"}

__all__ = ["Result", "least_squares", "minimize"]


def __getattr__(name: str):
    if name in _PLACES:
        return getattr(importlib.import_module(f"adtrans.optim.{_PLACES[name]}"), name)
    raise AttributeError(f"module 'adtrans.optim' has no attribute {name!r}")
