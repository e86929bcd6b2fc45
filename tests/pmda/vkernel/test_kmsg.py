"""The kernel's log: records, trouble, and a ring that moves on."""

from __future__ import annotations

import errno
import os

import k_kmsg
import k_rows
import pytest
import vcollect
from hypothesis import given
from hypothesis import strategies as st

TIMES = k_rows.Times(clock=lambda: 100.0, wall=lambda: 1_000_100.0)  # booted at 1,000,000

# Lines as kernels write them.
TROUBLE = [
    (
        "Out of memory: Killed process 4321 (java) total-vm:8123456kB, anon-rss:4000000kB, "
        "file-rss:0kB, shmem-rss:0kB, UID:1000 pgtables:8000kB oom_score_adj:0",
        ("oom_kill", "4321:java"),
    ),
    (
        "Memory cgroup out of memory: Killed process 77 (my (odd) name) total-vm:1kB",
        ("oom_kill", "77:my (odd) name"),
    ),
    (
        "blk_update_request: I/O error, dev sda, sector 1234 op 0x0:(READ) flags 0x80700",
        ("io_error", "sda"),
    ),
    ("I/O error, dev nvme0n1, sector 99 op 0x1:(WRITE) flags 0x8800", ("io_error", "nvme0n1")),
    ("critical medium error, dev sdb, sector 8 op 0x0:(READ)", ("io_error", "sdb")),
    ("Buffer I/O error on dev dm-3, logical block 0, async page read", ("io_error", "dm-3")),
    (
        "EXT4-fs error (device vda1): ext4_lookup:1234: inode #2: comm ls: deleted inode",
        ("fs_error", "vda1"),
    ),
    ("XFS (sdc1): metadata I/O error in xfs_trans_read_buf", ("fs_error", "sdc1")),
    ("XFS (sdc1): Mounting V5 Filesystem", None),
    ("BTRFS error (device sdd): bdev /dev/sdd errs: wr 1, rd 0", ("fs_error", "sdd")),
    (
        "INFO: task kworker/u8:1:99 blocked for more than 120 seconds.",
        ("hung_task", "99:kworker/u8:1"),
    ),
    ("watchdog: BUG: soft lockup - CPU#3 stuck for 22s! [stress:555]", ("lockup", "555:stress")),
    ("EXT4-fs (vda): mounted filesystem r/w without journal.", None),
    ("eth0: Link is Up - 1Gbps/Full", None),
    ("", None),
]


@pytest.mark.parametrize(("text", "expected"), TROUBLE)
def test_trouble_is_told_by_kind_and_subject(text, expected):
    assert k_kmsg.trouble(text) == expected


def test_a_record_is_taken_apart():
    raw = b"3,1234,5678901,-,caller=T1;Out of it; really\n SUBSYSTEM=block\n DEVICE=b8:0\n"
    assert k_kmsg.parse(raw) == (3, 0, 1234, 5678901, "Out of it; really")
    assert k_kmsg.parse(b"30,1,2,-;from a program\n") == (6, 3, 1, 2, "from a program")


@given(st.binary(max_size=200))
def test_whatever_is_no_record_is_none(raw):
    found = k_kmsg.parse(raw)
    assert found is None or (0 <= found.severity <= 7 and found.number >= 0)


class Log:
    """A log that is read record by record, and errors in between."""

    def __init__(self, *records):
        self.records = list(records)

    def read(self, descriptor, size):
        assert size >= 8192
        if not self.records:
            raise BlockingIOError
        record = self.records.pop(0)
        if isinstance(record, int):
            raise OSError(record, os.strerror(record))
        return record


def test_counts_last_trouble_and_what_was_missed():
    log = Log(
        b"6,10,1000000,-;hello\n",
        b"4,11,2000000,-;I/O error, dev sda, sector 1\n",
        b"14,12,2000001,-;a program's line: I/O error, dev sdz\n",
    )
    probe = k_kmsg.KernelLog(lambda: 99, TIMES, True, log.read)
    first = probe.collect(0.0).values
    assert first["kmsg.count"]["info"] == 1 and first["kmsg.count"]["warning"] == 1
    assert first["kmsg.trouble"]["io_error"] == 1
    assert first["kmsg.last_time"] == {"io_error": 1_000_002.0}
    assert first["kmsg.last_subject"] == {"io_error": "sda"}
    assert first["kmsg.missed"] == 0
    assert first["kmsg.line.text"] == {2: "I/O error, dev sda, sector 1", 1: "hello"}
    log.records = [errno.EPIPE, b"3,20,3000000,-;I/O error, dev sdb, sector 1\n"]
    second = probe.collect(1.0).values
    assert second["kmsg.missed"] == 7  # 13 to 19
    assert second["kmsg.trouble"]["io_error"] == 2
    assert second["kmsg.last_subject"] == {"io_error": "sdb"}
    assert second["kmsg.line.severity"][3] == "err"


def test_a_flood_is_read_in_parts():
    record = b"6,%d,1,-;x\n"
    log = Log(*(record % number for number in range(k_kmsg.BATCH + 5)))
    probe = k_kmsg.KernelLog(lambda: 99, TIMES, False, log.read)
    reading = probe.collect(0.0)
    assert reading.values["kmsg.count"]["info"] == k_kmsg.BATCH
    assert not any(name.startswith("kmsg.line") for name in reading.values)
    assert probe.collect(1.0).values["kmsg.count"]["info"] == k_kmsg.BATCH + 5


def test_why_there_is_none_is_told():
    def refuse():
        raise PermissionError(errno.EPERM, "Operation not permitted")

    with pytest.raises(vcollect.Unavailable, match="needs root at start"):
        k_kmsg.KernelLog(refuse, TIMES, False).collect(0.0)
    with pytest.raises(vcollect.Unavailable, match="No such file"):
        k_kmsg.KernelLog(lambda: k_kmsg.open_device("/nowhere/kmsg"), TIMES, False).collect(0.0)
