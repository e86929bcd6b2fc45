"""One suite for the web and the pmcd transport, on a real private pmcd and pmproxy."""

import math
import threading

import pytest

from vectorpy.errors import HostError
from vectorpy.model import hostspec
from vectorpy.settings import Settings
from vectorpy.sources import riders
from vectorpy.sources.dial import Dialler

pytestmark = pytest.mark.stack

TRANSPORTS = ["web", "pmcd", "local"]
SUBTREES = ("kernel", "mem", "disk", "network", "filesys", "hinv", "swap", "vfs")


def dialler_of(stack):
    return Dialler(
        Settings(
            allow_net=("127.0.0.1/32",),
            allow_port=(stack.ports,),
            pmcd_socket=str(stack.socket_path),
        )
    )


def host_of(stack, transport):
    texts = {
        "web": f"127.0.0.1:{stack.web_port}",
        "pmcd": f"pcp://127.0.0.1:{stack.pmcd_port}",
        "local": "local",
    }
    return hostspec.parse(texts[transport])


@pytest.fixture(scope="module")
def sources(stack):
    """One open source per transport; closed at the end."""
    dialler = dialler_of(stack)
    made = {t: dialler.dial(host_of(stack, t)) for t in TRANSPORTS}
    facts = {t: source.open() for t, source in made.items()}
    yield made, facts
    for source in made.values():
        source.close()
    dialler.close()


@pytest.fixture(params=TRANSPORTS)
def source(request, sources):
    return sources[0][request.param]


def merged(sample):
    return {name: v for part in sample.parts for name, v in part.values.items()}


def test_facts_are_the_same_by_every_way(sources):
    facts = sources[1]
    assert {f.hostname for f in facts.values()} == {facts["pmcd"].hostname}
    assert {f.machine for f in facts.values()} == {facts["pmcd"].machine}
    assert facts["web"].version == facts["pmcd"].version != ""
    assert facts["web"].agents == {"pmcd": 0, "proc": 0, "linux": 0, "sample": 0, "vtest": 0}
    assert facts["web"].agents == facts["pmcd"].agents == facts["local"].agents
    assert [facts[t].transport for t in TRANSPORTS] == ["web", "pmcd", "pmcd"]


def test_every_type_has_its_exact_value(source):
    names = [f"vtest.{n}" for n in ("u64max", "s64min", "double", "float", "u32", "s32", "string")]
    sample = source.fetch([*names, "vtest.many0", "vtest.many1"])
    assert merged(sample) == {
        "vtest.u64max": {"": 18446744073709551615},
        "vtest.s64min": {"": -9223372036854775808},
        "vtest.double": {"": 0.1},
        "vtest.float": {"": 0.25},
        "vtest.u32": {"": 4294967295},
        "vtest.s32": {"": -7},
        "vtest.string": {"": 'q"uote \\ <b>'},
        "vtest.many0": {"a": 1, "b c": 7001, "<img src=x>": 9001},
        "vtest.many1": {"a": 0.5, "b c": 7.5, "<img src=x>": 9.5},
    }
    assert sample.missing == {}


def test_what_has_no_value_is_missing_with_words_and_never_zero(source):
    names = [
        "vtest.nan",
        "vtest.inf",
        "vtest.refused",
        "vtest.none",
        "no.such.metric",
        "kernel.all",
    ]
    sample = source.fetch([*names, "hinv.ncpu"])
    assert set(merged(sample)) == {"hinv.ncpu"}
    assert set(sample.missing) == set(names)
    assert all(words.endswith(".") for words in sample.missing.values())
    assert sample.missing["no.such.metric"] == riders.unknown("no.such.metric")


def test_secrets_are_never_fetched(source):
    names = ["vtest.psinfo.environ", "proc.psinfo.environ", "hinv.ncpu"]
    sample = source.fetch(names)
    assert set(merged(sample)) == {"hinv.ncpu"}
    assert "secret" in sample.missing["vtest.psinfo.environ"]
    assert "vtest-secret" not in repr(sample)
    assert set(source.describe(names)) == {"hinv.ncpu"}
    assert not [d for d in source.children("vtest") if "environ" in d.name]


def test_some_instances_come_alone_with_the_numbers_that_they_have_among_all(source):
    names = ["vtest.many0", "vtest.many1", "hinv.ncpu"]
    indom = source.describe(names)["vtest.many0"].indom
    whole = merged(source.fetch(names))
    assert len(whole["vtest.many0"]) == 3
    for kept in (["b c"], ["a", "<img src=x>"], ["a", "no such thing"], ["b c"]):
        some = source.fetch(names, {indom: kept})
        expected = {n: {i: v for i, v in whole[n].items() if i in kept} for n in names[:2]}
        assert merged(some) == {**expected, "hinv.ncpu": whole["hinv.ncpu"]}
        assert some.missing == {}
        assert some.agents[146] == 0 and some.uptime > 0
    assert merged(source.fetch(names)) == whole, "the next one has all again"
    nothing = source.fetch(names, {indom: []})
    assert set(merged(nothing)) == {"hinv.ncpu"}
    assert set(nothing.missing) == {"vtest.many0", "vtest.many1"}


