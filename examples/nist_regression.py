"""Levenberg-Marquardt on a reference problem whose answer is certified to eleven digits.

MGH09 of the Statistical Reference Datasets of the U.S. National Institute of Standards and Technology (public domain),
of "higher difficulty": y = b1 (x^2 + b2 x) / (x^2 + b3 x + b4), from both of its starting points.
"""

import numpy as np

from adtrans import optim

Y = np.array([0.1957, 0.1947, 0.1735, 0.16, 0.0844, 0.0627, 0.0456, 0.0342, 0.0323, 0.0235, 0.0246])
X = np.array([4.0, 2.0, 1.0, 0.5, 0.25, 0.167, 0.125, 0.1, 0.0833, 0.0714, 0.0625])
STARTS = ([25.0, 39.0, 41.5, 39.0], [0.25, 0.39, 0.415, 0.39])
CERTIFIED = np.array([1.9280693458e-01, 1.9128232873e-01, 1.2305650693e-01, 1.3606233068e-01])


def residuals(b, x, y):
    return y - b[0] * (x * x + b[1] * x) / (x * x + b[2] * x + b[3])


errors = []
for start in STARTS:
    found = optim.least_squares(residuals, start, (X, Y))
    errors.append(np.max(np.abs(found.x / CERTIFIED - 1.0)))
    print(f"{found.x}, {found.nfev} evaluations, sum of squares {2.0 * found.cost:.10e}, error {errors[-1]:.1e}")
    assert abs(2.0 * found.cost / 3.0750560385e-04 - 1.0) < 1e-9
assert max(errors) < 1e-6
