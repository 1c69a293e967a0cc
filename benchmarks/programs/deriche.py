"""Deriche's recursive smoothing filter: four sweeps, along rows and then along columns."""

import numpy as np

from .data import uniform


def deriche(alpha, image):
    decay = np.exp(-alpha)
    k = (1.0 - decay) * (1.0 - decay) / (1.0 + 2.0 * alpha * decay - np.exp(-2.0 * alpha))
    a1 = a5 = k
    a2 = a6 = k * decay * (alpha - 1.0)
    a3 = a7 = k * decay * (alpha + 1.0)
    a4 = a8 = -k * np.exp(-2.0 * alpha)
    b1 = 2.0 ** -alpha
    b2 = -np.exp(-2.0 * alpha)
    rows, columns = image.shape
    ahead = np.empty_like(image)
    ahead[:, 0] = a1 * image[:, 0]
    ahead[:, 1] = a1 * image[:, 1] + a2 * image[:, 0] + b1 * ahead[:, 0]
    for j in range(2, columns):
        ahead[:, j] = a1 * image[:, j] + a2 * image[:, j - 1] + b1 * ahead[:, j - 1] + b2 * ahead[:, j - 2]
    back = np.empty_like(image)
    back[:, -1] = 0.0
    back[:, -2] = a3 * image[:, -1]
    for j in range(columns - 3, -1, -1):
        back[:, j] = a3 * image[:, j + 1] + a4 * image[:, j + 2] + b1 * back[:, j + 1] + b2 * back[:, j + 2]
    out = ahead + back
    ahead[0, :] = a5 * out[0, :]
    ahead[1, :] = a5 * out[1, :] + a6 * out[0, :] + b1 * ahead[0, :]
    for i in range(2, rows):
        ahead[i, :] = a5 * out[i, :] + a6 * out[i - 1, :] + b1 * ahead[i - 1, :] + b2 * ahead[i - 2, :]
    back[-1, :] = 0.0
    back[-2, :] = a7 * out[-1, :]
    for i in range(rows - 3, -1, -1):
        back[i, :] = a7 * out[i + 1, :] + a8 * out[i + 2, :] + b1 * back[i + 1, :] + b2 * back[i + 2, :]
    out[:] = ahead + back
    return out


def arguments(size, dtype):
    return {"alpha": 0.25, "image": uniform(dtype, (size, size + 1))[0]}
