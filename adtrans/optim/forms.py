"""Closed forms of schedules: the value at a step, counted from 0, as a plain function of numbers.

Each is read, not run (see `schedules`): it becomes part of the generated update, or a function of its own.
"""

from numpy import cos, floor, log

PI = 3.141592653589793


def constant(step, value):
    return value


def step_decay(step, init_value, drop, every):
    return init_value * drop ** floor(step / every)


def exponential_decay(step, init_value, rate, every):
    return init_value * rate ** (step / every)


def polynomial(step, init_value, end_value, power, steps):
    left = 1.0 - min(max(step, 0.0), steps) / steps
    return (init_value - end_value) * left ** power + end_value


def cosine_decay(step, init_value, decay_steps, alpha, exponent):
    wave = 0.5 * (1.0 + cos(PI * min(step, decay_steps) / decay_steps))
    return init_value * ((1.0 - alpha) * wave ** exponent + alpha)


def cosine_wave(step, init_value, half_period, end_value):
    return end_value + 0.5 * (init_value - end_value) * (1.0 + cos(PI * step / half_period))


def equal_restarts(step, init_value, period, alpha):
    since = step - period * floor(step / period)
    return init_value * (alpha + (1.0 - alpha) * 0.5 * (1.0 + cos(PI * since / period)))


def growing_restarts(step, init_value, first_period, t_mult, alpha):
    # The logarithm may round to the wrong side of a restart, where one comparison sets it right.
    turn = floor(log(1.0 + step / first_period * (t_mult - 1.0)) / log(t_mult))
    start = first_period * (t_mult ** turn - 1.0) / (t_mult - 1.0)
    if step < start:
        turn = turn - 1.0
    if step >= first_period * (t_mult ** (turn + 1.0) - 1.0) / (t_mult - 1.0):
        turn = turn + 1.0
    start = first_period * (t_mult ** turn - 1.0) / (t_mult - 1.0)
    wave = 0.5 * (1.0 + cos(PI * (step - start) / (first_period * t_mult ** turn)))
    return init_value * (alpha + (1.0 - alpha) * wave)


def ramp(step, init_value, end_value, steps):
    return init_value + (end_value - init_value) * (min(step, steps) / steps)


def cosine_ramp(step, init_value, end_value, steps):
    return end_value + 0.5 * (init_value - end_value) * (1.0 + cos(PI * min(step, steps) / steps))


def triangular(step, min_value, max_value, half_period):
    cycle = floor(1.0 + step / (2.0 * half_period))
    height = max(0.0, 1.0 - abs(step / half_period - 2.0 * cycle + 1.0))
    return min_value + (max_value - min_value) * height


def triangular2(step, min_value, max_value, half_period):
    cycle = floor(1.0 + step / (2.0 * half_period))
    height = max(0.0, 1.0 - abs(step / half_period - 2.0 * cycle + 1.0))
    return min_value + (max_value - min_value) * height * 0.5 ** (cycle - 1.0)


def exp_range(step, min_value, max_value, half_period, gamma):
    cycle = floor(1.0 + step / (2.0 * half_period))
    height = max(0.0, 1.0 - abs(step / half_period - 2.0 * cycle + 1.0))
    return min_value + (max_value - min_value) * height * gamma ** step


def inverse_sqrt(step, peak_value, warmup_steps):
    return peak_value * min(step / warmup_steps, (warmup_steps / max(step, 1.0)) ** 0.5)


def at_least(step, value, limit):
    return max(value, limit)


def at_most(step, value, limit):
    return min(value, limit)


def product(step, a, b):
    return a * b


def sum_of(step, a, b):
    return a + b
