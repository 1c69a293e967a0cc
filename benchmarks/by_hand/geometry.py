"""Gradients of bundle adjustment and of the LSTM network, derived and written by hand.

Bundle adjustment goes forward and back in each observation, nothing is kept. The network keeps gates and states of
every step in one block, the element last.
"""

import math

import numpy as np

from .flags import fast


@fast
def rotation(r, y):
    """The angle, its cosine and sine, the axis, axis times y, (axis, y), and y turned."""
    angle = math.sqrt(r[0] * r[0] + r[1] * r[1] + r[2] * r[2])
    if angle == 0.0:
        return 0.0, 1.0, 0.0, (0.0, 0.0, 0.0), (0.0, 0.0, 0.0), 0.0, (
            y[0] + r[1] * y[2] - r[2] * y[1], y[1] + r[2] * y[0] - r[0] * y[2], y[2] + r[0] * y[1] - r[1] * y[0])
    cosine, sine = math.cos(angle), math.sin(angle)
    w = (r[0] / angle, r[1] / angle, r[2] / angle)
    across = cross(w, y)
    inner = dot(w, y)
    along = inner * (1.0 - cosine)
    return angle, cosine, sine, w, across, inner, (
        y[0] * cosine + across[0] * sine + w[0] * along, y[1] * cosine + across[1] * sine + w[1] * along,
        y[2] * cosine + across[2] * sine + w[2] * along)


@fast
def dot(a, b):
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


@fast
def cross(a, b):
    return a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]


@fast
def rotation_back(turned, r, y, v_bar):
    """The bars of the rotation and of what it turns."""
    angle, cosine, sine, w, across, inner, _ = turned
    if angle == 0.0:
        back = cross(v_bar, r)
        return cross(y, v_bar), (v_bar[0] + back[0], v_bar[1] + back[1], v_bar[2] + back[2])
    bar_along = dot(w, v_bar)
    turn = cross(y, v_bar)
    angle_bar = cosine * dot(across, v_bar) + sine * (inner * bar_along - dot(y, v_bar))
    rest = 1.0 - cosine
    w_bar = (sine * turn[0] + rest * (bar_along * y[0] + inner * v_bar[0]),
             sine * turn[1] + rest * (bar_along * y[1] + inner * v_bar[1]),
             sine * turn[2] + rest * (bar_along * y[2] + inner * v_bar[2]))
    inverse = 1.0 / angle
    radial = angle_bar - dot(w, w_bar) * inverse
    back, along = cross(v_bar, w), rest * bar_along
    return ((w_bar[0] * inverse + w[0] * radial, w_bar[1] * inverse + w[1] * radial,
             w_bar[2] * inverse + w[2] * radial),
            (cosine * v_bar[0] + sine * back[0] + along * w[0], cosine * v_bar[1] + sine * back[1] + along * w[1],
             cosine * v_bar[2] + sine * back[2] + along * w[2]))


@fast
def bundle(cameras, points, weights, camera_of, point_of, features):
    cameras_bar, points_bar = np.zeros(cameras.shape), np.zeros(points.shape)
    weights_bar, total = np.empty(len(weights)), 0.0
    for i in range(len(weights)):
        c, p, weight = camera_of[i], point_of[i], weights[i]
        r = (cameras[c, 0], cameras[c, 1], cameras[c, 2])
        y = (points[p, 0] - cameras[c, 3], points[p, 1] - cameras[c, 4], points[p, 2] - cameras[c, 5])
        focal, near, far = cameras[c, 6], cameras[c, 9], cameras[c, 10]
        turned = rotation(r, y)
        v = turned[6]
        inverse = 1.0 / v[2]
        u0, u1 = v[0] * inverse, v[1] * inverse
        square = u0 * u0 + u1 * u1
        stretch = 1.0 + square * (near + far * square)
        e0 = u0 * stretch * focal + cameras[c, 7] - features[i, 0]
        e1 = u1 * stretch * focal + cameras[c, 8] - features[i, 1]
        rest = 1.0 - weight * weight
        total += weight * weight * (e0 * e0 + e1 * e1) + rest * rest
        weights_bar[i] = 2.0 * weight * (e0 * e0 + e1 * e1) - 4.0 * weight * rest
        b0, b1 = 2.0 * weight * weight * e0, 2.0 * weight * weight * e1
        along = b0 * u0 + b1 * u1
        stretch_bar = along * focal
        square_bar = stretch_bar * (near + 2.0 * far * square)
        scale = stretch * focal
        d0, d1 = b0 * scale + 2.0 * u0 * square_bar, b1 * scale + 2.0 * u1 * square_bar
        v_bar = (d0 * inverse, d1 * inverse, -(d0 * u0 + d1 * u1) * inverse)
        r_bar, y_bar = rotation_back(turned, r, y, v_bar)
        for k in range(3):
            cameras_bar[c, k] += r_bar[k]
            cameras_bar[c, 3 + k] -= y_bar[k]
            points_bar[p, k] += y_bar[k]
        cameras_bar[c, 6] += along * stretch
        cameras_bar[c, 7] += b0
        cameras_bar[c, 8] += b1
        cameras_bar[c, 9] += stretch_bar * square
        cameras_bar[c, 10] += stretch_bar * square * square
    return total, (cameras_bar, points_bar, weights_bar)


