"""Secrets in the environments of processes stay there, whoever asks over whatever way.

pmdaproc offers them as proc.psinfo.environ to clients of its own uid. Planted
are two: one in a process of another user, one under the stack's own uid. The
first test shows that the second can be read at all, or the others would prove
nothing.
"""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import urllib.parse
from collections.abc import Callable, Iterator
from typing import Any

import pytest

pytestmark = pytest.mark.stack

NAME = "proc.psinfo.environ"
OWN, OTHER = "own-secret-6f2b", "other-secret-91c4"
PORTS = ("--port", "free", "--web-port", "free")


def plant(user: str, secret: str) -> subprocess.Popen[bytes]:
    import pwd

    entry = pwd.getpwnam(user)
    who: dict[str, Any] = {}
    if os.geteuid() == 0:
        who = {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
    return subprocess.Popen(["/bin/sleep", "1000"], env={"SECRET": secret}, cwd="/", **who)


@pytest.fixture(scope="module")
def secrets(ordinary: str) -> Iterator[tuple[int, int]]:
    """Process ids of the two planted secrets: of user pcp, and of an ordinary user."""
    if os.geteuid() != 0:
        pytest.skip("only root can plant secrets of two users")
    planted = [plant("pcp", OWN), plant(ordinary, OTHER)]
    yield (planted[0].pid, planted[1].pid)
    for process in planted:
        process.kill()
        process.wait()


@pytest.fixture(scope="module")
def collector(start: Callable[..., Any], secrets: tuple[int, int]) -> Any:
    """Root's collector: its own uid is pcp's."""
    instance = start("collector", *PORTS)
    instance.wait_for("the collector answers")
    return instance


@pytest.fixture(scope="module")
def users_own(start: Callable[..., Any], secrets: tuple[int, int], ordinary: str) -> Any:
    """An ordinary user's collector: the other secret is under its own uid."""
    instance = start("collector", *PORTS, user=ordinary)
    instance.wait_for("the collector answers")
    return instance


def none_in(text: str) -> bool:
    return OWN not in text and OTHER not in text


def get(port: int, path: str, **query: str) -> str:
    """The body of an answer, errors too, whole: pmproxy cuts it off at "Connection: close"."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=15)
    try:
        connection.request("GET", f"{path}?{urllib.parse.urlencode(query)}")
        return connection.getresponse().read().decode()
    finally:
        connection.close()


def hostspecs(instance: Any, port: int) -> list[str]:
    socket = f"{instance.runtime}/pmcd.sock"
    return [
        "localhost",
        f"localhost:{port}",
        f"127.0.0.1:{port}",
        f"pcp://127.0.0.1:{port}",
        "local:",
        f"local://{socket}",
        f"unix:{socket}",
        f"unix://{socket}",
    ]


def pmid(instance: Any, run_as: Callable[..., str], user: str) -> str:
    """PMID of the metric, dotted: asking by number goes round any filter of names."""
    socket = f"unix:{instance.runtime}/pmcd.sock"
    said = run_as(user, "pminfo", "-m", "-h", socket, NAME)
    return said.split("PMID:")[1].split()[0]


def test_the_stack_s_own_uid_can_read_what_was_planted(
    collector: Any, run_as: Callable[..., str], secrets: tuple[int, int]
) -> None:
    """By libpcp over the unix socket, as the sampler is connected."""
    said = run_as("pcp", "pminfo", "-f", "-h", f"unix:{collector.runtime}/pmcd.sock", NAME)
    assert OWN in said
    assert OTHER not in said


def test_http_tells_nobody(collector: Any, run_as: Callable[..., str]) -> None:
    number = pmid(collector, run_as, "pcp")
    for spec in hostspecs(collector, collector.port):
        for way in ({"names": NAME}, {"pmids": number}, {"name": NAME}):
            assert none_in(get(collector.web_port, "/pmapi/fetch", hostspec=spec, **way)), (
                spec,
                way,
            )
        assert none_in(get(collector.web_port, "/pmapi/metrics", hostspec=spec, names=NAME)), spec
        context = get(collector.web_port, "/pmapi/context", hostspec=spec)
        if '"context"' in context:
            path = f"/pmapi/{json.loads(context)['context']}/_fetch"
            assert none_in(get(collector.web_port, path, names=NAME)), spec


def test_http_asked_in_earnest(collector: Any) -> None:
    """The same questions bring other metrics of the same agent."""
    spec = f"127.0.0.1:{collector.port}"
    answer = json.loads(get(collector.web_port, "/pmapi/fetch", hostspec=spec, names="proc.nprocs"))
    assert answer["values"][0]["instances"][0]["value"] > 1


def test_tcp_and_the_unix_socket_tell_no_other_user(
    collector: Any, run_as: Callable[..., str], ordinary: str
) -> None:
    for user in (None, "pcp", "nobody", ordinary):
        for host in (f"127.0.0.1:{collector.port}", f"localhost:{collector.port}"):
            assert none_in(run_as(user, "pminfo", "-f", "-h", host, NAME)), (user, host)
    for user in (None, "nobody", ordinary):
        socket = f"unix:{collector.runtime}/pmcd.sock"
        assert none_in(run_as(user, "pminfo", "-f", "-h", socket, NAME)), user


def test_a_user_s_collector_has_no_teller_of_secrets(
    users_own: Any, run_as: Callable[..., str], ordinary: str
) -> None:
    for spec in hostspecs(users_own, users_own.port):
        body = get(users_own.web_port, "/pmapi/fetch", hostspec=spec, names=NAME)
        assert none_in(body), spec
        body = get(users_own.web_port, "/pmapi/fetch", hostspec=spec, names="kernel.all.load")
        assert '"values":[{' in body or "cannot connect" in body, spec
    for user in (None, ordinary):
        for host in (f"127.0.0.1:{users_own.port}", f"unix:{users_own.runtime}/pmcd.sock"):
            assert none_in(run_as(user, "pminfo", "-f", "-h", host, NAME)), (user, host)


# Asks our own source, connected as the sampler is, for the metric in every way it has.
BY_SOURCE = """
import sys
from vectorpy.model import hostspec
from vectorpy.settings import Settings
from vectorpy.sources.dial import Dialler
name = "proc.psinfo.environ"
source = Dialler(Settings(pmcd_socket=sys.argv[1])).dial(hostspec.parse("local"))
source.open()
print(source.describe(["proc.nprocs", name]))
sample = source.fetch(["proc.nprocs", "proc.psinfo.psargs", name])
print(sample)
"""


@pytest.fixture(scope="module", params=["root", "user"])
def up(
    request: pytest.FixtureRequest,
    start: Callable[..., Any],
    secrets: tuple[int, int],
    ordinary: str,
) -> tuple[Any, str]:
    """An `up` and the name of its own uid's user; root's has the web API beside pmdaproc."""
    if request.param == "user":
        instance = start("up", "--port", "free", user=ordinary)
        instance.wait_for("vectorpy is at ")
        return instance, ordinary
    ports = ("--port", "free", "--pmcd-port", "free", "--web-port", "free")
    instance = start("up", "--web-api", *ports)
    instance.wait_for("vectorpy is at ")
    return instance, "pcp"


def test_up_s_own_uid_can_read_what_was_planted(
    up: tuple[Any, str], run_as: Callable[..., str]
) -> None:
    instance, user = up
    said = run_as(user, "pminfo", "-f", "-h", f"unix:{instance.runtime}/pmcd.sock", NAME)
    assert (OWN if user == "pcp" else OTHER) in said


def test_our_source_never_fetches_it(up: tuple[Any, str], run_as: Callable[..., str]) -> None:
    instance, user = up
    socket = f"{instance.runtime}/pmcd.sock"
    said = run_as(user, sys.executable, "-P", "-c", BY_SOURCE, socket, env={"PATH": "/usr/bin"})
    assert "proc.nprocs" in said
    assert "/bin/sleep" in said  # another string metric of the same processes comes
    assert none_in(said)


def test_our_api_tells_nobody(up: tuple[Any, str]) -> None:
    instance, _ = up
    port = instance.port
    wishes = [
        f"chart;expr={NAME}",
        f"chart;expr=sum({NAME})",
        f"chart;expr={NAME};unit=count",
        NAME,
    ]
    for wish in wishes:
        body = get(port, "/api/v1/hosts/local/points", widget=wish, window="60s")
        assert none_in(body), wish
    for text in ("environ", NAME, OWN, OTHER, "sleep"):
        assert none_in(get(port, "/api/v1/hosts/local/metrics", search=text)), text
    for path in ("/api/v1/hosts", "/api/v1/hosts/local", "/healthz", "/metrics", "/limits"):
        assert none_in(get(port, path)), path
    assert instance.process.poll() is None


def test_web_api_of_up_tells_nobody(up: tuple[Any, str]) -> None:
    instance, user = up
    if user != "pcp":
        assert not any(process.name == "pmproxy" for process in instance.processes())
        return
    for spec in hostspecs(instance, instance.pmcd_port):
        for way in ({"names": NAME}, {"pmids": "3.8.47"}):
            assert none_in(get(instance.web_port, "/pmapi/fetch", hostspec=spec, **way)), (
                spec,
                way,
            )
