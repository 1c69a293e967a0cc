"""Averages over neighbours back and forth between two arrays: loops and their adjoints, by hand.

The adjoint gathers: each element of one bar reads the neighbours in the other, whose border counts as zero because
nothing is assigned there. The borders of the bars are therefore kept apart until the end. After a step back the
interior of the other bar is zero, so that the next step stores into it instead of adding.
"""

import numpy as np

from .flags import fast

THIRD = 1.0 / 3.0


@fast
def jacobi_1d(steps, a, b):
    n = len(a)
    for _ in range(steps):
        for i in range(1, n - 1):
            b[i] = (a[i - 1] + a[i] + a[i + 1]) * THIRD
        for i in range(1, n - 1):
            a[i] = (b[i - 1] + b[i] + b[i + 1]) * THIRD


@fast
def gather_1d(to, of, ends, kept):
    """Store, or with `kept` 1.0 add, into the interior of `to`; what goes to its ends is summed in `ends`."""
    n = len(to)
    if kept == 0.0:
        for i in range(1, n - 1):
            to[i] = (of[i - 1] + of[i] + of[i + 1]) * THIRD
    else:
        for i in range(1, n - 1):
            to[i] += (of[i - 1] + of[i] + of[i + 1]) * THIRD
    ends[0] += of[1] * THIRD
    ends[1] += of[n - 2] * THIRD


@fast
def jacobi_1d_adjoint(steps, a, b, a_bar, b_bar):
    jacobi_1d(steps, a, b)
    n = len(a)
    a_ends, b_ends = a_bar[::n - 1].copy(), b_bar[::n - 1].copy()
    a_bar[0] = a_bar[n - 1] = b_bar[0] = b_bar[n - 1] = 0.0
    for step in range(steps):
        gather_1d(b_bar, a_bar, b_ends, 1.0 if step == 0 else 0.0)
        gather_1d(a_bar, b_bar, a_ends, 0.0)
    if steps > 0:
        b_bar[:] = 0.0
    a_bar[0], a_bar[n - 1] = a_ends
    b_bar[0], b_bar[n - 1] = b_ends


@fast
def average_2d(new, old):
    rows, columns = old.shape
    for i in range(1, rows - 1):
        for j in range(1, columns - 1):
            new[i, j] = 0.2 * (old[i, j] + old[i, j - 1] + old[i, j + 1] + old[i + 1, j] + old[i - 1, j])


@fast
def jacobi_2d(steps, a, b):
    for _ in range(steps):
        average_2d(b, a)
        average_2d(a, b)


@fast
def borders_2d(to_rows, to_columns, of):
    """Sum what goes to the first and last row and column."""
    rows, columns = of.shape
    for j in range(1, columns - 1):
        to_rows[0, j] += 0.2 * of[1, j]
        to_rows[1, j] += 0.2 * of[rows - 2, j]
    for i in range(1, rows - 1):
        to_columns[0, i] += 0.2 * of[i, 1]
        to_columns[1, i] += 0.2 * of[i, columns - 2]


@fast
def take_border_2d(bar):
    """The border of a bar as rows and columns, zero afterwards; corners are in the rows."""
    rows, columns = bar.shape
    in_rows, in_columns = np.empty((2, columns)), np.empty((2, rows))
    for k, at in enumerate((0, rows - 1)):
        for j in range(columns):
            in_rows[k, j], bar[at, j] = bar[at, j], 0.0
    for k, at in enumerate((0, columns - 1)):
        for i in range(rows):
            in_columns[k, i], bar[i, at] = bar[i, at], 0.0
    return in_rows, in_columns


@fast
def put_border_2d(bar, in_rows, in_columns):
    rows, columns = bar.shape
    for i in range(1, rows - 1):
        bar[i, 0], bar[i, columns - 1] = in_columns[0, i], in_columns[1, i]
    for j in range(columns):
        bar[0, j], bar[rows - 1, j] = in_rows[0, j], in_rows[1, j]


@fast
def jacobi_2d_adjoint(steps, a, b, a_bar, b_bar):
    jacobi_2d(steps, a, b)
    a_rows, a_columns = take_border_2d(a_bar)
    b_rows, b_columns = take_border_2d(b_bar)
    rows, columns = a.shape
    for step in range(steps):
        if step == 0:
            for i in range(1, rows - 1):
                for j in range(1, columns - 1):
                    b_bar[i, j] += 0.2 * (a_bar[i, j] + a_bar[i, j - 1] + a_bar[i, j + 1] + a_bar[i + 1, j]
                                          + a_bar[i - 1, j])
        else:
            average_2d(b_bar, a_bar)
        borders_2d(b_rows, b_columns, a_bar)
        average_2d(a_bar, b_bar)
        borders_2d(a_rows, a_columns, b_bar)
    if steps > 0:
        b_bar[:] = 0.0
    put_border_2d(a_bar, a_rows, a_columns)
    put_border_2d(b_bar, b_rows, b_columns)


@fast
def seidel_2d(steps, a):
    rows, columns = a.shape
    ninth = 1.0 / 9.0
    for _ in range(steps):
        for i in range(1, rows - 1):
            for j in range(1, columns - 1):
                a[i, j] += (a[i - 1, j - 1] + a[i - 1, j] + a[i - 1, j + 1] + a[i, j + 1] + a[i + 1, j - 1]
                            + a[i + 1, j] + a[i + 1, j + 1])
            left = a[i, 0]
            for j in range(1, columns - 1):
                left = (a[i, j] + left) * ninth
                a[i, j] = left


@fast
def seidel_2d_adjoint(steps, a, a_bar):
    """The recurrence along a row is carried in a number; `d` holds the adjoints of the sums, zero at both ends."""
    seidel_2d(steps, a)
    rows, columns = a.shape
    d = np.zeros(columns)
    ninth, last = 1.0 / 9.0, columns - 1
    for _ in range(steps):
        for i in range(rows - 2, 0, -1):
            right = 0.0
            for j in range(last - 1, 0, -1):
                right = (a_bar[i, j] + right) * ninth
                d[j] = right
            a_bar[i, 0] += right
            for j in range(1, last):
                a_bar[i, j] = d[j] + d[j - 1]
                near = d[j - 1] + d[j] + d[j + 1]
                a_bar[i - 1, j] += near
                a_bar[i + 1, j] += near
            a_bar[i, last] += d[last - 1]
            for k in (i - 1, i + 1):
                a_bar[k, 0] += d[1]
                a_bar[k, last] += d[last - 1]
