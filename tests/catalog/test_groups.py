"""The file of groups: strict, told by line, followed, and never a reason to lose other groups."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vectorpy.catalog.groups import HostGroups, parse
from vectorpy.settings import Settings

GOOD = """
# who serves
web = [
  "WEB-01:44322",  # its default port
  "web-02:44330",
]
"db.main" = ["pcp://db-1", "10.0.0.7", "local"]
"""


def write(path, text, at=0):
    path.write_text(text, encoding="utf-8")
    stamp = 1_795_000_000 + at
    os.utime(path, (stamp, stamp))


def test_groups_are_lists_of_host_ids():
    assert parse(GOOD) == (
        {"web": ("web-01", "web-02:44330"), "db.main": ("pcp://db-1", "10.0.0.7", "local")},
        [],
    )


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ('a = "web-01"', 1, 'the group a must be a list of hosts, like ["web-01", "web-02"].'),
        ("\na = []", 2, "must be a list of hosts"),
        ('[a]\nx = ["web-01"]', 1, "must be a list of hosts"),
        ("a = [\n  1,\n]", 1, "the group a has 1, which is no text."),
        ('a = [\n  "web-01",\n  "web/x",\n]', 3, "A host is written without a path"),
        ('a = [\n  "web-01",\n  "WEB-01:44322",\n]', 3, "the group a names web-01 twice."),
        ('a = ["archive:mon"]', 1, "an archive is no live host."),
        ('Web = ["web-01"]', 1, "'Web' is no name of a group"),
        (f"a = {[f'h{n}' for n in range(257)]}", 1, "has 257 hosts; 256 are taken."),
    ],
)
def test_a_faulty_group_is_told_by_line_and_harms_no_other(text, line, reason):
    members, [fault] = parse(text)
    assert members == {}
    assert fault.startswith(f", line {line}: ")
    assert reason in fault
    if not text.startswith("["):
        members, faults = parse(f'{text}\ngood = ["ok"]')
        assert members == {"good": ("ok",)}
        assert faults == [fault]


def test_more_groups_than_are_kept_are_told():
    members, faults = parse("\n".join(f'g{n} = ["h"]' for n in range(258)))
    assert len(members) == 256
    assert faults[0] == ", line 257: the group g256 is one too many: 256 are taken."


@given(st.dictionaries(st.text(max_size=8), st.lists(st.text(max_size=12), max_size=4), max_size=4))
def test_odd_names_and_hosts_are_faults_never_errors(groups):
    quoted = {
        name: [
            host for host in hosts if host.isprintable() and '"' not in host and "\\" not in host
        ]
        for name, hosts in groups.items()
        if name.isprintable() and '"' not in name and "\\" not in name
    }
    text = "\n".join(
        f'"{name}" = [{", ".join(f"{chr(34)}{host}{chr(34)}" for host in hosts)}]'
        for name, hosts in quoted.items()
    )
    members, faults = parse(text)
    assert len(members) + len(faults) == len(quoted)


def test_without_the_setting_there_are_none(tmp_path):
    groups = HostGroups.of(Settings())
    assert (groups.members, groups.problems, groups.look()) == ({}, [], False)


def test_the_file_is_read_anew_when_it_is_the_same_at_two_looks(tmp_path):
    path = tmp_path / "groups.toml"
    write(path, 'web = ["web-01"]')
    groups = HostGroups.of(replace(Settings(), host_groups=str(path)))
    assert groups.members == {"web": ("web-01",)}
    write(path, 'web = ["web-01", "web-02"]', at=1)
    assert not groups.look()
    assert groups.look()
    assert groups.members == {"web": ("web-01", "web-02")}
    assert not groups.look()


def test_while_it_is_no_toml_the_groups_of_before_stay(tmp_path):
    path = tmp_path / "groups.toml"
    write(path, 'web = ["web-01"]')
    groups = HostGroups(path)
    write(path, 'web = ["web-01", ', at=1)
    groups.look()
    assert groups.look()
    assert groups.members == {"web": ("web-01",)}
    [problem] = groups.problems
    assert problem.startswith("groups.toml: it is no TOML: ")
    assert problem.endswith("The groups of before stay.")
    write(path, 'db = ["db-1"]', at=2)
    groups.look()
    groups.look()
    assert (groups.members, groups.problems) == ({"db": ("db-1",)}, [])


def test_a_file_that_goes_takes_its_groups_along(tmp_path):
    path = tmp_path / "groups.toml"
    write(path, 'web = ["web-01"]\nbad = 1')
    groups = HostGroups(path)
    assert groups.problems == [
        'groups.toml, line 2: the group bad must be a list of hosts, like ["web-01", "web-02"].'
    ]
    path.unlink()
    groups.look()
    assert groups.look()
    assert groups.members == {}
    assert "can't be read" in groups.problems[0]
    assert str(tmp_path) not in groups.problems[0].replace("No such file or directory: '", "")[:40]
