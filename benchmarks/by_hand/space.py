"""The heat equation in space and Maxwell's equations in a plane: loops and their adjoints, by hand.

Both are linear: the adjoint needs no values of the forward run. It gathers, see `stencils`.
"""

import numpy as np

from .flags import fast


@fast
def diffuse(new, old):
    nx, ny, nz = old.shape
    for i in range(1, nx - 1):
        for j in range(1, ny - 1):
            for k in range(1, nz - 1):
                new[i, j, k] = 0.25 * old[i, j, k] + 0.125 * (
                    old[i + 1, j, k] + old[i - 1, j, k] + old[i, j + 1, k] + old[i, j - 1, k] + old[i, j, k + 1]
                    + old[i, j, k - 1])


@fast
def diffuse_adding(new, old):
    nx, ny, nz = old.shape
    for i in range(1, nx - 1):
        for j in range(1, ny - 1):
            for k in range(1, nz - 1):
                new[i, j, k] += 0.25 * old[i, j, k] + 0.125 * (
                    old[i + 1, j, k] + old[i - 1, j, k] + old[i, j + 1, k] + old[i, j - 1, k] + old[i, j, k + 1]
                    + old[i, j, k - 1])


@fast
def heat_3d(steps, a, b):
    for _ in range(steps):
        diffuse(b, a)
        diffuse(a, b)


@fast
def faces(x, y, z, of):
    """Sum what goes to the faces."""
    nx, ny, nz = of.shape
    for j in range(1, ny - 1):
        for k in range(1, nz - 1):
            x[0, j, k] += 0.125 * of[1, j, k]
            x[1, j, k] += 0.125 * of[nx - 2, j, k]
    for i in range(1, nx - 1):
        for k in range(1, nz - 1):
            y[0, i, k] += 0.125 * of[i, 1, k]
            y[1, i, k] += 0.125 * of[i, ny - 2, k]
        for j in range(1, ny - 1):
            z[0, i, j] += 0.125 * of[i, j, 1]
            z[1, i, j] += 0.125 * of[i, j, nz - 2]


@fast
def take_faces(bar):
    """The faces of a bar, zero afterwards; an edge is in the first face that has it."""
    nx, ny, nz = bar.shape
    x, y, z = np.empty((2, ny, nz)), np.empty((2, nx, nz)), np.empty((2, nx, ny))
    for side in range(2):
        at = side * (nx - 1)
        for j in range(ny):
            for k in range(nz):
                x[side, j, k], bar[at, j, k] = bar[at, j, k], 0.0
    for i in range(nx):
        for side in range(2):
            at = side * (ny - 1)
            for k in range(nz):
                y[side, i, k], bar[i, at, k] = bar[i, at, k], 0.0
        for j in range(ny):
            for side in range(2):
                at = side * (nz - 1)
                z[side, i, j], bar[i, j, at] = bar[i, j, at], 0.0
    return x, y, z


@fast
def put_faces(bar, x, y, z):
    nx, ny, nz = bar.shape
    for side in range(2):
        for j in range(ny):
            for k in range(nz):
                bar[side * (nx - 1), j, k] += x[side, j, k]
    for i in range(nx):
        for side in range(2):
            for k in range(nz):
                bar[i, side * (ny - 1), k] += y[side, i, k]
        for j in range(ny):
            bar[i, j, 0] += z[0, i, j]
            bar[i, j, nz - 1] += z[1, i, j]


@fast
def heat_3d_adjoint(steps, a, b, a_bar, b_bar):
    heat_3d(steps, a, b)
    ax, ay, az = take_faces(a_bar)
    bx, by, bz = take_faces(b_bar)
    for step in range(steps):
        if step == 0:
            diffuse_adding(b_bar, a_bar)
        else:
            diffuse(b_bar, a_bar)
        faces(bx, by, bz, a_bar)
        diffuse(a_bar, b_bar)
        faces(ax, ay, az, b_bar)
    for i in range(b.shape[0] if steps > 0 else 0):
        for j in range(b.shape[1]):
            for k in range(b.shape[2]):
                b_bar[i, j, k] = 0.0
    put_faces(a_bar, ax, ay, az)
    put_faces(b_bar, bx, by, bz)


@fast
def fdtd_2d(steps, ex, ey, hz, source):
    nx, ny = hz.shape
    for t in range(steps):
        for j in range(ny):
            ey[0, j] = source[t]
        for i in range(1, nx):
            for j in range(ny):
                ey[i, j] -= 0.5 * (hz[i, j] - hz[i - 1, j])
        for i in range(nx):
            for j in range(1, ny):
                ex[i, j] -= 0.5 * (hz[i, j] - hz[i, j - 1])
        for i in range(nx - 1):
            for j in range(ny - 1):
                hz[i, j] -= 0.7 * (ex[i, j + 1] - ex[i, j] + ey[i + 1, j] - ey[i, j])


@fast
def from_magnetic(ex_bar, ey_bar, hz_bar):
    """Add to the bars of the electric field what the update of the magnetic field reads."""
    nx, ny = hz_bar.shape
    for i in range(nx - 1):
        ex_bar[i, 0] += 0.7 * hz_bar[i, 0]
        for j in range(1, ny - 1):
            ex_bar[i, j] += 0.7 * (hz_bar[i, j] - hz_bar[i, j - 1])
        ex_bar[i, ny - 1] -= 0.7 * hz_bar[i, ny - 2]
    for j in range(ny - 1):
        ey_bar[0, j] += 0.7 * hz_bar[0, j]
        ey_bar[nx - 1, j] -= 0.7 * hz_bar[nx - 2, j]
    for i in range(1, nx - 1):
        for j in range(ny - 1):
            ey_bar[i, j] += 0.7 * (hz_bar[i, j] - hz_bar[i - 1, j])


@fast
def from_electric(ex_bar, ey_bar, hz_bar):
    """Add to the bar of the magnetic field what the updates of the electric field read; two rows at a time."""
    nx, ny = hz_bar.shape
    for i in range(nx):
        hz_bar[i, 0] += 0.5 * ex_bar[i, 1]
        for j in range(1, ny - 1):
            hz_bar[i, j] += 0.5 * (ex_bar[i, j + 1] - ex_bar[i, j])
        hz_bar[i, ny - 1] -= 0.5 * ex_bar[i, ny - 1]
        if i == 0:
            for j in range(ny):
                hz_bar[0, j] += 0.5 * ey_bar[1, j]
        elif i < nx - 1:
            for j in range(ny):
                hz_bar[i, j] += 0.5 * (ey_bar[i + 1, j] - ey_bar[i, j])
        else:
            for j in range(ny):
                hz_bar[i, j] -= 0.5 * ey_bar[i, j]


@fast
def fdtd_2d_adjoint(steps, ex, ey, hz, source, ex_bar, ey_bar, hz_bar, source_bar):
    fdtd_2d(steps, ex, ey, hz, source)
    for t in range(steps - 1, -1, -1):
        from_magnetic(ex_bar, ey_bar, hz_bar)
        from_electric(ex_bar, ey_bar, hz_bar)
        total = 0.0
        for j in range(ey_bar.shape[1]):
            total += ey_bar[0, j]
            ey_bar[0, j] = 0.0
        source_bar[t] += total
