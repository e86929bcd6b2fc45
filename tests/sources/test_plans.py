"""Plans are made once for a list of names, and anew where something was missing."""

from dataclasses import dataclass, field

import pytest

from vectorpy.sources.plans import Plans


@dataclass
class Plan:
    names: tuple[str, ...]
    missing: dict[str, str] = field(default_factory=dict)
    until: float = 0.0


@pytest.fixture
def world():
    """The clock in a list, what was made, and the plans."""
    now, made = [100.0], []

    def make(names):
        missing = {"odd": "unknown"} if "odd" in names else {}
        made.append(Plan(names, missing, now[0] + 60.0))
        return made[-1]

    return now, made, Plans(make, lambda: now[0])


def test_a_whole_plan_is_kept_until_it_is_cleared(world):
    now, made, plans = world
    first = plans.get(("a", "b"))
    now[0] += 10_000.0
    assert plans.get(("a", "b")) is first
    plans.clear()
    assert plans.get(("a", "b")) is not first
    assert len(made) == 2


def test_one_with_missing_metrics_is_made_anew_after_its_time(world):
    now, _, plans = world
    first = plans.get(("odd",))
    now[0] += 60.0
    assert plans.get(("odd",)) is first
    now[0] += 0.1
    assert plans.get(("odd",)) is not first


def test_only_a_few_are_kept(world):
    _, made, plans = world
    for n in range(9):
        plans.get((str(n),))
    assert len(made) == 9
    plans.get(("0",))
    assert len(made) == 10
    plans.get(("8",))
    assert len(made) == 10
