"""Update rules as their papers have them, in NumPy: f(x, g, state, t) gives the new x and changes the dict `state`.

Written down apart from adtrans, in array form, from the papers and the documentation of torch and optax.
"""

import numpy as np


def sgd(rate, momentum=0.0, dampening=0.0, nesterov=False):
    def step(x, g, state, t):
        if momentum:
            state["buf"] = g if t == 1 else momentum * state["buf"] + (1 - dampening) * g
            g = g + momentum * state["buf"] if nesterov else state["buf"]
        return x - rate * g
    return step


def ema_momentum(rate, beta, nesterov=False):
    def step(x, g, state, t):
        state["v"] = beta * state.get("v", 0.0) + (1 - beta) * g
        return x - rate * (beta * state["v"] + (1 - beta) * g if nesterov else state["v"])
    return step


def adagrad(rate, start=0.0, eps=1e-8, inside=False):
    def step(x, g, state, t):
        state["s"] = state.get("s", start) + g**2
        return x - rate * g / (np.sqrt(state["s"] + eps) if inside else np.sqrt(state["s"]) + eps)
    return step


def rmsprop(rate, decay=0.9, eps=1e-8, inside=False, centered=False, momentum=0.0, nesterov=False):
    def step(x, g, state, t):
        state["v"] = decay * state.get("v", 0.0) + (1 - decay) * g**2
        variance = state["v"]
        if centered:
            state["m"] = decay * state.get("m", 0.0) + (1 - decay) * g
            variance = variance - state["m"]**2
        u = g / (np.sqrt(variance + eps) if inside else np.sqrt(variance) + eps)
        if momentum:
            state["b"] = momentum * state.get("b", 0.0) + u
            u = u + momentum * state["b"] if nesterov else state["b"]
        return x - rate * u
    return step


def adadelta(rate, rho=0.9, eps=1e-6):
    def step(x, g, state, t):
        state["v"] = rho * state.get("v", 0.0) + (1 - rho) * g**2
        u = np.sqrt(state.get("d", 0.0) + eps) / np.sqrt(state["v"] + eps) * g
        state["d"] = rho * state.get("d", 0.0) + (1 - rho) * u**2
        return x - rate * u
    return step


def moments(g, state, t, b1, b2):
    state["m"] = b1 * state.get("m", 0.0) + (1 - b1) * g
    state["v"] = b2 * state.get("v", 0.0) + (1 - b2) * g**2
    return state["m"] / (1 - b1**t), state["v"] / (1 - b2**t)


def adam(rate, b1=0.9, b2=0.999, eps=1e-8, eps_root=0.0, decay=0.0):
    def step(x, g, state, t):
        m, v = moments(g, state, t, b1, b2)
        return x - rate * (m / (np.sqrt(v + eps_root) + eps) + decay * x)
    return step


def nadam(rate, b1=0.9, b2=0.999, eps=1e-8, psi=0.0):
    def step(x, g, state, t):
        _, v = moments(g, state, t, b1, b2)
        if psi:
            mu, after = (b1 * (1 - 0.5 * 0.96**(k * psi)) for k in (t, t + 1))
            state["p"] = state.get("p", 1.0) * mu
            m = after * state["m"] / (1 - state["p"] * after) + (1 - mu) * g / (1 - state["p"])
        else:
            m = b1 * state["m"] / (1 - b1**(t + 1)) + (1 - b1) * g / (1 - b1**t)
        return x - rate * m / (np.sqrt(v) + eps)
    return step


def amsgrad(rate, b1=0.9, b2=0.999, eps=1e-8, corrected=True):
    def step(x, g, state, t):
        m, v = moments(g, state, t, b1, b2)
        state["max"] = np.maximum(state.get("max", 0.0), v if corrected else state["v"])
        return x - rate * m / (np.sqrt(state["max"] if corrected else state["max"] / (1 - b2**t)) + eps)
    return step


