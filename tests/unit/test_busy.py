"""What an engine's time was spent on adds up to the time it was busy."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.serving.busy import BusyTime


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


def test_two_at_once_share_and_one_alone_has_all():
    clock = Clock()
    busy = BusyTime(clock)
    first, second = busy.share(), busy.share()

    a = first.__enter__()
    clock.now += 2
    b = second.__enter__()
    clock.now += 4
    first.__exit__(None, None, None)
    clock.now += 1
    second.__exit__(None, None, None)

    assert (a.seconds, b.seconds) == (4, 3)


def test_idle_time_is_nobodys():
    clock = Clock()
    busy = BusyTime(clock)
    for _ in range(2):
        with busy.share() as share:
            clock.now += 1
        clock.now += 50

    assert share.seconds == 1


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(1, 9)), min_size=1, max_size=30))
def test_shares_add_up_to_busy_time(spans):
    clock = Clock()
    busy, shares = BusyTime(clock), []
    events = sorted(
        [(begin, 1, n) for n, (begin, _) in enumerate(spans)]
        + [(begin + length, 0, n) for n, (begin, length) in enumerate(spans)]
    )
    open_ones = {}
    for at, begins, number in events:
        clock.now = 100.0 + at
        if begins:
            open_ones[number] = busy.share()
            shares.append(open_ones[number].__enter__())
        else:
            open_ones[number].__exit__(None, None, None)

    covered = {t for begin, length in spans for t in range(begin, begin + length)}
    assert sum(share.seconds for share in shares) == pytest.approx(len(covered))
