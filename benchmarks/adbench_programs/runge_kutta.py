"""A chain of masses and hardening springs, by the Runge-Kutta scheme of fourth order; the ends are fixed.

q, p (n): displacements and momenta. The objective is the sum of squared displacements at the end.
"""

import numpy as np


def force(out, q, beta):
    n = len(q)
    for i in range(n):
        left = q[i] - (q[i - 1] if i > 0 else 0.0)
        right = (q[i + 1] if i < n - 1 else 0.0) - q[i]
        out[i] = right - left + beta * (right * right * right - left * left * left)


def runge_kutta(q, p, steps, dt, beta):
    n = len(q)
    q, p = q.copy(), p.copy()
    qs, ps = np.empty(n), np.empty(n)
    slope_q, slope_p = np.empty(n), np.empty(n)
    sum_q, sum_p = np.empty(n), np.empty(n)
    for _ in range(steps):
        force(slope_p, q, beta)
        for i in range(n):
            sum_q[i], sum_p[i] = p[i], slope_p[i]
            qs[i] = q[i] + 0.5 * dt * p[i]
            ps[i] = p[i] + 0.5 * dt * slope_p[i]
        for stage in range(2):
            reach = 0.5 * dt if stage == 0 else dt
            force(slope_p, qs, beta)
            for i in range(n):
                slope_q[i] = ps[i]
                sum_q[i] += 2.0 * slope_q[i]
                sum_p[i] += 2.0 * slope_p[i]
                qs[i] = q[i] + reach * slope_q[i]
                ps[i] = p[i] + reach * slope_p[i]
        force(slope_p, qs, beta)
        for i in range(n):
            q[i] += dt / 6.0 * (sum_q[i] + ps[i])
            p[i] += dt / 6.0 * (sum_p[i] + slope_p[i])
    return np.sum(q * q)


def pulled(q, beta):
    apart = np.diff(q, prepend=0.0, append=0.0)
    tension = apart + beta * apart**3
    return tension[1:] - tension[:-1]


def by_numpy(q, p, steps, dt, beta):
    for _ in range(steps):
        q1, p1 = p, pulled(q, beta)
        q2, p2 = p + 0.5 * dt * p1, pulled(q + 0.5 * dt * q1, beta)
        q3, p3 = p + 0.5 * dt * p2, pulled(q + 0.5 * dt * q2, beta)
        q4, p4 = p + dt * p3, pulled(q + dt * q3, beta)
        q = q + dt / 6.0 * (q1 + 2.0 * q2 + 2.0 * q3 + q4)
        p = p + dt / 6.0 * (p1 + 2.0 * p2 + 2.0 * p3 + p4)
    return np.sum(q * q)


def arguments(n, steps):
    rng = np.random.default_rng(0)
    return {"q": rng.normal(size=n), "p": rng.normal(size=n), "steps": steps, "dt": 0.05, "beta": 0.3}
