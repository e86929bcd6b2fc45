"""MBeans of a real Tomcat by its jmxproxy, and of Kafka's and Cassandra's names by Jolokia.

Tomcat is Debian's, with known numbers of requests. Kafka and Cassandra are not
in Debian: java/Beans.java registers MBeans of their names with known numbers
and serves them with Debian's Jolokia.
"""

from __future__ import annotations

import re
import subprocess
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import j_maps
import j_mbeans
import j_probes
import j_servers
import j_table
import pytest
import vconf
import vfiles
import vsnap

pytestmark = [pytest.mark.stack, pytest.mark.timeout(180)]
CATALINA = Path("/usr/share/tomcat10/bin/catalina.sh")
JARS = ":/usr/share/java/jolokia-core.jar:/usr/share/java/json-simple.jar"


def rules(name: str) -> tuple[j_maps.Rule, ...]:
    return next(each.rules for each in j_maps.shipped() if each.name == name)


@pytest.fixture(scope="module")
def tomcat_port(free_port: Callable[[], int]) -> int:
    return free_port()


@pytest.fixture(scope="module")
def word(tomcat_port: int) -> str:
    """The server as a conf names it."""
    return f"tomcat:jmxproxy:http://127.0.0.1:{tomcat_port}/manager/jmxproxy"


