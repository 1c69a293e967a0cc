"""adjoint: procedures that leave their results in their arguments, in place."""

import numpy as np
import pytest

import adtrans

RNG = np.random.default_rng(4)


def recurrence(a, b, alpha, s):
    total = 0.0
    for i in range(1, len(a)):
        a[i] = alpha * a[i - 1] * a[i] + b[i]
        s[i] = a[i] * 2.0
        total += a[i]
    b[0] = 3.0
    return total


def sensitivity(run, inputs, bars):
    """d sum(bars * outputs) by each entry of each input, by complex step; `run(*inputs)` gives the outputs."""
    found = []
    for k, value in enumerate(inputs):
        slopes = np.zeros(np.shape(value))
        for place in np.ndindex(np.shape(value)):
            moved = [np.array(v, complex) for v in inputs]
            moved[k][place] += 1e-30j
            slopes[place] = sum(np.sum(bar * np.imag(out)) / 1e-30 for bar, out in zip(bars, run(*moved)))
        found.append(slopes)
    return found


@pytest.mark.parametrize("how", ["compiled", "interpreted"])
def test_inputs_outputs_and_both(how):
    a, b, alpha = RNG.normal(size=5), RNG.normal(size=5), 0.5
    a_bar, s_bar, b_bar, alpha_bar = RNG.normal(size=5), RNG.normal(size=5), RNG.normal(size=5), np.array([0.25])

    def run(a, b, alpha):
        a, s = a.copy(), np.zeros(5, complex)
        recurrence(a, b.copy(), alpha[()], s)
        return a, s

    wanted = sensitivity(run, [a, b, alpha], [a_bar, s_bar])
    adj = adtrans.adjoint(recurrence, ("a", "b", "alpha"), ("a", "s"))
    bars = {"a": a_bar.copy(), "b": b_bar.copy(), "alpha": alpha_bar.copy(), "s": s_bar.copy()}
    mine, mine_b, s = a.copy(), b.copy(), np.zeros(5)
    other, other_b, other_s = a.copy(), b.copy(), np.zeros(5)
    value = (adj if how == "compiled" else adj.interpreted)(mine, mine_b, alpha, s, bars=bars)
    assert value == pytest.approx(recurrence(other, other_b, alpha, other_s), rel=1e-13)
    assert np.allclose(mine, other) and np.allclose(s, other_s) and np.allclose(mine_b, other_b)
    assert np.allclose(bars["a"], wanted[0], rtol=1e-12)
    assert np.allclose(bars["b"], b_bar + wanted[1], rtol=1e-12)
    assert np.allclose(bars["alpha"], alpha_bar + wanted[2], rtol=1e-12)
    assert not bars["s"].any()


def sweeps(steps, u, v):
    for _ in range(steps):
        v[1:-1] = u[:-2] * u[1:-1] + u[2:]
        u[1:-1] = v[:-2] + v[1:-1] * v[2:]


@pytest.mark.parametrize("layout", ["C", "strided", "reversed"])
def test_ping_pong_in_any_layout(layout):
    u, v, u_bar, v_bar = 0.3 * RNG.normal(size=(4, 7))

    def run(u, v):
        u, v = u.copy(), v.copy()
        sweeps(3, u, v)
        return u, v

    wanted = sensitivity(run, [u, v], [u_bar, v_bar])

    def laid_out(x):
        if layout == "C":
            return x.copy()
        if layout == "reversed":
            return x[::-1].copy()[::-1]
        wide = np.zeros(2 * len(x))
        wide[::2] = x
        return wide[::2]

    bars = {"u": laid_out(u_bar), "v": v_bar.copy()}
    mine = laid_out(u), laid_out(v)
    assert adtrans.adjoint(sweeps, ("u", "v"), ("u", "v"))(3, *mine, bars=bars) is None
    assert np.allclose(mine, run(u, v)) and np.allclose(bars["u"], wanted[0]) and np.allclose(bars["v"], wanted[1])


def scratched(x, y, work):
    work[:] = x * x
    y[:] = work[::-1] * x
    work[:] = 0.0


def test_scratch_is_neither_input_nor_output():
    x = RNG.normal(size=4)
    bars = {"x": np.zeros(4), "y": np.ones(4)}
    adtrans.adjoint(scratched, "x", "y")(x, np.zeros(4), np.zeros(4), bars=bars)
    wanted = sensitivity(lambda x: [(x * x)[::-1] * x], [x], [np.ones(4)])[0]
    assert np.allclose(bars["x"], wanted)