def adamax(rate, b1=0.9, b2=0.999, eps=1e-8, decay=0.0):
    def step(x, g, state, t):
        state["m"] = b1 * state.get("m", 0.0) + (1 - b1) * g
        state["u"] = np.maximum(b2 * state.get("u", 0.0), np.abs(g) + eps)
        return x - rate * (state["m"] / (1 - b1**t) / state["u"] + decay * x)
    return step


def radam(rate, b1=0.9, b2=0.999, eps=1e-8, raw=False):
    def step(x, g, state, t):
        m, v = moments(g, state, t, b1, b2)
        most = 2 / (1 - b2) - 1
        rho = most - 2 * t * b2**t / (1 - b2**t)
        if rho < 5:
            return x - rate * m
        r = np.sqrt((rho - 4) * (rho - 2) * most / ((most - 4) * (most - 2) * rho))
        bottom = (np.sqrt(state["v"]) + eps) / np.sqrt(1 - b2**t) if raw else np.sqrt(v) + eps
        return x - rate * r * m / bottom
    return step


def adabelief(rate, b1=0.9, b2=0.999, eps=1e-16, eps_root=1e-16):
    def step(x, g, state, t):
        state["m"] = b1 * state.get("m", 0.0) + (1 - b1) * g
        state["s"] = b2 * state.get("s", 0.0) + (1 - b2) * (g - state["m"])**2 + eps_root
        return x - rate * state["m"] / (1 - b1**t) / (np.sqrt(state["s"] / (1 - b2**t)) + eps)
    return step


def yogi(rate, b1=0.9, b2=0.999, eps=1e-3, start=1e-6):
    def step(x, g, state, t):
        state["m"] = b1 * state.get("m", start) + (1 - b1) * g
        v = state.get("v", start)
        state["v"] = v - (1 - b2) * np.sign(v - g**2) * g**2
        return x - rate * state["m"] / (1 - b1**t) / (np.sqrt(state["v"] / (1 - b2**t)) + eps)
    return step


def lion(rate, b1=0.9, b2=0.99, decay=0.0):
    def step(x, g, state, t):
        m = state.get("m", 0.0)
        state["m"] = b2 * m + (1 - b2) * g
        return x - rate * (np.sign(b1 * m + (1 - b1) * g) + decay * x)
    return step


def adan(rate, b1=0.98, b2=0.92, b3=0.99, eps=1e-8, eps_root=1e-8, decay=0.0):
    def step(x, g, state, t):
        change = g - state.get("g", g)
        state["g"] = g
        state["m"] = b1 * state.get("m", 0.0) + (1 - b1) * g
        state["d"] = b2 * state.get("d", 0.0) + (1 - b2) * change
        state["n"] = b3 * state.get("n", 0.0) + (1 - b3) * (g + (1 - b2) * change)**2
        u = state["m"] / (1 - b1**t) + (1 - b2) * state["d"] / (1 - b2**t)
        return x - rate * (u / (np.sqrt(state["n"] / (1 - b3**t) + eps_root) + eps) + decay * x)
    return step


def sign_sgd(rate):
    return lambda x, g, state, t: x - rate * np.sign(g)


def signum(rate, beta):
    def step(x, g, state, t):
        state["m"] = beta * state.get("m", 0.0) + (1 - beta) * g
        return x - rate * np.sign(state["m"])
    return step


def rprop(rate, down=0.5, up=1.2, least=1e-6, most=50.0):
    def step(x, g, state, t):
        s = g * state.get("g", 0.0)
        size = state.get("size", np.full_like(x, rate)) * np.where(s > 0, up, np.where(s < 0, down, 1.0))
        state["size"] = np.clip(size, least, most)
        state["g"] = np.where(s < 0, 0.0, g)
        return x - np.sign(state["g"]) * state["size"]
    return step


def optimistic_sgd(rate, alpha=1.0, beta=1.0):
    def step(x, g, state, t):
        before, state["g"] = state.get("g", g), g
        return x - rate * ((alpha + beta) * g - beta * before)
    return step


