"""The web transport against the recorded answers of pmproxy 6.0.3 and pmwebd 4.3.4."""

import re

import pytest

from vectorpy.errors import ContextLost, HostDown, NotPcp, Overloaded
from vectorpy.sources import riders
from vectorpy.sources.web import WebSource

BOTH = pytest.mark.parametrize("kind", ["pmproxy", "pmwebd"])


@BOTH
def test_open_tells_the_dialect_by_the_first_refusal(replayed, kind):
    source, world = replayed(kind)
    facts = source.open()
    assert facts.transport == "web"
    assert facts.agents == {"pmcd": 0, "linux": 0, "vtest": 0}
    assert facts.hostname == ("web-01" if kind == "pmproxy" else "")
    asked = [p for p in world.paths if "/context" in p]
    if kind == "pmproxy":
        assert asked == ["/pmapi/context?polltimeout=30"]
    else:
        assert asked[-1] == "/pmapi/context?polltimeout=30&hostspec=localhost"


@BOTH
def test_descriptors_are_the_same_of_both_servers(replayed, kind):
    source, _ = replayed(kind)
    source.open()
    found = source.describe(["kernel.all.load", "hinv.ncpu", "no.such.metric"])
    load = found["kernel.all.load"]
    assert set(found) == {"kernel.all.load", "hinv.ncpu"}
    assert (load.pmid, load.indom, load.type) == ("60.2.0", "60.2", "float")
    assert (load.semantics, load.units) == ("instant", "")
    assert load.oneline == "1, 5 and 15 minute load average"
    assert (found["hinv.ncpu"].indom, found["hinv.ncpu"].type) == (None, "u32")


@BOTH
def test_values_carry_instance_names_and_the_hosts_own_time(replayed, kind):
    source, _ = replayed(kind)
    source.open()
    sample = source.fetch(["kernel.all.load", "hinv.ncpu", "no.such.metric"])
    values = sample.parts[0].values
    assert set(values["kernel.all.load"]) == {"1 minute", "5 minute", "15 minute"}
    assert values["hinv.ncpu"] == {"": 2}
    assert sample.stamp == 1795379506.25
    assert sample.missing == {"no.such.metric": riders.unknown("no.such.metric")}
    assert sample.agents == {2: 0, 60: 0, 146: 0}
    assert sample.uptime == 100.0


def test_one_nan_costs_its_own_metric_only(replayed):
    source, _ = replayed("pmwebd")
    source.open()
    names = ["hinv.ncpu", "vtest.u64max", "vtest.nan", "vtest.mode", "vtest.uni", "vtest.novalue"]
    sample = source.fetch(names)
    values = sample.parts[0].values
    assert values["vtest.u64max"] == {"": 18446744073709551615}
    assert values["vtest.mode"] == {"": "ok"}
    assert values["vtest.uni"] == {"": 'q"uote \\ tab\t \ufffd\ufffd \ufffd\ufffd\ufffd'}
    assert set(sample.missing) == {"vtest.nan", "vtest.novalue"}


@BOTH
def test_names_are_asked_for_once_each(replayed, kind):
    source, world = replayed(kind)
    source.open()
    source.fetch(["hinv.ncpu", "kernel.all.load", "hinv.ncpu", "kernel.all.uptime"])
    last = [path for path in world.paths if "_fetch" in path][-1]
    fetched = last.partition("names=")[2].split(",")
    assert sorted(fetched) == [
        "hinv.ncpu",
        "kernel.all.load",
        "kernel.all.uptime",
        "pmcd.agent.status",
    ]


def routes(world):
    """What was asked of the server, without names."""
    return [re.sub(r"^/pmapi/(\d+/)?|\?.*", "", path) for path in world.paths]


@BOTH
def test_values_are_asked_for_before_what_describes_them(replayed, kind):
    source, world = replayed(kind)
    source.open()
    world.paths.clear()
    names = ["kernel.all.load", "hinv.ncpu", "no.such.metric"]
    sample = source.fetch(names)
    assert routes(world)[:2] == ["_fetch", "_metric"]
    assert routes(world).count("_fetch") == 1
    assert sample.parts[0].values["hinv.ncpu"] == {"": 2}
    assert set(sample.parts[0].values["kernel.all.load"]) == {"1 minute", "5 minute", "15 minute"}
    assert sample.missing == {"no.such.metric": riders.unknown("no.such.metric")}
    world.paths.clear()
    assert set(source.describe(names)) == {"kernel.all.load", "hinv.ncpu"}
    source.fetch(names)
    assert routes(world) == ["_fetch"]


@BOTH
def test_a_server_that_refuses_unknown_names_is_asked_in_the_usual_order(replayed, kind):
    source, world = replayed(kind)
    source.open()
    answer = world.fetch
    world.fetch = lambda query: (
        world.error("Unknown metric name", -12357) if "no.such" in query["names"] else answer(query)
    )
    world.paths.clear()
    sample = source.fetch(["hinv.ncpu", "no.such.metric"])
    assert sample.parts[0].values == {"hinv.ncpu": {"": 2}}
    assert set(sample.missing) == {"no.such.metric"}
    assert "context" not in routes(world)


@BOTH
def test_a_dead_agents_values_become_gaps(replayed, kind):
    source, world = replayed(kind)
    source.open()
    world.status[60] = 264
    sample = source.fetch(["hinv.ncpu", "kernel.all.load"])
    assert sample.parts[0].values == {}
    assert set(sample.missing) == {"hinv.ncpu", "kernel.all.load"}
    assert "linux" in sample.missing["hinv.ncpu"]
    assert sample.agents[60] == 264
    assert sample.uptime is None