@fast
def sigmoid(x):
    return 1.0 / (1.0 + math.exp(-x))


@fast
def lstm(main, extra, state, sequence):
    """Kept for each step and layer: what comes in, hidden and cell before, four gates, the tangent of the new cell."""
    length, b = sequence.shape
    layers = len(main) // 2
    kept, shares = np.empty((length - 1, layers, 8, b)), np.empty((length - 1, b))
    now, out, total = state.copy(), np.empty(b), 0.0
    for t in range(length - 1):
        for j in range(b):
            out[j] = sequence[t, j] * extra[0, j]
        for k in range(layers):
            w, bias, mine = main[2 * k], main[2 * k + 1], kept[t, k]
            for j in range(b):
                hidden, cell = now[2 * k, j], now[2 * k + 1, j]
                mine[0, j], mine[1, j], mine[2, j] = out[j], hidden, cell
                mine[3, j] = sigmoid(out[j] * w[j] + bias[j])
                mine[4, j] = sigmoid(hidden * w[b + j] + bias[b + j])
                mine[5, j] = sigmoid(out[j] * w[2 * b + j] + bias[2 * b + j])
                mine[6, j] = math.tanh(hidden * w[3 * b + j] + bias[3 * b + j])
                cell = cell * mine[3, j] + mine[4, j] * mine[6, j]
                mine[7, j] = math.tanh(cell)
                out[j] = mine[5, j] * mine[7, j]
                now[2 * k, j], now[2 * k + 1, j] = out[j], cell
        over, golden = 2.0, 0.0
        for j in range(b):
            y = out[j] * extra[1, j] + extra[2, j]
            shares[t, j] = math.exp(y)
            over += shares[t, j]
            total += sequence[t + 1, j] * y
            golden += sequence[t + 1, j]
        total -= golden * math.log(over)
        for j in range(b):
            shares[t, j] = sequence[t + 1, j] - golden * shares[t, j] / over
    scale = -1.0 / ((length - 1) * b)
    main_bar, extra_bar = lstm_back(main, extra, sequence, kept, shares, scale)
    return total * scale, (main_bar, extra_bar)


@fast
def lstm_back(main, extra, sequence, kept, shares, scale):
    steps, layers, _, b = kept.shape
    main_bar, extra_bar = np.zeros(main.shape), np.zeros(extra.shape)
    now_bar, out_bar = np.zeros((2 * layers, b)), np.empty(b)
    for t in range(steps - 1, -1, -1):
        top = kept[t, layers - 1]
        for j in range(b):
            y_bar = shares[t, j] * scale
            extra_bar[2, j] += y_bar
            extra_bar[1, j] += y_bar * top[5, j] * top[7, j]
            out_bar[j] = y_bar * extra[1, j]
        for k in range(layers - 1, -1, -1):
            w, w_bar, bias_bar, mine = main[2 * k], main_bar[2 * k], main_bar[2 * k + 1], kept[t, k]
            for j in range(b):
                bar = out_bar[j] + now_bar[2 * k, j]
                cell_bar = now_bar[2 * k + 1, j] + bar * mine[5, j] * (1.0 - mine[7, j] * mine[7, j])
                forget = cell_bar * mine[2, j] * mine[3, j] * (1.0 - mine[3, j])
                enter = cell_bar * mine[6, j] * mine[4, j] * (1.0 - mine[4, j])
                leave = bar * mine[7, j] * mine[5, j] * (1.0 - mine[5, j])
                change = cell_bar * mine[4, j] * (1.0 - mine[6, j] * mine[6, j])
                w_bar[j] += forget * mine[0, j]
                w_bar[b + j] += enter * mine[1, j]
                w_bar[2 * b + j] += leave * mine[0, j]
                w_bar[3 * b + j] += change * mine[1, j]
                bias_bar[j] += forget
                bias_bar[b + j] += enter
                bias_bar[2 * b + j] += leave
                bias_bar[3 * b + j] += change
                now_bar[2 * k + 1, j] = cell_bar * mine[3, j]
                now_bar[2 * k, j] = enter * w[b + j] + change * w[3 * b + j]
                out_bar[j] = forget * w[j] + leave * w[2 * b + j]
        for j in range(b):
            extra_bar[0, j] += out_bar[j] * sequence[t, j]
    return main_bar, extra_bar