def test_a_lost_context_is_narrowed_anew(own_stack, wait_until):
    dialler = dialler_of(own_stack)
    made = [dialler.dial(host_of(own_stack, transport)) for transport in TRANSPORTS]
    only = {"146.0": ["b c"]}
    try:
        for source in made:
            source.open()
            assert merged(source.fetch(["vtest.many0"], only)) == {"vtest.many0": {"b c": 7001}}
        own_stack.stop_pmcd()
        own_stack.start_pmcd()
        for source in made:

            def again(source=source):
                try:
                    return merged(source.fetch(["vtest.many0"], only))
                except HostError:
                    return None

            found = wait_until(lambda again=again: again(), 10, "a fetch")
            assert found == {"vtest.many0": {"b c": 7001}}
    finally:
        for source in made:
            source.close()
        dialler.close()


def test_riders_ride_along(source):
    sample = source.fetch(["hinv.ncpu"])
    assert sample.agents == {2: 0, 3: 0, 29: 0, 60: 0, 146: 0}
    assert sample.uptime is not None and sample.uptime > 0
    assert merged(sample) == {"hinv.ncpu": merged(sample)["hinv.ncpu"]}


def test_descriptors_are_the_same_by_every_way(sources):
    made = sources[0]
    for tree in (*SUBTREES, "vtest"):
        by_web = {d.name: d for d in made["web"].children(tree)}
        by_pmcd = {d.name: d for d in made["pmcd"].children(tree)}
        assert by_web, tree
        assert by_web == by_pmcd


def test_numbers_are_the_same_by_every_way_up_to_sampling(sources):
    """Counters lie between two readings of the oracle; the same metrics are missing."""
    made = sources[0]
    found = [d for tree in SUBTREES for d in made["pmcd"].children(tree)]
    names = [d.name for d in found]
    made["web"].fetch(names)  # the first one describes, and learns what has no value
    before = made["pmcd"].fetch(names)
    by_web = made["web"].fetch(names)
    after = made["pmcd"].fetch(names)
    low, mid, high = merged(before), merged(by_web), merged(after)
    assert len(by_web.parts) > 1
    assert set(mid) - set(low) == set() or set(mid) <= set(high)
    assert set(low) & set(high) <= set(mid)
    compared = 0
    for descriptor in found:
        name = descriptor.name
        if descriptor.semantics != "counter" or name not in low or name not in high:
            continue
        for instance in low[name].keys() & mid[name].keys() & high[name].keys():
            a, b, c = low[name][instance], mid[name][instance], high[name][instance]
            if a <= c:  # a few of the kernel's counters do go back
                assert a <= b <= c, (name, instance)
                compared += 1
    assert compared > 200
    assert before.stamp <= by_web.parts[0].stamp <= by_web.parts[-1].stamp <= after.stamp


def test_per_process_values_by_the_unix_socket_only(sources):
    by_socket = sources[0]["local"].fetch(["proc.psinfo.pid"])
    own = merged(by_socket)["proc.psinfo.pid"]
    assert any(name.startswith("000001 ") or int(name.split()[0]) == 1 for name in own)
    for way in ("web", "pmcd"):
        assert "proc.psinfo.pid" in sources[0][way].fetch(["proc.psinfo.pid"]).missing


def test_a_context_that_the_server_forgot_costs_nothing(stack):
    dialler = dialler_of(stack)
    source = dialler.dial(host_of(stack, "web"))
    source.open()
    source.source._context = 12345  # what an expired one is to pmproxy: unknown
    assert set(merged(source.fetch(["hinv.ncpu"]))) == {"hinv.ncpu"}
    assert source.source._context != 12345
    source.close()
    dialler.close()


def test_alive_and_one_source_per_dial(stack):
    dialler = dialler_of(stack)
    for transport in TRANSPORTS:
        host = host_of(stack, transport)
        assert dialler.alive(host)
        one, other = dialler.dial(host), dialler.dial(host)
        assert one.open().hostname == other.open().hostname
        one.close()
        assert math.isfinite(other.fetch(["kernel.all.uptime"]).stamp)
        other.close()
    dialler.close()


def test_many_threads_read_pmcd_at_once(stack):
    """libpcp is one library for all threads; a context belongs to one."""
    dialler = dialler_of(stack)
    faults = []

    def read():
        try:
            source = dialler.dial(host_of(stack, "pmcd"))
            source.open()
            for _ in range(20):
                values = merged(source.fetch(["vtest.u64max", "vtest.many0", "kernel.all.load"]))
                assert values["vtest.u64max"] == {"": 18446744073709551615}
                assert values["vtest.many0"] == {"a": 1, "b c": 7001, "<img src=x>": 9001}
            source.describe(["hinv.ncpu", "mem.physmem"])
            source.close()
        except Exception as error:
            faults.append(error)

    threads = [threading.Thread(target=read) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    dialler.close()
    assert faults == []
