"""Distances on the sphere between two lists of points, by the haversine formula."""

import numpy as np

from .data import uniform


def arc_distance(theta1, phi1, theta2, phi2):
    half = np.sin((theta2 - theta1) / 2)**2 + np.cos(theta1) * np.cos(theta2) * np.sin((phi2 - phi1) / 2)**2
    return 2 * np.arctan2(np.sqrt(half), np.sqrt(1 - half))


def arguments(size, dtype):
    return dict(zip(("theta1", "phi1", "theta2", "phi2"), uniform(dtype, *[size * size] * 4)))
