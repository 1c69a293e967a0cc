"""Bundle adjustment: the sum of squared, weighted errors of reprojection, and of the weights' own.

cameras (n, 11): rotation (3, axis times angle), centre (3), focal length, principal point (2), radial distortion (2);
points (m, 3); weights, observations (p); features (p, 2): where the camera saw the point.
"""

import math

import numpy as np


def rotated(r0, r1, r2, x, y, z):
    """Rodrigues' formula."""
    square = r0 * r0 + r1 * r1 + r2 * r2
    if square == 0.0:
        return x + r1 * z - r2 * y, y + r2 * x - r0 * z, z + r0 * y - r1 * x
    angle = math.sqrt(square)
    cosine, sine = math.cos(angle), math.sin(angle)
    w0, w1, w2 = r0 / angle, r1 / angle, r2 / angle
    along = (w0 * x + w1 * y + w2 * z) * (1.0 - cosine)
    return (x * cosine + (w1 * z - w2 * y) * sine + w0 * along,
            y * cosine + (w2 * x - w0 * z) * sine + w1 * along,
            z * cosine + (w0 * y - w1 * x) * sine + w2 * along)


def bundle(cameras, points, weights, camera_of, point_of, features):
    total = 0.0
    for i in range(len(weights)):
        c = camera_of[i]
        p = point_of[i]
        x, y, z = rotated(cameras[c, 0], cameras[c, 1], cameras[c, 2], points[p, 0] - cameras[c, 3],
                          points[p, 1] - cameras[c, 4], points[p, 2] - cameras[c, 5])
        u = x / z
        v = y / z
        square = u * u + v * v
        stretch = 1.0 + cameras[c, 9] * square + cameras[c, 10] * square * square
        du = weights[i] * (u * stretch * cameras[c, 6] + cameras[c, 7] - features[i, 0])
        dv = weights[i] * (v * stretch * cameras[c, 6] + cameras[c, 8] - features[i, 1])
        dw = 1.0 - weights[i] * weights[i]
        total += du * du + dv * dv + dw * dw
    return total


def by_numpy(cameras, points, weights, camera_of, point_of, features):
    camera = cameras[camera_of]
    moved = points[point_of] - camera[:, 3:6]
    angle = np.sqrt(np.sum(camera[:, :3] ** 2, axis=1))[:, None]
    axis = camera[:, :3] / angle
    along = np.sum(axis * moved, axis=1)[:, None] * (1.0 - np.cos(angle))
    seen = moved * np.cos(angle) + np.cross(axis, moved) * np.sin(angle) + axis * along
    flat = seen[:, :2] / seen[:, 2:]
    square = np.sum(flat**2, axis=1)
    stretch = 1.0 + camera[:, 9] * square + camera[:, 10] * square**2
    errors = weights[:, None] * (flat * stretch[:, None] * camera[:, 6:7] + camera[:, 7:9] - features)
    return np.sum(errors**2) + np.sum((1.0 - weights**2) ** 2)


def arguments(n, m, p):
    rng = np.random.default_rng(0)
    cameras = np.concatenate((rng.normal(size=(n, 3)) * 0.3, rng.normal(size=(n, 3)) * 0.1 - [0.0, 0.0, 5.0],
                              rng.uniform(1.0, 2.0, (n, 1)), rng.normal(size=(n, 2)) * 0.1,
                              rng.normal(size=(n, 2)) * 0.01), axis=1)
    return {"cameras": cameras, "points": rng.normal(size=(m, 3)) * 0.5, "weights": rng.uniform(0.5, 1.0, p),
            "camera_of": rng.integers(0, n, p), "point_of": rng.integers(0, m, p),
            "features": rng.normal(size=(p, 2))}