def test_an_input_that_is_overwritten_but_not_an_output():
    def consume(x, y):
        for i in range(len(x)):
            x[i] = x[i] * x[i]
            y[i] = x[i] * 3.0

    x = RNG.normal(size=4)
    bars = {"x": np.ones(4), "y": np.ones(4)}
    adtrans.adjoint(consume, "x", "y")(x.copy(), np.zeros(4), bars=bars)
    assert np.allclose(bars["x"], 1.0 + 6.0 * x)


def test_an_output_that_is_overwritten_completely():
    def reset(x):
        x[:] = 2.0

    bars = {"x": np.ones(3)}
    adtrans.adjoint(reset, "x", "x")(np.ones(3), bars=bars)
    assert not bars["x"].any()


def test_arrays_in_containers():
    def update(state, rate):
        state["u"][:] = rate * state["u"] * state["v"]

    u, v = RNG.normal(size=3), RNG.normal(size=3)
    bars = {"state": {"u": np.ones(3), "v": np.zeros(3)}, "rate": np.zeros(())}
    adtrans.adjoint(update, ("state", "rate"), "state")({"u": u.copy(), "v": v.copy()}, 0.5, bars=bars)
    assert np.allclose(bars["state"]["u"], 0.5 * v) and bars["rate"] == pytest.approx(np.sum(u * v))


def test_a_run_that_has_to_be_read_again_starts_from_the_same_arguments():
    def scaled(x, factor, y):
        x *= 2.0
        y[:] = x * factor

    for n in (3, 1):
        x, factor = RNG.normal(size=3), RNG.normal(size=n)
        bars = {"x": np.zeros(3), "y": np.ones(3)}
        mine = x.copy()
        adtrans.adjoint(scaled, "x", "y")(mine, factor, np.zeros(3), bars=bars)
        assert np.allclose(mine, 2.0 * x) and np.allclose(bars["x"], 2.0 * factor)


def doubled(x, y):
    y[:] = 2.0 * x


@pytest.mark.parametrize("bars, words", [
    ({"x": np.zeros(3)}, "no entry for 'y'"),
    ({"x": np.zeros(3), "y": np.zeros(3), "z": np.zeros(3)}, "'z', which is neither input nor output"),
    ({"x": np.zeros(3), "y": np.zeros(2)}, "the bar of 'y' has shape"),
    ({"x": np.zeros(3, np.float32), "y": np.zeros(3)}, "the bar of 'x' has shape"),
    ({"x": [0.0], "y": np.zeros(3)}, "must be an array"),
    ([1], "bars must be a dict"),
])
def test_bars_that_do_not_fit(bars, words):
    with pytest.raises(adtrans.AdtransError, match=words):
        adtrans.adjoint(doubled, "x", "y")(np.ones(3), np.ones(3), bars=bars)


def test_overlapping_memory_and_numbers_as_outputs_are_refused():
    x, y = np.ones(3), np.ones(3)
    with pytest.raises(ValueError, match="must not overlap"):
        adtrans.adjoint(doubled, "x", "y")(x, y, bars={"x": x, "y": np.ones(3)})
    with pytest.raises(ValueError, match="must not overlap"):
        adtrans.adjoint(doubled, "x", "y")(x, x, bars={"x": np.ones(3), "y": np.ones(3)})
    with pytest.raises(TypeError, match="output 'y' must be an array"):
        adtrans.adjoint(doubled, "x", "y")(x, 2.0, bars={"x": np.ones(3), "y": np.ones(1)})
    with pytest.raises(ValueError, match="outputs is empty"):
        adtrans.adjoint(doubled, "x", ())


def test_a_procedure_called_from_a_differentiated_function():
    def run(u, v):
        sweeps(2, u, v)
        return np.sum(u * v)

    u, v = RNG.normal(size=(2, 6))
    adtrans.check_grads(run, (u, v), modes=("rev",))


def test_the_value_of_a_procedure_leaves_the_arguments_alone():
    def doubled(a):
        a[0] = a[0] * a[1]

    def summed(a):
        a[0] = a[0] * a[1]
        return a[0] + a[1]

    a = np.array([2.0, 3.0])
    assert adtrans.adjoint(doubled, "a", "a").value(a) is None
    assert adtrans.adjoint(summed, "a", "a").value(a) == 9.0
    assert a.tolist() == [2.0, 3.0]
