"""Timings: durations are readable and calls get their arguments; nothing here depends on speed."""

import numpy as np
import pytest

from adtrans.bench import best_time, readable


@pytest.mark.parametrize("seconds, text", [(2.5, "2.5 s"), (1.0, "1 s"), (0.0123456, "12.3 ms"),
                                           (4.56e-5, "45.6 µs"), (7.89e-7, "789 ns")])
def test_durations_have_three_digits_and_a_unit(seconds, text):
    assert readable(seconds) == text


def test_every_timed_call_gets_the_same_arguments():
    seen = []

    def overwrite(x, n):
        seen.append((x[0], n))
        x[0] = 9.0

    assert best_time(overwrite, [np.ones(3), 2], seconds=0.001) > 0.0
    assert set(seen) == {(1.0, 2)}