def test_values_that_stand_still_are_gaps_although_pmcd_says_well(replayed):
    source, world = replayed("pmproxy")
    source.open()
    source.fetch(["hinv.ncpu"])
    world.stamp += 1.0
    stale = source.fetch(["hinv.ncpu"])
    assert stale.parts[0].values == {}
    assert stale.agents[60] == riders.STALE_STATUS
    world.stamp += 1.0
    world.uptime += 2.0
    assert source.fetch(["hinv.ncpu"]).parts[0].values == {"hinv.ncpu": {"": 2}}


@BOTH
def test_a_refused_context_is_made_anew_within_the_fetch(replayed, kind):
    source, world = replayed(kind)
    source.open()
    source.fetch(["hinv.ncpu"])
    world.refuse.add(world.context)
    assert source.fetch(["hinv.ncpu"]).parts[0].values == {"hinv.ncpu": {"": 2}}
    assert world.context == 1002


@BOTH
def test_contexts_refused_again_and_again_are_told(replayed, kind):
    source, world = replayed(kind)
    source.open()
    world.refuse.update(range(1000, 1100))
    with pytest.raises(ContextLost):
        source.fetch(["hinv.ncpu"])


@BOTH
def test_a_web_api_without_pmcd_says_so(replayed, kind):
    source, world = replayed(kind)
    world.no_pmcd = True
    with pytest.raises(HostDown, match="pmcd behind it does not"):
        source.open()


def test_long_lists_are_split_and_riders_ride_in_each_part(replayed):
    source, world = replayed("pmproxy")
    names = [f"long.metric.name{i:04d}.{'x' * 80}" for i in range(200)]
    for number, name in enumerate(names):
        world.known[name] = (
            f'{{"name":"{name}","pmid":{612370435 + number},"type":"u64","sem":"instant",'
            '"units":"none"}'
        )
        world.values[name] = (
            f'{{"pmid":1,"name":"{name}","instances":[{{"instance":-1,"value":{number}}}]}}'
        )
    source.open()
    world.paths.clear()
    sample = source.fetch(names)
    fetches = [p for p in world.paths if "_fetch" in p]
    assert len(fetches) == len(sample.parts) == sample.requests == 3
    assert all(len(path) < 8000 for path in world.paths)
    assert all("pmcd.agent.status" in p and "kernel.all.uptime" in p for p in fetches)
    got = {name: v[""] for part in sample.parts for name, v in part.values.items()}
    assert got == {name: number for number, name in enumerate(names)}


def test_unknown_instances_make_names_load_anew(replayed):
    source, world = replayed("pmproxy")
    source.open()
    source.fetch(["kernel.all.load"])
    world.exact = {
        "_indom?x": (
            200,
            "application/json",
            b'{"indom":251658242,"instances":[{"instance":1,"name":"1 minute"},'
            b'{"instance":9,"name":"9 minute"}]}',
        )
    }
    world.values["kernel.all.load"] = (
        '{"pmid":251660288,"name":"kernel.all.load","instances":'
        '[{"instance":1,"value":1},{"instance":9,"value":2}]}'
    )
    world.uptime += 1
    sample = source.fetch(["kernel.all.load"])
    assert sample.parts[0].values == {"kernel.all.load": {"1 minute": 1.0, "9 minute": 2.0}}


def test_pmwebd_is_asked_by_folder_where_several_names_share_one(replayed):
    source, world = replayed("pmwebd")
    source.open()
    world.paths.clear()
    source.describe(["vtest.nan", "kernel.all.load", "kernel.all.other", "hinv.ncpu"])
    assert [p.rpartition("prefix=")[2] for p in world.paths] == [
        "vtest.nan",
        "kernel.all",
        "hinv.ncpu",
    ]


def test_more_values_than_allowed_are_overloaded(replayed):
    source, _ = replayed("pmproxy", fetch_values=5)
    source.open()
    with pytest.raises(Overloaded):
        source.fetch(["kernel.all.load"])


@pytest.mark.parametrize(
    "body",
    [
        b"<html>hello</html>",
        b"{}",
        b'{"context":"7"}',
        b'{"context":true}',
        b"[1]",
        b"",
        b'{"context":1e400}',
    ],
)
def test_another_server_is_not_pcp(http_server, getter, body):
    server = http_server(lambda path: (200, "text/html", body))
    with pytest.raises(NotPcp):
        WebSource(getter(server.port), "x").open()


def test_one_connection_serves_all(http_server, getter, replay):
    world = replay("pmproxy")
    server = http_server(world.answer)
    source = WebSource(getter(server.port), "web-01")
    source.open()
    for _ in range(5):
        source.fetch(["hinv.ncpu", "kernel.all.load"])
    assert server.connections == 1


def test_what_pmproxy_gives_as_zero_without_having_it_is_a_gap(replayed):
    source, world = replayed("pmproxy")
    world.open_metrics = ["vtest.u64max", "kernel.all.uptime"]
    source.open()
    sample = source.fetch(["hinv.ncpu", "kernel.all.load"])
    assert set(sample.parts[0].values) == {"kernel.all.load"}
    assert sample.missing == {"hinv.ncpu": riders.NO_VALUE}


def test_children_are_listed_by_subtree(replayed):
    source, _ = replayed("pmwebd")
    source.open()
    assert [d.name for d in source.children("vtest")] == [
        "vtest.mode",
        "vtest.nan",
        "vtest.novalue",
        "vtest.u64max",
        "vtest.uni",
    ]
