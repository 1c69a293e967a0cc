"""The adjoint of repeating an array, for rules that act element by element."""

import numpy as np


def fitted(bar, arg):
    """An adjoint summed over the leading axes along which its argument was repeated."""
    if np.ndim(bar) > np.ndim(arg):
        return np.sum(bar, axis=tuple(range(np.ndim(bar) - np.ndim(arg))))
    return bar
