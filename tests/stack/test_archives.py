"""Archives give the numbers that PCP's own tools print of them, and damaged ones harm nobody.

The archives are PCP's own test cases (package pcp-testsuite, fetched by
scripts/test), and one that is made here with values that are known.
"""

import csv
import gzip
import io
import json
import lzma
import math
import os
import re
import shutil
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest

from vectorpy.errors import BadAnswer, HostError, UnknownName, VectorpyError
from vectorpy.live.replay import Replay
from vectorpy.sources.archive import Archive

pytestmark = pytest.mark.stack

ROOT = Path(__file__).resolve().parents[2]
CASES = Path(os.environ.get("VECTORPY_TEST_ARCHIVES", ROOT / ".venv-archives"))
GOOD, BAD = CASES / "archives", CASES / "badarchives"
ENV = {**os.environ, "PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "TZ": "UTC"}


def replayed(path, widget, *arguments):
    """Rows of `vectorpy replay`: (time, {series: number or None})."""
    run = subprocess.run(
        [sys.executable, "-m", "vectorpy.cli", "replay", str(path), "--widget", widget, *arguments],
        capture_output=True,
        text=True,
        env=ENV,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    rows = list(csv.reader(io.StringIO(run.stdout)))
    names = rows[0][1:]
    return [
        (row[0], {n: float(x) if x else None for n, x in zip(names, row[1:], strict=True)})
        for row in rows[1:]
    ]


def pmrep(path, *metrics):
    """Rows of `pmrep -u`, which reads records as they are: (second, {column: number or None})."""
    command = ["/usr/bin/pmrep", "-a", str(path), "-u", "-o", "csv", "-P", "6", "-Z", "UTC"]
    run = subprocess.run(
        ["/usr/bin/python3", *command, "-f", "%s", *metrics],
        capture_output=True,
        text=True,
        env=ENV,
        check=True,
    )
    rows = list(csv.reader(io.StringIO(run.stdout)))
    return [
        (row[0], {n: float(x) if x else None for n, x in zip(rows[0][1:], row[1:], strict=True)})
        for row in rows[1:]
    ]


def columns(rows):
    """Numbers by series."""
    return {name: [values[name] for _, values in rows] for name in rows[0][1]}


def pairs(ours, name, theirs, column):
    """Numbers of both at the same time, to a second, where both have one."""
    at = {datetime.fromisoformat(t).timestamp(): values[name] for t, values in ours}
    found = []
    for t, values in theirs:
        near = (at[int(t) + d] for d in (0, 1, -1) if int(t) + d in at)
        found.append((next(near, None), values[column]))
    return [(a, b) for a, b in found if None not in (a, b)]


@pytest.mark.parametrize(
    ("archive", "factors"),
    [
        (
            "20130706",
            {"mem.util.free": 1024.0, "kernel.all.cpu.user": 1 / 1000},
        ),
        ("20180606", {"disk.dev.write_bytes": 1024.0, "network.interface.in.bytes": 1.0}),
        ("pmiostat_mark", {"disk.dev.read": 1.0, "disk.dev.avactive": 1 / 1000}),
    ],
)
def test_the_numbers_are_those_of_pmrep_on_the_same_records(archive, factors):
    """Counters as rates, gauges as they are, on each record of an archive of hours."""
    theirs = pmrep(GOOD / archive, *factors)
    for metric, factor in factors.items():
        ours = replayed(GOOD / archive, f"chart;expr={metric}")
        for name in ours[0][1]:
            instance = re.fullmatch(re.escape(metric) + r"(?: (?!\()(.*?))?(?: \(.*\))?", name)[1]
            column = f"{metric}-{instance}" if instance else metric
            both = pairs(ours, name, theirs, column)
            there = [values[column] for _, values in theirs if values[column] is not None]
            # pmrep -u draws rates across marks, where there are none.
            assert len(both) >= len(there) - 6 > 50
            for a, b in both:
                assert math.isclose(a, b * factor, rel_tol=1e-5, abs_tol=2e-6 * factor)


def test_gauges_are_those_of_pmval_on_the_same_records():
    """pmval -U prints what was recorded."""
    path = GOOD / "20180606"
    run = subprocess.run(
        ["pmval", "-z", "-U", str(path), "-f", "4", "-w", "12", "kernel.all.load"],
        capture_output=True,
        text=True,
        env=ENV,
        check=True,
    )
    theirs = [
        tuple(map(float, line.split()[1:]))
        for line in run.stdout.splitlines()
        if re.match(r"\d\d:\d\d:\d\d\.\d+ +[\d.]+ +[\d.]+ +[\d.]+ *$", line)
    ]
    ours = [
        tuple(round(x, 4) for x in values.values())
        for _, values in replayed(path, "chart;expr=kernel.all.load")
        if None not in values.values()
    ]

    assert len(theirs) > 1400
    assert ours[-len(theirs) :] == theirs


def test_a_widget_is_worked_out_of_the_records_of_its_metrics():
    """Per cent of CPU of an archive whose number of CPUs was recorded once, at its beginning.

    The widget's shares are of the sum of all states, which is near the CPUs' time.
    """
    ours = replayed(GOOD / "20180606", "cpu", "--from", "+12h", "--to=-11h")
    theirs = pmrep(GOOD / "20180606", "kernel.all.cpu.vuser", "kernel.all.cpu.sys", "hinv.ncpu")
    cpus = next(values["hinv.ncpu"] for _, values in theirs if values["hinv.ncpu"])

    assert 55 <= len(ours) <= 61
    for name, metric in (("user (%)", "kernel.all.cpu.vuser"), ("sys (%)", "kernel.all.cpu.sys")):
        both = pairs(ours, name, theirs, metric)
        assert len(both) == len(ours)
        assert [a for a, _ in both] == pytest.approx(
            [b / 1000 / cpus * 100 for _, b in both], rel=5e-3
        )


def test_rates_do_not_cross_marks():
    """Where pmlogger was started anew, the first record gives no rate."""
    rows = replayed(GOOD / "pmiostat_mark", "chart;expr=disk.dev.read")
    gaps = [i for i, (_, values) in enumerate(rows) if set(values.values()) == {None}]

    assert len(gaps) >= 2 and gaps[0] == 0
    assert any(i > 0 for i in gaps)


def test_times_are_utc_or_the_hosts_own():
    """The archive's host stood eleven hours east of Greenwich, in summer."""
    path = GOOD / "bozo-disk"
    utc = replayed(path, "chart;expr=disk.dev.read", "--from", "23:33", "--to=-10s")
    own = replayed(path, "chart;expr=disk.dev.read", "--to", "10:32", "--timezone", "host")

    assert [utc[0][0], utc[-1][0]] == ["2017-03-15T23:33:04Z", "2017-03-15T23:34:04Z"]
    assert [own[0][0], own[-1][0]] == ["2017-03-16T10:31:14+11:00", "2017-03-16T10:31:54+11:00"]


def test_json_tells_host_zone_span_and_points():
    """The same shape as the HTTP API's points; intervals end at seconds divisible by them."""
    command = ["replay", str(GOOD / "bozo-disk"), "--widget", "chart;expr=disk.dev.read"]
    run = subprocess.run(
        [sys.executable, "-m", "vectorpy.cli", *command, "--format", "json", "--interval", "1m"],
        capture_output=True,
        text=True,
        env=ENV,
        check=True,
    )
    told = json.loads(run.stdout)
    series = {one["name"]: one["points"] for one in told["widgets"][0]["series"]}

    assert (told["hostname"], told["timezone"], told["interval"]) == ("bozo", "AEDT-11", 60)
    assert told["damage"] == []
    assert [t for t, _ in series["disk.dev.read sda"]] == [
        1489620720000 + n * 60000 for n in range(3)
    ]
    assert series["disk.dev.read sda"][0][1] == pytest.approx(1.09999, rel=1e-5)


DAMAGED = (
    *("20180608.04.23-01", "541380", "badlen-3", "badlog-1", "badmeta-4", "badmeta-6", "badti-2"),
    *("corrupted_labelset", "empty", "ok-truncbin"),
)


def test_each_damaged_archive_ends_in_words_or_in_what_is_sound_of_it():
    """None takes this process along, and none hangs."""
    sound, refused = [], []
    for name in DAMAGED:
        archive = Archive(BAD / name, seconds=20.0)
        try:
            replay = Replay(archive, frozenset(), 1 << 28)
            names = archive.names()[:60]
            span = replay.span
            record = replay.load(names, span.start - 1, min(span.end, span.start + 86400))
            sound.append((name, len(record.track), [str(one) for one in archive.damage]))
        except VectorpyError as error:
            refused.append((name, str(error)))
        finally:
            archive.close()

    assert len(sound) + len(refused) == len(DAMAGED)
    assert [words for _, words in refused if not re.search("can(?:'t)? be read: ", words)] == []
    assert any(rows > 5 and not damage for _, rows, damage in sound)
    truncated = {name: (rows, damage) for name, rows, damage in sound}["ok-truncbin"]
    assert truncated[0] > 5 and "Corrupted record" in truncated[1][0]


def test_a_damaged_index_costs_nothing_but_time(tmp_path):
    """It is read without, and says so."""
    for file in GOOD.glob("bozo-disk.*"):
        shutil.copy(file, tmp_path)
    (tmp_path / "bozo-disk.index").write_bytes(b"no index at all")
    whole, damaged = Archive(GOOD / "bozo-disk"), Archive(tmp_path / "bozo-disk")
    try:
        span, sound = damaged.open(), whole.open()
        assert (span.start, span.end) == (sound.start, sound.end)
        assert list(damaged.read(["disk.dev.read"], 0, 1e12)) == list(
            whole.read(["disk.dev.read"], 0, 1e12)
        )
        assert [str(one) for one in span.damage] == [
            "bozo-disk: its index is damaged: it is read without"
        ]
    finally:
        whole.close()
        damaged.close()


class Dying:
    """Stands in for the reader: a process that dies at the first archive it opens."""

    CODE = """
import os, signal, sys
from vectorpy.sources import frames, reader
from vectorpy.sources.libpcp_archive import ArchiveLib
class Lib(ArchiveLib):
    def new_archive(self, base):
        if base.endswith(os.environ["VECTORPY_DIES_AT"]):
            os.kill(os.getpid(), signal.SIGSEGV)
        return super().new_archive(base)
reader.ArchiveLib = Lib
reader.main(sys.stdin.buffer, os.fdopen(os.dup(1), "wb"))
"""


def test_an_archive_that_kills_the_reader_is_left_out_and_named(tmp_path, monkeypatch):
    """The others of its folder are read; alone it is an error in words."""
    for name in ("ok-foo", "ok-mv-foo"):
        for file in GOOD.glob(f"{name}.*"):
            shutil.copy(file, tmp_path)
    popen = subprocess.Popen
    monkeypatch.setattr(
        "vectorpy.sources.archive.subprocess.Popen",
        lambda command, **more: popen([sys.executable, "-c", Dying.CODE], **more),
    )
    monkeypatch.setenv("VECTORPY_DIES_AT", "ok-mv-foo")
    archive = Archive(tmp_path)
    span = archive.open()
    archive.close()
    alone = Archive(tmp_path / "ok-mv-foo")

    assert span.archives == 1
    assert [str(one) for one in span.damage] == [
        "ok-mv-foo: PCP's library crashed on it (SIGSEGV), so it was left out"
    ]
    with pytest.raises((BadAnswer, HostError), match="SIGSEGV"):
        alone.open()


def test_a_reader_that_hangs_is_ended(tmp_path, monkeypatch):
    """Its time is bounded."""
    for file in GOOD.glob("ok-foo.*"):
        shutil.copy(file, tmp_path)
    popen = subprocess.Popen
    monkeypatch.setattr(
        "vectorpy.sources.archive.subprocess.Popen",
        lambda command, **more: popen(["sleep", "600"], **more),
    )

    with pytest.raises(HostError, match="longer than 1 s"):
        Archive(tmp_path / "ok-foo", seconds=1.0).open()


PACKERS = {".gz": gzip.compress, ".xz": lzma.compress, ".zst": None}


@pytest.mark.parametrize("ending", sorted(PACKERS))
def test_compressed_volumes_and_metadata_are_read(tmp_path, ending):
    """All but the index may be packed, as pmlogger_daily does."""
    for file in GOOD.glob("ok-mv-foo.*"):
        if file.suffix == ".index":
            shutil.copy(file, tmp_path)
        elif PACKERS[ending] is None:
            out = tmp_path / (file.name + ending)
            subprocess.run(["zstd", "-q", str(file), "-o", str(out)], check=True)
        else:
            (tmp_path / (file.name + ending)).write_bytes(PACKERS[ending](file.read_bytes()))
    plain, packed = Archive(GOOD / "ok-mv-foo"), Archive(tmp_path)
    try:
        assert packed.open().end == plain.open().end
        names = plain.names()
        plain.describe(names)
        packed.describe(names)
        assert list(packed.read(names, 0, 1e12)) == list(plain.read(names, 0, 1e12)) != []
    finally:
        plain.close()
        packed.close()


def test_daily_archives_in_a_folder_are_one_recording_with_marks_between(tmp_path):
    """Parts of one host's time, in order, whatever their names."""
    for name in ("mark_no_mark_0", "mark_no_mark_2"):
        for file in GOOD.glob(f"{name}.*"):
            shutil.copy(file, tmp_path)
    archive = Archive(tmp_path)
    try:
        span = archive.open()
        names = [n for n in archive.names() if not n.startswith("event.")]
        archive.describe(names)
        records = list(archive.read(names, 0, 1e12))
    finally:
        archive.close()
    times = [stamp for stamp, _ in records]

    assert span.archives == 2
    assert times == sorted(times)
    assert any(values is None for _, values in records)


def test_archives_of_several_hosts_are_not_mixed(tmp_path):
    """The error names the hosts."""
    for name in ("ok-foo", "20130706"):
        for file in GOOD.glob(f"{name}.*"):
            shutil.copy(file, tmp_path)

    with pytest.raises(BadAnswer, match=r"holds archives of 2 hosts: .*billing02"):
        Archive(tmp_path).open()


def test_no_archive_is_said_in_words(tmp_path):
    """And which kind of path is wanted."""
    with pytest.raises(UnknownName, match="There is no PCP archive"):
        Archive(tmp_path / "nothing").open()
