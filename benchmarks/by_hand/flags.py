"""How hand-written functions are compiled: the flags of generated code."""

import numba

fast = numba.njit(error_model="numpy", fastmath={"reassoc", "contract", "nsz", "arcp", "afn"})