def asgd(rate, lambd=1e-4, alpha=0.75, t0=1e6):
    def step(x, g, state, t):
        eta = rate / (1 + lambd * rate * (t - 1))**alpha
        x = x * (1 - lambd * eta) - eta * g
        state["average"] = x if t == 1 else state["average"] + (x - state["average"]) / max(1, t - t0 - 1)
        return x
    return step


def trust(x, u, factor=1.0, eps=0.0):
    p, q = np.sqrt(np.sum(x**2)), np.sqrt(np.sum(u**2))
    return factor * p / (q + eps) if p > 0 and q > 0 else 1.0


def lamb(rate, b1=0.9, b2=0.999, eps=1e-6, decay=0.0):
    def step(x, g, state, t):
        m, v = moments(g, state, t, b1, b2)
        u = m / (np.sqrt(v) + eps) + decay * x
        return x - rate * trust(x, u) * u
    return step


def lars(rate, momentum=0.9, decay=0.0, trust_coefficient=1e-3, nesterov=False):
    def step(x, g, state, t):
        g = g + decay * x
        u = rate * trust(x, g, trust_coefficient) * g
        state["v"] = momentum * state.get("v", 0.0) + u
        return x - (u + momentum * state["v"] if nesterov else state["v"])
    return step


def fromage(rate):
    return lambda x, g, state, t: (x - rate * trust(x, g) * g) / np.sqrt(1 + rate**2)


def schedule_free(rate, b1=0.9, b2=None, eps=1e-8, decay=0.0):
    """Three sequences, as in the paper; x stands for the paper's y."""
    def step(y, g, state, t):
        x, z = state.get("x", y), state.get("z", y)
        u = g
        if b2 is not None:
            state["v"] = b2 * state.get("v", 0.0) + (1 - b2) * g**2
            u = g / (np.sqrt(state["v"] / (1 - b2**t)) + eps)
        z = z - rate * (u + decay * y)
        x = (1 - 1 / t) * x + z / t
        state["x"], state["z"] = x, z
        return (1 - b1) * z + b1 * x
    return step


def muon(rate, steps=5, coefficients=(3.4445, -4.775, 2.0315), beta=0.95, eps=1e-8, decay=0.0):
    a, b, c = coefficients
    other = nadam(rate, eps=eps)

    def step(x, g, state, t):
        if x.ndim != 2:
            return other(x, g, state, t)
        state["m"] = beta * state.get("m", 0.0) + (1 - beta) * g
        y = beta * state["m"] / (1 - beta**(t + 1)) + (1 - beta) * g / (1 - beta**t)
        y = y / (np.linalg.norm(y) + eps)
        tall = y.shape[0] > y.shape[1]
        y = y.T if tall else y
        for _ in range(steps):
            gram = y @ y.T
            y = a * y + (b * gram + c * gram @ gram) @ y
        y = y.T if tall else y
        return x - rate * (np.sqrt(max(1, x.shape[1] / x.shape[0])) * y + decay * x)
    return step


def adafactor(rate, power=0.8, eps=1e-30, threshold=1.0, least=1e-3, extent=128):
    def step(x, g, state, t):
        beta = 1 - t**(-power)
        square = g**2 + eps
        if x.ndim == 2 and min(x.shape) >= extent:
            state["r"] = beta * state.get("r", 0.0) + (1 - beta) * square.mean(axis=1)
            state["c"] = beta * state.get("c", 0.0) + (1 - beta) * square.mean(axis=0)
            u = g / np.sqrt(np.outer(state["r"], state["c"]) / state["r"].mean())
        else:
            state["v"] = beta * state.get("v", 0.0) + (1 - beta) * square
            u = g / np.sqrt(state["v"])
        u = u / max(1, np.sqrt(np.mean(u**2)) / threshold)
        return x - rate * max(least, np.sqrt(np.mean(x**2))) * u
    return step
