"""exp, exp2, expm1, tanh and the logistic function, each without branches.

The argument is k·ln 2 + r with an integer k and |r| ≤ ln 2 / 2 (Cody & Waite, "Software Manual for the
Elementary Functions", 1980, chapter 6); e^r is a minimax polynomial, 2^k is made in the exponent bits. The
rounding to k adds 1.5·2^52, which leaves k in the low bits of the sum as well. Coefficients are from a Remez
exchange in 45-digit arithmetic, for (e^r - 1 - r)/r² with the weight r, and for (2^r - 1)/r with the weight r.
"""

from typing import NamedTuple

from adtrans.backend.vecmath.emission import (
    DOUBLE,
    SINGLE,
    Format,
    Value,
    bits,
    fma,
    magnitude,
    number,
    polynomial,
    select,
    with_sign_of,
)


class _Constants(NamedTuple):
    ln2_parts: tuple[float, float]
    expm1: tuple[float, ...]
    exp2: tuple[float, ...]
    # exp(x) is infinite above `largest`, normal from `normal` on and zero below `least`.
    largest: float
    normal: float
    least: float
    # Beyond this expm1(-x) is -1 and tanh(x / 2) is 1.
    saturated: float


_CONSTANTS = {
    DOUBLE: _Constants(
        ln2_parts=(0.6931471805599453, 2.3190468138462996e-17),
        expm1=(
            0.5000000000000006, 0.16666666666666685, 0.04166666666657362, 0.008333333333314598,
            0.0013888888932379463, 0.00019841269903015036, 2.4801504445147988e-05, 2.7557227967162987e-06,
            2.76263268431021e-07, 2.511446919781497e-08,
        ),
        exp2=(
            0.6931471805599453, 0.24022650695910133, 0.05550410866482174, 0.009618129107593399,
            0.0013333558146379164, 0.00015403530458005376, 1.5252733867434623e-05, 1.3215434849932716e-06,
            1.017804650124537e-07, 7.073855025713956e-09, 4.457381703140393e-10,
        ),
        largest=709.782712893384, normal=-708.0, least=-746.0, saturated=40.0,
    ),
    SINGLE: _Constants(
        ln2_parts=(0.6931471824645996, -1.9046542121259336e-09),
        expm1=(0.5, 0.16666667, 0.041666355, 0.008333273, 0.0013941005, 0.00019914198),
        exp2=(0.6931472, 0.2402265, 0.05550328, 0.009618004, 0.0013400236, 0.00015476301),
        largest=88.72283172607422, normal=-87.0, least=-104.0, saturated=20.0,
    ),
}  # fmt: skip

# A shift of the exponent that makes any subnormal result normal.
_LIFT = {DOUBLE: 64, SINGLE: 32}


def _huge(format_: Format) -> float:
    """Infinite times any argument beyond the overflow thresholds."""
    return 2.0 ** (format_.bias - 1)


def reduced(x: Value, base: float = 1.0) -> tuple[Value, Value]:
    """An integer with k in its low bits, and r, where x = k·(ln 2)/base + r."""
    high, low = _CONSTANTS[x.format].ln2_parts
    shifted = fma(x, 1.4426950408889634 * base, x.format.shift)
    k = shifted - x.format.shift
    return bits(shifted), fma(k, -low / base, fma(k, -high / base, x))


def near_one(r: Value) -> Value:
    """e^r."""
    return fma(r, fma(r, polynomial(r, _CONSTANTS[r.format].expm1), 1.0), 1.0)


def _scaled(p: Value, k: Value, small: Value) -> Value:
    """p·2^k for p about one, where `small` says that the result may be subnormal; NaN does not survive."""
    lift = _LIFT[p.format]
    raised = bits(p) + (k << p.format.fraction_bits)
    raised = select(small, raised + (lift << p.format.fraction_bits), raised)
    return number(raised) * select(small, p.like(2.0**-lift), 1.0)


