"""The tables of metrics: what is refused, what every agent has, and the README's table."""

from __future__ import annotations

import pytest
import vtable as t

THING = t.Indom(2, "thing", "things")
ROW = (0, "count", t.U64, t.COUNTER, "count", "how many")


def table(*metrics: t.Metric) -> t.Table:
    return t.Table("toy", 410, metrics)


def metric(**changed: object) -> t.Metric:
    made = t.group(1, "a", THING, "All about it.", (ROW,))[0]
    return made._replace(**changed)  # type: ignore[arg-type]


def test_a_group_gives_each_row_name_identity_and_help() -> None:
    (made,) = t.group(7, "a.b", THING, "All about it.", (ROW,))
    assert (made.name, made.cluster, made.item, made.indom) == ("a.b.count", 7, 0, THING)
    assert made.text == "how many\nAll about it."
    assert made.key == 7 * 1024


def test_every_agent_tells_how_it_fares() -> None:
    assert [made.name for made in table().metrics] == [
        "control.heartbeat_age",
        "control.collect_seconds",
        "control.errors",
        "control.instances",
        "control.truncated",
        "probe.status",
        "probe.seconds",
    ]


def test_nothing_is_without_instances() -> None:
    made = table(metric())
    assert {one.indom.serial for one in made.metrics} == {0, 1, 2}
    assert made.indoms == {0: t.ALL, 1: t.PROBE, 2: THING}


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"name": "A.b"}, "PMNS"),
        ({"name": "a..b"}, "PMNS"),
        ({"name": "a b"}, "PMNS"),
        ({"type": "u32"}, "unknown type"),
        ({"sem": "gauge"}, "unknown type"),
        ({"units": "bytes"}, "unknown type"),
        ({"cluster": 4096}, "range"),
        ({"item": 1024}, "range"),
        ({"type": t.STRING}, "a counter of that type"),
        ({"oneline": ""}, "help"),
        ({"oneline": "x" * 121}, "help"),
        ({"text": ""}, "help"),
        ({"indom": t.Indom(1, "mine", "clashes")}, "belongs to another"),
    ],
)
def test_what_is_wrong_in_a_row_is_refused(changed: dict[str, object], fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        table(metric(**changed))


def test_names_and_identities_stand_once() -> None:
    with pytest.raises(ValueError, match="name stands twice"):
        table(metric(), metric(item=1))
    with pytest.raises(ValueError, match="stand twice"):
        table(metric(), metric(name="other"))


def test_the_readme_s_table_has_a_line_per_metric() -> None:
    text = t.markdown(table(metric(oneline="one | two")))
    assert text.splitlines()[-1] == (
        "| `toy.a.count` | U64 | counter | count | thing | one \\| two |"
    )
    assert len(text.splitlines()) == 2 + 8
