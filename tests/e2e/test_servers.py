"""Tomcat, Kafka and Cassandra in a browser: every card of their presets, to the number.

The hosts are pmcds of this test with our own agents in them. Tomcat is Debian's;
Kafka and Cassandra are not in Debian, so an MBean server registers their object
names with numbers that are known, and Debian's Jolokia serves them.
"""

from __future__ import annotations

import contextlib
import importlib.util
import shutil
import subprocess
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]


def _load(name: str) -> Any:
    """A module beside this file, which is no package."""
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


s = _load("servers")

BEANS = s.REPO / "tests/pmda/vjvm/java/Beans.java"
WORK = Path(__file__).parent / "java/Work.java"
JOLOKIA = "/usr/share/java/jolokia-core.jar:/usr/share/java/json-simple.jar"
CATALINA = Path("/usr/share/tomcat10/bin/catalina.sh")


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that user pcp can read."""
    with s.own_folder() as path:
        yield path


@pytest.fixture
def javac() -> Callable[..., None]:
    """`javac(source, folder, jars)`; skips where there is no JDK."""
    compiler = shutil.which("javac", path=s.SYSTEM_PATH)
    if compiler is None:
        pytest.skip("there is no JDK here")

    def compile_(source: Path, folder: Path, jars: str) -> None:
        command = [compiler, "-nowarn", "-cp", jars, "-d", str(folder), str(source)]
        subprocess.run(command, check=True, timeout=100)

    return compile_


# -- Tomcat -----------------------------------------------------------------------------


def instance(base: Path, port: int, stop: int, javac: Callable[..., None]) -> Path:
    """The files of a Tomcat with the manager, a user for its jmxproxy, and our servlet."""
    create = ["tomcat10-instance-create", "-p", str(port), "-c", str(stop), str(base)]
    subprocess.run(create, check=True, capture_output=True, timeout=60)
    server = base / "conf/server.xml"
    server.write_text(
        server.read_text().replace(f'port="{port}"', f'port="{port}" address="127.0.0.1"')
    )
    (base / "conf/tomcat-users.xml").write_text(
        '<tomcat-users xmlns="http://tomcat.apache.org/xml" version="1.0">'
        '<user username="duke" password="geheim" roles="manager-jmx"/></tomcat-users>'
    )
    place = base / "conf/Catalina/localhost"
    place.mkdir(parents=True, exist_ok=True)
    manager = Path("/etc/tomcat10/Catalina/localhost/manager.xml").read_text()
    (place / "manager.xml").write_text(manager)
    classes = base / "webapps/ROOT/WEB-INF/classes"
    classes.mkdir(parents=True, exist_ok=True)
    javac(WORK, classes, "/usr/share/tomcat10/lib/servlet-api.jar")
    return base


@pytest.fixture
def tomcat(
    folder: Path, javac: Callable[..., None], free_port: Callable[[], int]
) -> Iterator[tuple[int, int]]:
    """A Tomcat of its own with the manager and a servlet that takes 0.1 s: port and pid."""
    if not CATALINA.exists():
        pytest.skip("these tests need tomcat10, tomcat10-admin and tomcat10-user")
    port, stop = free_port(), free_port()
    base = instance(folder / "base", port, stop, javac)
    java = shutil.which("java", path=s.SYSTEM_PATH)
    env = {
        "PATH": s.SYSTEM_PATH,
        "CATALINA_BASE": str(base),
        "CATALINA_HOME": str(CATALINA.parents[1]),
    }
    env["JAVA_HOME"] = str(Path(str(java)).resolve().parents[1])
    env["CATALINA_OPTS"] = "-Xmx128m -XX:+UseSerialGC"
    running = subprocess.Popen(
        ["sh", str(CATALINA), "run"], env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    assert running.stderr is not None
    try:
        for line in running.stderr:
            if b"Server startup in" in line:
                break
        else:
            raise AssertionError("Tomcat did not start")
        drain = threading.Thread(target=lambda: list(running.stderr or ()))
        drain.start()
        yield port, running.pid
    finally:
        running.terminate()
        running.wait(60)
        drain.join()
        running.stderr.close()


class Visitors:
    """Three people who ask Tomcat all the time; what they asked, by the clock."""

    def __init__(self, port: int) -> None:
        self._url = f"http://127.0.0.1:{port}"
        self._stop = threading.Event()
        self._done: list[float] = []
        self._threads = [threading.Thread(target=self._visit) for _ in range(3)]
        for thread in self._threads:
            thread.start()

    def _visit(self) -> None:
        while not self._stop.is_set():
            with urllib.request.urlopen(f"{self._url}/work", b"q" * 10_000, timeout=20) as answer:
                assert len(answer.read()) == 50_000
            self._done.append(time.monotonic())

    @property
    def rate(self) -> float:
        """Requests a second, over the last ten seconds."""
        now = time.monotonic()
        return sum(when > now - 10 for when in self._done) / 10

    def sessions(self, number: int) -> None:
        for _ in range(number):
            with urllib.request.urlopen(f"{self._url}/work?session=1", timeout=20) as answer:
                answer.read()

    def end(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()


def test_tomcat_as_its_visitors_load_it(
    view: Callable[..., Any],
    folder: Path,
    tomcat: tuple[int, int],
    free_port: Callable[[], int],
) -> None:
    port, pid = tomcat
    (folder / "logins").write_text(f"127.0.0.1:{port} duke geheim\n")
    (folder / "logins").chmod(0o600)
    conf = f"mbeans = tomcat:jmxproxy:http://127.0.0.1:{port}/manager/jmxproxy\n"
    conf += f"credentials = {folder}/logins\n"
    with s.jvm_host(free_port(), folder, conf) as host:
        visitors = Visitors(port)
        try:
            visitors.sessions(5)
            page = view(f"/?host={host.id}&preset=tomcat&window=1m")
            jvm = f"{pid}:Bootstrap"
            name = f"{jvm}::http-nio-127.0.0.1-{port}"
            s.settled(page, host.id, "tomcat-requests", name, lambda y: y > 0)
            # Four questions of the agent itself come on top, in its own second.
            rate = visitors.rate
            s.draws(page, host.id, "tomcat-requests", {name: rate + 4})
            # The servlet takes 0.1 s; the agent's questions less, as a rule.
            s.settled(page, host.id, "tomcat-time", name, lambda y: 0.06 <= y <= 0.2)
            s.draws(page, host.id, "tomcat-traffic", {f"{name} received": 10_000 * rate})
            sent = s.mean(page, host.id, "tomcat-traffic", f"{name} sent")
            assert sent is not None and 50_000 * rate * (1 - s.NEAR) < sent < 75_000 * rate
            # Three visitors, the agent's question, and some that are closing.
            s.settled(page, host.id, "tomcat-threads", name, lambda y: 2.5 <= y <= 7)
            s.beside(page, host.id, "tomcat-threads", f"{name} limit", 200, 200)
            s.settled(page, host.id, "tomcat-connections", name, lambda y: 3 <= y <= 12)
            s.draws(page, host.id, "tomcat-sessions", {f"{jvm}::localhost//": 5})
            s.own_jvm(page, host.id, jvm, 128, pid)
            s.settled(page, host.id, "jvm-cpu", jvm, lambda y: 0 < y < 200)
            seen = {f"tomcat-{each}" for each in ("requests", "time", "traffic", "sessions")}
            seen |= {"tomcat-threads", "tomcat-connections", "jvm-heap", "jvm-gc-pause", "jvm-cpu"}
            s.all_seen(page, host.id, seen)
        finally:
            visitors.end()


# -- Kafka and Cassandra -------------------------------------------------------------------

# ObjectName, attribute, and its number; "0+40" grows by 40 a second.
BROKER = """
kafka.server:type=BrokerTopicMetrics,name=MessagesInPerSec Count 1000+400
kafka.server:type=BrokerTopicMetrics,name=BytesInPerSec Count 1000+200000
kafka.server:type=BrokerTopicMetrics,name=BytesOutPerSec Count 1000+600000
kafka.server:type=BrokerTopicMetrics,name=FailedProduceRequestsPerSec Count 0+12
kafka.server:type=BrokerTopicMetrics,name=FailedFetchRequestsPerSec Count 0+7
kafka.network:type=RequestMetrics,name=TotalTimeMs,request=Produce 99thPercentile 40.0
kafka.network:type=RequestMetrics,name=TotalTimeMs,request=FetchConsumer 99thPercentile 500.0
kafka.network:type=RequestMetrics,name=RequestQueueTimeMs,request=Produce Mean 1.5
kafka.network:type=RequestMetrics,name=LocalTimeMs,request=Produce Mean 6.0
kafka.network:type=RequestMetrics,name=RemoteTimeMs,request=Produce Mean 12.0
kafka.network:type=SocketServer,name=NetworkProcessorAvgIdlePercent Value 0.8
kafka.server:type=KafkaRequestHandlerPool,name=RequestHandlerAvgIdlePercent OneMinuteRate 0.65
kafka.server:type=ReplicaManager,name=UnderReplicatedPartitions Value 3
kafka.server:type=ReplicaManager,name=PartitionCount Value 120
kafka.controller:type=KafkaController,name=OfflinePartitionsCount Value 2
kafka.server:type=ReplicaFetcherManager,name=MaxLag,clientId=Replica Value 75
kafka.consumer:type=consumer-fetch-manager-metrics,client-id=billing records-lag-max 31.0
"""
NODE = """
metrics:type=ClientRequest,scope=Read,name=Latency Count 5000+120
metrics:type=ClientRequest,scope=Read,name=TotalLatency Count 0+600000
metrics:type=ClientRequest,scope=Read,name=Latency 99thPercentile 12000.0
metrics:type=ClientRequest,scope=Read,name=Timeouts Count 0+9
metrics:type=ClientRequest,scope=Read,name=Unavailables Count 0+6
metrics:type=ClientRequest,scope=Read,name=Failures Count 0+4
metrics:type=ThreadPools,path=request,scope=ReadStage,name=PendingTasks Value 17
metrics:type=DroppedMessage,scope=READ,name=Dropped Count 0+8
metrics:type=Compaction,name=PendingTasks Value 9
metrics:type=Compaction,name=BytesCompacted Count 0+3145728
metrics:type=Storage,name=Load Count 123456789
metrics:type=Cache,scope=KeyCache,name=HitRate Value 0.93
metrics:type=Keyspace,keyspace=shop,name=ReadLatency Count 0+80
metrics:type=Keyspace,keyspace=shop,name=ReadLatency 99thPercentile 900.0
metrics:type=Keyspace,keyspace=shop,name=ReadTotalLatency Count 0+40000
metrics:type=Keyspace,keyspace=shop,name=WriteLatency Count 0+50
metrics:type=Keyspace,keyspace=shop,name=WriteTotalLatency Count 0+10000
metrics:type=Keyspace,keyspace=shop,name=RangeLatency Count 0+20
metrics:type=Keyspace,keyspace=shop,name=LiveDiskSpaceUsed Count 5242880
metrics:type=Keyspace,keyspace=shop,name=LiveDiskSpaceUsed Value 5242880
metrics:type=Keyspace,keyspace=shop,name=MemtableLiveDataSize Value 524288
metrics:type=Keyspace,keyspace=shop,name=PendingCompactions Value 2
"""


@contextlib.contextmanager
def beans(folder: Path, javac: Callable[..., None], port: int, text: str) -> Iterator[int]:
    """A JVM whose Jolokia serves these MBeans; its pid."""
    javac(BEANS, folder, JOLOKIA)
    lines = [line.rsplit(" ", 2) for line in text.strip().splitlines()]
    (folder / "beans").write_text("".join("\t".join(line) + "\n" for line in lines))
    command = ["/usr/bin/java", "-Xmx64m", "-XX:+UseSerialGC", "-cp", f"{folder}:{JOLOKIA}"]
    command += ["Beans", str(port), str(folder / "beans")]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd="/"
    ) as running:
        assert running.stdin is not None and running.stdout is not None
        assert running.stdout.readline() == "ready\n"
        try:
            yield running.pid
        finally:
            running.stdin.close()


def test_kafka_by_the_numbers_of_its_beans(
    view: Callable[..., Any],
    folder: Path,
    javac: Callable[..., None],
    free_port: Callable[[], int],
) -> None:
    port = free_port()
    conf = f"mbeans = kafka:jolokia:http://127.0.0.1:{port}/jolokia/\n"
    with beans(folder, javac, port, BROKER) as pid, s.jvm_host(free_port(), folder, conf) as host:
        page = view(f"/?host={host.id}&preset=kafka&window=1m")
        jvm = f"{pid}:Beans"
        every, produce = f"{jvm}::all", f"{jvm}::Produce"
        expected = {
            "kafka-messages": {every: 400},
            "kafka-traffic": {f"{every} in": 200_000, f"{every} out": 600_000},
            "kafka-request-time": {produce: 0.04, f"{jvm}::FetchConsumer": 0.5},
            "kafka-request-parts": {
                f"{produce} queue": 0.0015,
                f"{produce} local": 0.006,
                f"{produce} followers": 0.012,
            },
            "kafka-idle": {f"{every} network": 80, f"{every} handlers": 65},
            "kafka-replicas": {f"{every} under-replicated": 3, f"{every} offline": 2},
            "kafka-lag": {f"{jvm}::Replica follower": 75, f"{jvm}::billing consumer": 31},
            "kafka-failures": {f"{every} produce": 12, f"{every} fetch": 7},
        }
        for wish, numbers in expected.items():
            s.draws(page, host.id, wish, numbers)
        s.own_jvm(page, host.id, jvm, 64, pid)
        s.other_cards(page, host.id, "io-latency", "network-throughput")
        seen = {*expected, "jvm-gc-pause", "io-latency", "network-throughput"}
        s.all_seen(page, host.id, seen)


def test_cassandra_by_the_numbers_of_its_beans(
    view: Callable[..., Any],
    folder: Path,
    javac: Callable[..., None],
    free_port: Callable[[], int],
) -> None:
    port = free_port()
    conf = f"mbeans = cassandra:jolokia:http://127.0.0.1:{port}/jolokia/\n"
    node = NODE.replace("metrics:", "org.apache.cassandra.metrics:")
    with beans(folder, javac, port, node) as pid, s.jvm_host(free_port(), folder, conf) as host:
        page = view(f"/?host={host.id}&preset=cassandra&window=1m")
        jvm = f"{pid}:Beans"
        read = f"{jvm}::Read"
        expected = {
            "cassandra-requests": {read: 120},
            "cassandra-request-time": {read: 0.005, f"{read} p99": 0.012},
            "cassandra-errors": {
                f"{read} timed out": 9,
                f"{read} unavailable": 6,
                f"{read} failed": 4,
            },
            "cassandra-stages": {f"{jvm}::ReadStage": 17},
            "cassandra-dropped": {f"{jvm}::READ": 8},
            "cassandra-compaction": {f"{jvm}::all": 9},
            "cassandra-cache": {f"{jvm}::KeyCache": 93},
        }
        for wish, numbers in expected.items():
            s.draws(page, host.id, wish, numbers)
        s.beside(page, host.id, "cassandra-compaction", "compacted", 1.5, 6)  # MiB/s, about 3
        table, shop = "cassandra-keyspaces", f"{jvm}::shop"
        for column, low, high in (
            *(("Reads", 40, 160), ("Time of a read", 500, 500), ("Read p99", 900, 900)),
            *(("Writes", 25, 100), ("Time of a write", 200, 200), ("Range reads", 10, 40)),
            *(("On disk", 5, 5), ("In memtables", 512, 512), ("Compactions", 2, 2)),
        ):
            s.cell(page, host.id, table, shop, column, low, high)
        s.own_jvm(page, host.id, jvm, 64, pid)
        s.other_cards(page, host.id, "io-latency")
        s.all_seen(page, host.id, {*expected, table, "jvm-heap", "jvm-gc-pause", "io-latency"})
