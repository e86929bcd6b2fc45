"""Which processes are JVMs, and which file is whose."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import j_find
import j_probes
import pytest
import vconf

LIBRARY = "7f00-7f01 r-xp 00000000 08:01 5  /usr/lib/jvm/java-17/lib/server/libjvm.so\n"
OTHERS = "5500-5501 r-xp 00000000 08:01 5  /usr/bin/python3.11\n7fff-7fff rw-p 0 0 0  [stack]\n"


def file(name: str, more: str = "") -> str:
    return f"7f10-7f18 rw-s 00000000 08:01 77  /tmp/{name}{more}\n"


@pytest.mark.parametrize(
    ("maps", "found"),
    [
        (OTHERS, None),
        ("", None),
        (OTHERS + LIBRARY, ("", "", False)),
        (LIBRARY + file("hsperfdata_duke/7"), ("hsperfdata_duke", "7", False)),
        (file("hsperfdata_duke/7", " (deleted)") + LIBRARY, ("hsperfdata_duke", "7", True)),
        # jstat has the file of the JVM that it looks at mapped, and its own.
        (file("hsperfdata_duke/99") + file("hsperfdata_me/7"), ("hsperfdata_me", "7", False)),
        (file("hsperfdata_duke/99") + OTHERS, None),
        (file("hsperfdata_duke/99") + LIBRARY, ("", "", False)),
        (OTHERS * 3000 + LIBRARY, ("", "", False)),
        ("7f00-7f01 r-xp 0 08:01 5 /x/libjvm.so.bak\n", None),
    ],
)
def test_what_is_mapped_tells(world: Any, maps: str, found: tuple[str, str, bool] | None) -> None:
    world.process(7, maps=maps)
    assert j_find.mapped(world.files, 7) == found


def test_in_a_container_the_file_has_the_inner_pid(world: Any) -> None:
    world.process(700, nspid=1, maps=file("hsperfdata_app/1"))
    assert j_find.mapped(world.files, 700) == ("hsperfdata_app", "1", False)


def keys(search: j_find.Search) -> list[int]:
    return [found.key[0] for found in search.jvms()]


def test_kernel_threads_zombies_and_the_gone_are_left_out(world: Any) -> None:
    world.process(2, "kthreadd", flags=0x208040, maps=LIBRARY)
    world.process(3, state="Z", maps=LIBRARY)
    world.process(5, "bad name) S (x", maps=LIBRARY)
    (world.process(6, maps=LIBRARY) / "stat").write_text("6 (java")
    (world.root / "proc/self").mkdir()
    assert keys(j_find.Search(world.files, 100)) == [5]


def test_a_process_that_becomes_a_jvm_is_found(world: Any) -> None:
    """A young one at the next search, an old one, or a script that becomes one, within twelve."""
    search = j_find.Search(world.files, 100)
    world.process(7, "sh", start=99900)
    world.process(8, "soffice.bin", start=100)
    world.process(9, "sh", start=200)
    assert keys(search) == []
    world.process(7, "sh", start=99900, maps=LIBRARY)
    world.process(8, "soffice.bin", start=100, maps=LIBRARY)
    world.process(9, "java", start=200, maps=LIBRARY)  # exec keeps the start
    assert 7 in keys(search)
    found = [set(keys(search)) for _ in range(12)]
    assert found[-1] == {7, 8, 9}


@pytest.mark.skipif(os.getuid() == 0, reason="nothing is closed to root")
def test_maps_that_are_closed_leave_the_name(world: Any) -> None:
    (world.process(7, "java") / "maps").chmod(0)
    (world.process(8, "C2 Compiler", words=("/usr/bin/java", "X")) / "maps").chmod(0)
    (world.process(9, "sshd", words=("sshd",)) / "maps").chmod(0)
    assert [(found.key[0], found.mapped) for found in j_find.Search(world.files, 100).jvms()] == [
        (7, None),
        (8, None),
    ]


class Sources:
    """A probe asked again and again; where each JVM's values come from."""

    def __init__(self, probe: j_probes.Jvms) -> None:
        self.probe = probe
        self.now = 0.0

    def __call__(self, seconds: float = 5.0) -> dict[str, object]:
        self.now += seconds
        reading = self.probe.collect(self.now)
        column = reading.values.get("info.source", {})
        return {reading.names["jvm"][key]: value for key, value in column.items()}  # type: ignore


@pytest.fixture
def sources(world: Any, conf: Callable[..., vconf.Conf]) -> Any:
    probe = j_probes.Jvms(conf(), world.files, 100, 4096)
    yield Sources(probe)
    probe.close()


def test_a_stale_file_is_nobody_s(world: Any, sources: Sources) -> None:
    """A JVM died without removing its file, and another program has its pid."""
    world.jvm(7, "jdk17-G1")
    world.process(7, "java", start=90500, maps=OTHERS, words=("java",))
    assert sources() == {}
    words = ("java", "-XX:-UsePerfData", "A")
    world.process(7, "java", start=99000, maps=LIBRARY, words=words)
    expected = {"7:A": "none: it writes no file: -XX:-UsePerfData"}
    assert any(sources() == expected for _ in range(12))


def test_a_reused_pid_is_another_jvm(world: Any, sources: Sources) -> None:
    world.jvm(7, "jdk17-G1", start=90000)
    assert sources() == {"7:Load": "hsperfdata"}
    (first,) = sources.probe.known()
    world.jvm(7, "jdk17-Serial", start=95000)
    assert sources(1.0) == {}  # until the next search
    assert sources() == {"7:Load": "hsperfdata"}
    (second,) = sources.probe.known()
    assert (first.key, second.key) == ((7, 90000), (7, 95000))
    assert second.info["info.gc"] == "Serial"


def test_a_file_deleted_by_a_cleaner_is_read_on(world: Any, sources: Sources) -> None:
    place = world.jvm(7, "jdk17-G1")
    assert sources() == {"7:Load": "hsperfdata"}
    place.unlink()
    world.process(7, maps=file("hsperfdata_duke/7", " (deleted)"))
    assert sources() == {"7:Load": "hsperfdata"}
    assert sources() == {"7:Load": "hsperfdata"}


def test_a_file_deleted_before_we_came_is_told(world: Any, sources: Sources) -> None:
    world.process(7, maps=file("hsperfdata_duke/7", " (deleted)"))
    assert sources() == {"7:Load": "none: its file was deleted from /tmp"}


def test_a_program_that_became_another_jvm_has_its_new_file(world: Any, sources: Sources) -> None:
    place = world.jvm(7, "jdk17-G1")
    assert sources() == {"7:Load": "hsperfdata"}
    place.unlink()
    world.jvm(7, "jdk17-Parallel")
    sources()
    assert [jvm.info["info.gc"] for jvm in sources.probe.known()] == ["Parallel"]


def test_a_refused_file_is_told_and_counted_once(world: Any, sources: Sources) -> None:
    place = world.jvm(7, "jdk17-G1")
    place.unlink()
    place.symlink_to("/etc/shadow")
    for _ in range(3):
        assert sources() == {"7:Load": "none: its file is a link, and not followed"}
    reading = sources.probe.collect(100.0)
    assert (reading.values["refused"], reading.values["unreadable"]) == (1, 1)


def test_no_more_jvms_than_the_table_shows(world: Any, sources: Sources) -> None:
    for pid in range(1000, 1210):
        world.process(pid, maps=LIBRARY)
    assert len(sources()) == 200