def exp(x: Value) -> Value:
    """e^x.

    Largest error measured: 0.90 units in the last place, in single precision 0.88.
    """
    constants = _CONSTANTS[x.format]
    clamped = select(x < constants.least, constants.least, x)
    k, r = reduced(clamped)
    y = _scaled(near_one(r), k, clamped < constants.normal)
    return select(x <= constants.largest, y, x * _huge(x.format))


def exp2(x: Value) -> Value:
    """2^x.

    Largest error measured: 0.92 units in the last place, in single precision 0.97.
    """
    return _exp2(x, None)


def exp2_sum(x: Value, error: Value) -> Value:
    """2^(x + error); the error is small, and not looked at where the result is zero or infinite."""
    return _exp2(x, error)


def _exp2(x: Value, error: Value | None) -> Value:
    format_ = x.format
    least = -float(format_.bias + format_.fraction_bits + 2)
    clamped = select(x < least, least, x)
    shifted = clamped + format_.shift
    r = clamped - (shifted - format_.shift)
    if error is not None:
        r = r + select(x < least, 0.0, error)
    p = fma(r, polynomial(r, _CONSTANTS[format_].exp2), 1.0)
    y = _scaled(p, bits(shifted), clamped < float(2 - format_.bias))
    return select(x < float(format_.bias + 1), y, x * _huge(format_))


def expm1(x: Value) -> Value:
    """e^x - 1.

    Largest error measured: 1.52 units in the last place, in single precision 1.23.
    """
    constants, format_ = _CONSTANTS[x.format], x.format
    clamped = select(x < -constants.saturated, -constants.saturated, x)
    k, r = reduced(clamped)
    # Half of 2^k, which for the largest results is infinite.
    half = number((k << format_.fraction_bits) + format_.pattern(0.5))
    y = 2.0 * fma(half * (r * r), polynomial(r, constants.expm1), fma(half, r, half - 0.5))
    y = select(x <= constants.largest, y, x * _huge(format_))
    return select(magnitude(x) < 2.0 ** -(format_.fraction_bits + 2), x, y)


def tanh(x: Value) -> Value:
    """The hyperbolic tangent, from h = (e^(2|x|) - 1)/2 as h/(1 + h), for h < ½ as h - h·h/(1 + h).

    |x| is k·(ln 2)/2 + r, so that doubling it needs no instruction.

    Largest error measured: 1.87 units in the last place, in single precision 1.58.
    """
    constants, format_ = _CONSTANTS[x.format], x.format
    a = magnitude(x)
    clamped = select(a > constants.saturated / 2, constants.saturated / 2, a)
    k, r = reduced(clamped, 2.0)
    scale = number((k << format_.fraction_bits) + format_.pattern(1.0))
    offset = fma(scale, 0.5, -0.5)
    doubled = [c * 2.0 ** (i + 1) for i, c in enumerate(constants.expm1)]
    first, rest = fma(scale, r, offset), scale * (r * r)
    if format_ is SINGLE:
        h = fma(rest, polynomial(r, doubled), first)
    else:
        h = fma(rest, polynomial(r, doubled), fma(scale, r, offset - first)) + first
    quotient = h / (h + 1.0)
    return with_sign_of(select(h < 0.5, fma(-h, quotient, h), quotient), x)


def sigmoid(x: Value) -> Value:
    """The logistic function 1/(1 + e^-x), from e = e^-|x| as 1 - e/(1 + e) or, for x < 0, e - e·e/(1 + e).

    Largest error measured: 1.64 units in the last place, in single precision 1.61.
    """
    constants = _CONSTANTS[x.format]
    negative = -magnitude(x)
    clamped = select(negative < constants.least, constants.least, negative)
    k, r = reduced(clamped)
    e = _scaled(near_one(r), k, clamped < constants.normal)
    limit = select(x < 0.0, e, 1.0)
    y = fma(-limit, e / (e + 1.0), limit)
    return select(x.is_nan(), x, y)