@pytest.fixture(scope="module")
def tomcat(
    java: str,
    tomcat_port: int,
    free_port: Callable[[], int],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[int]:
    """A Tomcat of its own on loopback, with the manager and a user for jmxproxy; its pid."""
    assert CATALINA.exists(), "these tests need tomcat10, tomcat10-admin and tomcat10-user"
    base = tmp_path_factory.mktemp("tomcat") / "base"
    ports = ("-p", str(tomcat_port), "-c", str(free_port()))
    create = ["tomcat10-instance-create", *ports, str(base)]
    subprocess.run(create, check=True, capture_output=True, timeout=60)
    server = base / "conf/server.xml"
    port = f'port="{tomcat_port}"'
    server.write_text(server.read_text().replace(port, f'{port} address="127.0.0.1"'))
    (base / "conf/tomcat-users.xml").write_text(
        '<tomcat-users xmlns="http://tomcat.apache.org/xml" version="1.0">'
        '<user username="duke" password="geheim" roles="manager-jmx"/></tomcat-users>'
    )
    place = base / "conf/Catalina/localhost"
    place.mkdir(parents=True, exist_ok=True)
    place.joinpath("manager.xml").write_text(
        Path("/etc/tomcat10/Catalina/localhost/manager.xml").read_text()
    )
    (base / "webapps/ROOT").mkdir(parents=True, exist_ok=True)
    (base / "webapps/ROOT/hundred.txt").write_text("x" * 100)
    home = str(Path(java).resolve().parents[1])
    env = {"PATH": "/usr/bin:/bin", "JAVA_HOME": home, "CATALINA_BASE": str(base)}
    env.update(CATALINA_OPTS="-Xmx128m -XX:+UseSerialGC", CATALINA_HOME="/usr/share/tomcat10")
    argv = ["sh", str(CATALINA), "run"]
    running = subprocess.Popen(argv, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        assert running.stderr is not None
        for line in running.stderr:
            if b"Server startup in" in line:
                break
        else:
            raise AssertionError("Tomcat did not start")
        yield running.pid
    finally:
        running.terminate()
        running.communicate(timeout=60)


def get(port: int, path: str) -> int:
    """The length of an answer, or its status where it is an error."""
    try:
        address = f"http://127.0.0.1:{port}{path}"
        with urllib.request.urlopen(address, timeout=20) as answer:
            return len(answer.read())
    except urllib.error.HTTPError as error:
        with error:
            error.read()
        return error.code


def poller(
    conf: vconf.Conf, word: str, login: tuple[str, str] | None = None, **more: Any
) -> j_mbeans.Poller:
    server = j_servers.server(word, False)
    return j_mbeans.Poller(server, rules(server.map), login, conf, **more)


def test_a_real_tomcat_by_jmxproxy(
    tomcat: int,
    tomcat_port: int,
    word: str,
    conf: Callable[..., vconf.Conf],
    until: Callable[..., None],
) -> None:
    seconds = [100.0]
    clock = {"clock": lambda: seconds[0]}
    jmx = poller(conf(mbeans_timeout=20.0), word, ("duke", "geheim"), **clock)
    assert get(tomcat_port, "/hundred.txt") == 100  # whatever is set up by a first request
    jmx.once()
    assert jmx.why == ""
    before = jmx.answer()
    for _ in range(20):
        assert get(tomcat_port, "/hundred.txt") == 100
    for _ in range(5):
        assert get(tomcat_port, "/none") == 404
    seconds[0] += 5.0
    jmx.once()
    seconds[0] += 5.0  # by then counters have run to what was answered
    after = jmx.answer()
    assert before is not None and after is not None
    assert after.pid == tomcat
    connector = f"http-nio-127.0.0.1-{tomcat_port}"

    def grown(metric: str) -> float:
        column = f"mbean.tomcat.{metric}"
        return after.values[column][connector] - before.values[column][connector]

    questions = len(j_servers.jmxproxy_questions(rules("tomcat")))
    assert questions == 4  # each is a request itself
    # One that ends while the figure is taken may count before or after.
    assert abs(grown("requests.count") - (25 + questions)) <= 1
    assert grown("requests.errors") == 5
    assert grown("bytes.sent") > 20 * 100
    assert grown("requests.time") >= 0
    now = {metric: column.get(connector) for metric, column in after.values.items()}
    assert now["mbean.tomcat.threads.max"] == 200
    assert 1 <= now["mbean.tomcat.threads.busy"] <= 3  # one answers, others are closing
    assert 1 <= now["mbean.tomcat.threads.current"] <= 200
    assert now["mbean.tomcat.connections"] >= 1
    assert after.values["mbean.tomcat.sessions.active"]["localhost//manager"] >= 0
    assert len(after.values) == 14


@pytest.mark.usefixtures("tomcat")
def test_without_the_password_it_says_so(word: str, conf: Callable[..., vconf.Conf]) -> None:
    jmx = poller(conf(mbeans_timeout=20.0), word)
    jmx.once()
    assert jmx.why.startswith("it wants a user and a password (answer 401)")
    assert jmx.answer() is None


def test_its_instances_are_named_after_its_jvm(
    tomcat: int, tomcat_port: int, word: str, conf: Callable[..., vconf.Conf]
) -> None:
    jvms = j_probes.Jvms(conf(), vfiles.World("/"))
    first = jvms.collect(0.0)
    jmx = poller(conf(mbeans_timeout=20.0), word, ("duke", "geheim"))
    jmx.once()
    reading = j_mbeans.MBeans([jmx], jvms.known).collect(0.0)
    snapshot = vsnap.Assembler(j_table.TABLE).snapshot([first, reading], 0.0)
    jvms.close()
    names = [name for _, name in snapshot.indoms[5]]
    assert f"{tomcat}:Bootstrap::http-nio-127.0.0.1-{tomcat_port}" in names
    assert snapshot.faults == 0


def expected(name: str) -> tuple[list[tuple[str, str, str]], dict[str, dict[str, float]]]:
    """Beans with numbers of their own for all of a map, and the metrics that these are.

    Written out from the map's text alone: a pattern's stars become two names,
    and where a pattern allows for more, each has two versions, which add up.
    """
    text = (Path(j_maps.FOLDER) / f"{name}.map").read_text()
    lines: list[tuple[str, str, str]] = []
    metrics: dict[str, dict[str, float]] = {}
    number = 1000
    for section in re.split(r"^\[", text, flags=re.M)[2:]:
        metric, _, body = section.partition("]")
        fields = dict(re.findall(r"^(\w+) = (.*)$", body, re.M))
        column = metrics.setdefault(f"mbean.{name}.{metric}", {})
        whole = fields["type"] != "DOUBLE"
        for label in ("one", "two") if "*" in fields["mbean"] else ("all",):
            mbean = fields["mbean"].removesuffix(",*")
            versions = (",version=1", ",version=2") if fields["mbean"] != mbean else ("",)
            for version in versions:
                number += 1
                value = f"{number}" if whole else f"{number}.5"
                lines.append((mbean.replace("*", label) + version, fields["attribute"], value))
                column[label] = column.get(label, 0) + float(value)
    return lines, metrics


@pytest.mark.parametrize("name", ["kafka", "cassandra"])
def test_every_metric_of_a_map_by_jolokia(
    name: str,
    run_java: Callable[..., Any],
    tmp_path: Path,
    conf: Callable[..., vconf.Conf],
    free_port: Callable[[], int],
) -> None:
    lines, metrics = expected(name)
    file = tmp_path / "beans"
    file.write_text("".join("\t".join(line) + "\n" for line in lines))
    port = free_port()
    options = {"main": "Beans", "arguments": (str(port), str(file)), "path": JARS}
    jvm = run_java("-Xmx64m", "-XX:+UseSerialGC", **options)
    jolokia = poller(conf(mbeans_timeout=20.0), f"{name}:jolokia:http://127.0.0.1:{port}/jolokia/")
    jolokia.once()
    assert jolokia.why == ""
    answer = jolokia.answer()
    assert answer is not None
    assert answer.values == metrics
    assert answer.pid == jvm.pid
    reading = j_mbeans.MBeans([jolokia], list).collect(0.0)
    snapshot = vsnap.Assembler(j_table.TABLE).snapshot([reading], 0.0)
    assert snapshot.faults == 0
    assert len(snapshot.values) == len(metrics)


def test_maps_name_what_operators_ask_for() -> None:
    """Of each program the figures of the days when one fetched them one by one."""
    names = {metric.name for metric in j_table.TABLE.metrics}
    wanted = "kafka.messages.in kafka.request.total_mean kafka.replicas.max_lag "
    wanted += "cassandra.stage.pending cassandra.requests.p99 cassandra.compaction.bytes "
    wanted += "tomcat.threads.busy tomcat.requests.time"
    assert {f"mbean.{name}" for name in wanted.split()} <= names
