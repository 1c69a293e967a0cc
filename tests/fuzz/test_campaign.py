"""A slice of the random programs, the same every time, and of the seeded faults."""

import pytest

from tests.fuzz import campaign, faults, seeded

FIRST = 1_000_000
CHUNK = 50
COMPILED = 6
FAULTS = (
    "adjoint-not-cleared-on-store",
    "loop-not-reversed",
    "overwritten-value-taken-as-stable",
    "activity-lost-at-join",
    "named-view-is-a-copy",
    "live-values-share-a-name",
)


def failures(seeds, mode, **options):
    tally = campaign.judged(seeds, mode, None, False, {"cache": False, **options})
    assert tally.outcomes.total() == len(seeds)
    return [failure for failure in tally.failures if failure[1] in campaign.FAILED]


@pytest.mark.parametrize("first", range(FIRST, FIRST + 400, CHUNK))
def test_random_programs_interpreted(first):
    assert failures(range(first, first + CHUNK), "interpreted") == []


def test_random_programs_in_parts():
    assert failures(range(FIRST + 500, FIRST + 500 + CHUNK), "interpreted", checkpoint=2) == []


@pytest.mark.parametrize("seed", range(FIRST, FIRST + COMPILED))
def test_random_programs_compiled(seed):
    assert failures([seed], "compiled") == []


@pytest.mark.parametrize("name", FAULTS)
def test_seeded_fault_is_caught(name):
    found = faults.run([name], FIRST, 60)
    assert found.failing == {} and found.broken == {}
    assert list(found.caught) == [name]


@pytest.mark.parametrize("name", seeded.RARE)
def test_rare_fault_is_caught_by_its_own_program(name):
    assert faults.shown_by_its_own(name)


def test_a_harmless_change_is_no_fault(monkeypatch):
    monkeypatch.setitem(seeded.FAULTS, "nothing", lambda patch: None)
    found = faults.run(["nothing"], FIRST, 3)
    assert found.missed == {"nothing": found.programs}


def test_a_fault_that_fails_by_itself_is_not_taken_for_a_find(monkeypatch):
    def stale(patch):
        raise AttributeError("no such method")

    monkeypatch.setitem(seeded.FAULTS, "stale", stale)
    found = faults.run(["stale"], FIRST, 3)
    assert found.broken == {"stale": "no such method"}


def test_there_are_enough_faults():
    assert len(seeded.FAULTS) >= 34
    assert all(fault.__doc__ for fault in seeded.FAULTS.values())
