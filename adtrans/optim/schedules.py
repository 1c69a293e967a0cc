"""Schedules: hyper-parameters as closed forms of the step, which counts from 0.

    rate = warmup_cosine(0.0, 1e-3, warmup_steps=100, decay_steps=1000)
    rate(0), rate(100)                     # (0.0, 0.001)
    adam(rate)                             # any hyper-parameter may be a schedule

A schedule is called from Python, from functions compiled by Numba, and is part of the generated update of an optimizer
that has it. What it is at a step depends on that step alone, so a run that is resumed sees what it would have seen.
Schedules compose: `join`, `delayed`, products and sums with numbers and schedules.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from adtrans.errors import ArgumentError, ArgumentValueError
from adtrans.optim import forms
from adtrans.optim.schedule import Join, Schedule, number

__all__ = [
    "Plateau", "Schedule", "constant", "cosine_annealing", "cosine_decay", "cyclical", "delayed", "exponential_decay",
    "inverse_sqrt", "join", "linear", "linear_warmup", "one_cycle", "piecewise", "piecewise_constant", "plot",
    "polynomial", "reduce_on_plateau", "step_decay", "warm_restarts", "warmup_cosine", "warmup_exponential",
]


def positive(**given: float) -> None:
    """Raise ArgumentValueError for a number of steps that is not above 0."""
    for name, value in given.items():
        if not number(value, name) > 0:
            raise ArgumentValueError(f"{name} must be above 0, not {value}")


def constant(value: float) -> Schedule:
    """`value` at every step.

    >>> constant(0.1)(1000)
    0.1
    """
    return Schedule(forms.constant, (value,))


def step_decay(init_value: float, drop: float, every: int) -> Schedule:
    """init_value * drop^floor(step / every): torch's StepLR.

    >>> [step_decay(1.0, 0.5, 10)(step) for step in (0, 9, 10, 25)]
    [1.0, 1.0, 0.5, 0.25]
    """
    positive(every=every)
    return Schedule(forms.step_decay, (init_value, drop, every))


def exponential_decay(init_value: float, rate: float, every: int = 1, *, staircase: bool = False,
                      end_value: float | None = None) -> Schedule:
    """init_value * rate^(step / every), continuous unless `staircase`; bounded by `end_value` if that is given.

    optax's exponential_decay, torch's ExponentialLR.

    >>> exponential_decay(1.0, 0.25, every=2)(1)
    0.5
    """
    positive(every=every)
    made = Schedule(forms.step_decay if staircase else forms.exponential_decay, (init_value, rate, every))
    if end_value is None:
        return made
    return Schedule(forms.at_least if rate < 1.0 else forms.at_most, (made, end_value))


def polynomial(init_value: float, end_value: float, power: float, steps: int) -> Schedule:
    """From init_value to end_value in `steps` steps as (1 - step / steps)^power, constant from then on.

    optax's polynomial_schedule, torch's PolynomialLR.

    >>> [polynomial(1.0, 0.0, 2, 10)(step) for step in (0, 5, 10, 20)]
    [1.0, 0.25, 0.0, 0.0]
    """
    positive(steps=steps)
    return Schedule(forms.polynomial, (init_value, end_value, power, steps))


def linear(init_value: float, end_value: float, steps: int) -> Schedule:
    """From init_value to end_value in `steps` steps along a line, constant from then on; torch's LinearLR.

    >>> linear(1.0, 0.0, 4)(1)
    0.75
    """
    positive(steps=steps)
    return Schedule(forms.ramp, (init_value, end_value, steps))


def cosine_decay(init_value: float, decay_steps: int, alpha: float = 0.0, exponent: float = 1.0) -> Schedule:
    """Half a cosine wave from init_value at step 0 to alpha * init_value at `decay_steps`, constant from then on.

    Loshchilov and Hutter 2017, equation 5, without restarts; optax's cosine_decay_schedule.

    >>> cosine_decay(1.0, 10)(5), cosine_decay(1.0, 10, alpha=0.1)(99)
    (0.5, 0.1)
    """
    positive(decay_steps=decay_steps)
    return Schedule(forms.cosine_decay, (init_value, decay_steps, alpha, exponent))


def cosine_annealing(init_value: float, half_period: int, end_value: float = 0.0) -> Schedule:
    """A cosine wave between init_value and end_value that goes on: torch's CosineAnnealingLR (T_max is `half_period`).

    >>> [round(cosine_annealing(1.0, 4)(step), 12) for step in (0, 2, 4, 8)]
    [1.0, 0.5, 0.0, 1.0]
    """
    positive(half_period=half_period)
    return Schedule(forms.cosine_wave, (init_value, half_period, end_value))


def warm_restarts(init_value: float, first_period: int, t_mult: float = 2, alpha: float = 0.0) -> Schedule:
    """Cosine decays one after the other, each t_mult times as long as the one before, down to alpha * init_value.

    SGDR: Loshchilov and Hutter 2017, equation 5; torch's CosineAnnealingWarmRestarts.

    >>> [warm_restarts(1.0, 10)(step) for step in (0, 5, 10, 20, 30)]
    [1.0, 0.5, 1.0, 0.5, 1.0]
    """
    positive(first_period=first_period)
    if not number(t_mult, "t_mult") >= 1:
        raise ArgumentValueError(f"t_mult must be at least 1, not {t_mult}")
    if t_mult == 1:
        return Schedule(forms.equal_restarts, (init_value, first_period, alpha))
    return Schedule(forms.growing_restarts, (init_value, first_period, t_mult, alpha))


def linear_warmup(peak_value: float, warmup_steps: int, then: Schedule | None = None) -> Schedule:
    """From 0 to peak_value in `warmup_steps` steps along a line; from then on `then`, counted from there, or constant.

    >>> [linear_warmup(1.0, 4, then=step_decay(1.0, 0.5, 10))(step) for step in (0, 1, 4, 14)]
    [0.0, 0.25, 1.0, 0.5]
    """
    after = then if then is not None else constant(peak_value)
    if warmup_steps == 0:
        return as_schedule(after)
    return join((linear(0.0, peak_value, warmup_steps), after), (warmup_steps,))


def warmup_cosine(init_value: float, peak_value: float, warmup_steps: int, decay_steps: int, end_value: float = 0.0,
                  exponent: float = 1.0) -> Schedule:
    """From init_value to peak_value along a line, then to end_value at step `decay_steps` by a cosine.

    The peak is at `warmup_steps`; `decay_steps` counts from step 0, warm-up included.
    optax's warmup_cosine_decay_schedule.

    >>> [warmup_cosine(0.0, 1.0, 10, 30)(step) for step in (0, 5, 10, 20, 30)]
    [0.0, 0.5, 1.0, 0.5, 0.0]
    """
    if not decay_steps > warmup_steps:
        raise ArgumentValueError(f"decay_steps counts the warm-up, so it must be above {warmup_steps}")
    alpha = 0.0 if peak_value == 0.0 else end_value / peak_value
    after = cosine_decay(peak_value, decay_steps - warmup_steps, alpha, exponent)
    return join((linear(init_value, peak_value, warmup_steps), after), (warmup_steps,)) if warmup_steps else after


def warmup_exponential(init_value: float, peak_value: float, warmup_steps: int, rate: float, every: int = 1,
                       end_value: float | None = None) -> Schedule:
    """A linear warm-up, then exponential decay counted from its end: optax's warmup_exponential_decay_schedule.

    >>> [warmup_exponential(0.0, 1.0, 10, 0.5, every=5)(step) for step in (0, 10, 15)]
    [0.0, 1.0, 0.5]
    """
    after = exponential_decay(peak_value, rate, every, end_value=end_value)
    return join((linear(init_value, peak_value, warmup_steps), after), (warmup_steps,)) if warmup_steps else after


def cyclical(min_value: float, max_value: float, half_period: int, mode: str = "triangular",
             gamma: float = 1.0) -> Schedule:
    """Up and down along lines, `half_period` steps each way.

    Modes: "triangular"; "triangular2", whose height halves each cycle; "exp_range", whose height is times gamma^step.
    Smith 2017; torch's CyclicLR.

    >>> [cyclical(0.0, 1.0, 4)(step) for step in (0, 2, 4, 6, 8)]
    [0.0, 0.5, 1.0, 0.5, 0.0]
    """
    positive(half_period=half_period)
    match mode:
        case "triangular":
            return Schedule(forms.triangular, (min_value, max_value, half_period))
        case "triangular2":
            return Schedule(forms.triangular2, (min_value, max_value, half_period))
        case "exp_range":
            return Schedule(forms.exp_range, (min_value, max_value, half_period, gamma))
    raise ArgumentValueError(f"mode must be 'triangular', 'triangular2' or 'exp_range', not {mode!r}")


def one_cycle(peak_value: float, steps: int, pct_start: float = 0.3, anneal: str = "cos", div_factor: float = 25.0,
              final_div_factor: float = 1e4, *, pct_final: float | None = None, inclusive: bool = False) -> Schedule:
    """From peak / div_factor up to the peak at pct_start * steps, down to start / final_div_factor.

    `anneal` is "cos" or "linear". With `pct_final` the way down reaches the value of the start there. As optax's
    cosine_onecycle_schedule and linear_onecycle_schedule (whose pct_final is 0.85); with `inclusive` as torch's
    OneCycleLR, whose last value is at step `steps - 1`. Smith and Topin 2018.

    >>> [round(one_cycle(1.0, 10)(step), 12) for step in (0, 3, 10)]
    [0.04, 1.0, 4e-06]
    """
    positive(steps=steps)
    if anneal not in ("cos", "linear"):
        raise ArgumentValueError(f"anneal must be 'cos' or 'linear', not {anneal!r}")
    form = forms.cosine_ramp if anneal == "cos" else forms.ramp
    start = peak_value / div_factor
    times = [pct_start * steps - 1.0, steps - 1.0] if inclusive else [float(int(pct_start * steps)), float(steps)]
    values = [start, peak_value, start / final_div_factor]
    if pct_final is not None:
        times.insert(1, float(int(pct_final * steps)))
        values.insert(2, start)
    parts = [Schedule(form, (a, b, end - begin)) for a, b, begin, end in
             zip(values, values[1:], [0.0, *times], times) if end > begin]
    return Join(tuple(parts), tuple(time for begin, time in zip([0.0, *times], times) if time > begin)[:-1])


def inverse_sqrt(peak_value: float, warmup_steps: int) -> Schedule:
    """Up along a line to peak_value at `warmup_steps`, then as 1 / sqrt(step): Vaswani et al. 2017, equation 3.

    >>> inverse_sqrt(1.0, 100)(400)
    0.5
    """
    positive(warmup_steps=warmup_steps)
    return Schedule(forms.inverse_sqrt, (peak_value, warmup_steps))


def join(schedules: Sequence[Schedule | float], boundaries: Sequence[int]) -> Schedule:
    """One schedule after the other, each counted from its boundary: optax's join_schedules, torch's SequentialLR.

    >>> [join([constant(1.0), constant(0.1)], [5])(step) for step in (4, 5)]
    [1.0, 0.1]
    """
    if len(schedules) != len(boundaries) + 1:
        raise ArgumentValueError(f"{len(schedules)} schedules need {len(schedules) - 1} boundaries, "
                                 f"not {len(boundaries)}")
    if any(not a < b for a, b in zip(boundaries, boundaries[1:])):
        raise ArgumentValueError("boundaries must increase")
    return Join(tuple(map(as_schedule, schedules)), tuple(float(boundary) for boundary in boundaries))


def delayed(schedule: Schedule, by: int) -> Schedule:
    """The value at step 0 for the first `by` steps, then the schedule from its beginning (optax's transition_begin).

    >>> [delayed(step_decay(1.0, 0.5, 1), 3)(step) for step in (0, 3, 4)]
    [1.0, 1.0, 0.5]
    """
    return join((constant(schedule(0)), schedule), (by,))


def piecewise_constant(values: Sequence[float], boundaries: Sequence[int]) -> Schedule:
    """values[k] from step boundaries[k - 1] on.

    >>> [piecewise_constant([1.0, 0.5, 0.1], [10, 20])(step) for step in (9, 10, 20)]
    [1.0, 0.5, 0.1]
    """
    return join([constant(value) for value in values], boundaries)


def piecewise(init_value: float, scales: Mapping[int, float], interpolate: str | None = None) -> Schedule:
    """init_value times the scales of all boundaries passed; between them along lines or cosines with `interpolate`.

    torch's MultiStepLR, optax's piecewise_constant_schedule; its piecewise_interpolate_schedule with "linear" or
    "cosine".

    >>> [piecewise(1.0, {10: 0.5, 20: 0.1})(step) for step in (9, 10, 20)]
    [1.0, 0.5, 0.05]
    """
    times = sorted(scales)
    values = [init_value]
    for time in times:
        values.append(values[-1] * scales[time])
    if interpolate is None:
        return piecewise_constant(values, times)
    if interpolate not in ("linear", "cosine"):
        raise ArgumentValueError(f"interpolate must be None, 'linear' or 'cosine', not {interpolate!r}")
    form = forms.ramp if interpolate == "linear" else forms.cosine_ramp
    parts = [Schedule(form, (a, b, end - begin)) for a, b, begin, end in zip(values, values[1:], [0, *times], times)]
    return join([*parts, constant(values[-1])], times)


def as_schedule(value: Schedule | float) -> Schedule:
    """A number as a schedule."""
    return value if isinstance(value, Schedule) else constant(value)


class Plateau:
    """A value that falls when a monitored one no longer does; see `reduce_on_plateau`.

    Not a function of the step: `observe` changes it, and `value` is what it is now.
    """

    def __init__(self, init_value: float, factor: float, patience: int, rtol: float, min_value: float, cooldown: int):
        self.value, self.factor, self.patience, self.rtol = float(init_value), factor, patience, rtol
        self.min_value, self.cooldown = min_value, cooldown
        self.best, self.waited, self.resting = float("inf"), 0, 0

    def __call__(self, step: int) -> float:
        return self.value

    def observe(self, monitored: float) -> float:
        """Take notice of a monitored value, say a validation loss; gives the value from now on."""
        if monitored < self.best * (1.0 - self.rtol):
            self.best, self.waited = float(monitored), 0
        else:
            self.waited += 1
        if self.resting > 0:
            self.resting, self.waited = self.resting - 1, 0
        if self.waited > self.patience:
            self.value = max(self.value * self.factor, self.min_value)
            self.resting, self.waited = self.cooldown, 0
        return self.value


def reduce_on_plateau(init_value: float, factor: float = 0.1, patience: int = 10, rtol: float = 1e-4,
                      min_value: float = 0.0, cooldown: int = 0) -> Plateau:
    """A value times `factor` whenever a monitored one has not improved, by `rtol`, more than `patience` times.

    torch's ReduceLROnPlateau with mode "min" and a relative threshold.

    >>> rate = reduce_on_plateau(1.0, patience=1)
    >>> [rate.observe(loss) for loss in (5.0, 5.0, 5.0, 5.0)]
    [1.0, 1.0, 0.1, 0.1]
    """
    if not 0.0 < factor < 1.0:
        raise ArgumentValueError(f"factor must lie between 0 and 1, not {factor}")
    return Plateau(init_value, factor, patience, rtol, min_value, cooldown)


def plot(schedule: Callable[[int], float], steps: int, axes=None):
    """Draw the values of a schedule at steps 0 to `steps`; gives matplotlib's axes."""
    try:
        from matplotlib import pyplot
    except ImportError:
        raise ArgumentError("plot needs matplotlib: pip install adtrans[plot]") from None
    axes = axes or pyplot.gca()
    axes.plot(range(steps + 1), [schedule(step) for step in range(steps + 1)])
    axes.set_xlabel("step")
    return axes
