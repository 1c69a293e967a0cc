"""Timings: durations are readable and calls get their arguments; nothing here depends on speed."""

import pytest

from adtrans.bench import best_time, readable


@pytest.mark.parametrize("seconds, text", [(2.5, "2.5 s"), (1.0, "1 s"), (0.0123456, "12.3 ms"),
                                           (4.56e-5, "45.6 µs"), (7.89e-7, "789 ns")])
def test_durations_have_three_digits_and_a_unit(seconds, text):
    assert readable(seconds) == text


def test_the_best_time_calls_with_the_arguments():
    seen = []
    assert best_time(lambda *args: seen.append(args), [1, "a"], seconds=0.001) > 0.0
    assert set(seen) == {(1, "a")}
