"""Horizontal diffusion with flux limiter."""

import numpy as np

from .data import uniform


def hdiff(field, out, coeff):
    ni, nj, _ = out.shape
    lap = 4.0 * field[1:ni + 3, 1:nj + 3, :] - (field[2:ni + 4, 1:nj + 3, :] + field[:ni + 2, 1:nj + 3, :]
                                                + field[1:ni + 3, 2:nj + 4, :] + field[1:ni + 3, :nj + 2, :])
    flux = lap[1:, 1:nj + 1, :] - lap[:-1, 1:nj + 1, :]
    flx = np.where(flux * (field[2:ni + 3, 2:nj + 2, :] - field[1:ni + 2, 2:nj + 2, :]) > 0, 0, flux)
    flux = lap[1:ni + 1, 1:, :] - lap[1:ni + 1, :-1, :]
    fly = np.where(flux * (field[2:ni + 2, 2:nj + 3, :] - field[2:ni + 2, 1:nj + 2, :]) > 0, 0, flux)
    out[:, :, :] = field[2:ni + 2, 2:nj + 2, :] - coeff[:, :, :] * (flx[1:, :, :] - flx[:-1, :, :]
                                                                     + fly[:, 1:, :] - fly[:, :-1, :])


def arguments(size, dtype):
    field, out, coeff = uniform(dtype, (size + 4, size + 5, 4), (size, size + 1, 4), (size, size + 1, 4))
    return {"field": field, "out": out, "coeff": coeff}
