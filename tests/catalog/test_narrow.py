"""Widgets of one container: which stands for which, strictly, and their numbers."""

from __future__ import annotations

import pytest

from vectorpy.catalog.loader import load
from vectorpy.catalog.narrow import forms
from vectorpy.errors import CatalogError, UserError
from vectorpy.model.watch import Wish

A = "/system.slice/docker-" + "0123456789abcdef" * 4 + ".scope"
FORM = """
group = "Own"

[[widget]]
id = "own"
title = "Own"
kind = "line"
unit = "B"
{narrowed}

[widget.help]
shows = "a"
normal = "b"
action = "c"

[[widget.series]]
name = "free"
expression = "mem.util.free"
"""


def near(value: float) -> object:
    return pytest.approx(value, rel=1e-9, abs=1e-9)


def of(catalog, text):
    return [(form.id, form.title) for form in catalog.narrowed(Wish.parse(text))]


def test_cpu_is_of_its_limit_or_else_of_one_cpu(catalog):
    assert of(catalog, "cpu;container=web-1") == [
        ("one-cpu-limit", "CPU of web-1, of its limit"),
        ("one-cpu", "CPU of web-1, of one CPU"),
    ]


@pytest.mark.parametrize(
    ("wish", "form"),
    [
        ("memory", "one-memory"),
        ("disk-iops", "one-iops"),
        ("disk-throughput;instances=sd*", "one-io"),
        ("psi-cpu", "one-psi-cpu"),
        ("psi-memory", "one-psi-memory"),
        ("psi-io", "one-psi-io"),
        ("processes;sort=memory", "processes"),
        ("container-throttled;measure=time", "container-throttled"),
        ("cgroup.cpuacct.usage", "container-cpu"),
        ("cpu-utilization-sys", "one-cpu-limit"),
    ],
)
def test_what_stands_for_which(catalog, wish, form):
    assert of(catalog, f"{wish};container=web")[0][0] == form


def test_a_widget_keeps_its_options_where_it_stands_for_itself(catalog):
    (form,) = catalog.narrowed(Wish.parse("processes;sort=memory;container=web"))
    assert form.table.sort == "memory" and form.title == "Processes of web by Memory"
    (form,) = catalog.narrowed(Wish.parse("container-throttled;measure=time;container=web"))
    assert form.chosen == "time" and form.title == "web throttled: time"


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        ("network-throughput;container=web", "PCP has no per-container network here"),
        ("load;container=web", "load shows the whole host"),
        ("cpu;container=%20", "is empty"),
        ("cpu;colour=red;container=web", "no option colour"),
    ],
)
def test_what_can_not_be_narrowed_says_why(catalog, wish, words):
    with pytest.raises(UserError, match=words):
        catalog.instantiate(Wish.parse(wish))


def test_every_form_tells_one_container_in_its_title(catalog):
    named = {id for widget in catalog.widgets.values() for id in widget.narrowed}
    for id in named:
        one = catalog.resolve(id)
        made = forms(
            catalog.resolve(id) if id in one.narrowed else _naming(catalog, id),
            Wish(id if id in one.narrowed else _naming(catalog, id).id, {"container": "web"}),
            catalog.resolve,
        )
        assert all("web" in form.title and form.container == "web" for form in made)
    single = {widget.id for widget in catalog.widgets.values() if widget.single}
    assert single <= named, "one that is not offered by itself stands for some widget"


def _naming(catalog, id):
    return next(widget for widget in catalog.widgets.values() if id in widget.narrowed)


@pytest.mark.parametrize(
    ("narrowed", "words"),
    [
        ('narrowed = ["nothing"]', "'nothing', which is no widget"),
        ('narrowed = ["cpu"]', "'cpu', which has no instances of containers"),
        ('narrowed = ["disk-table"]', "'disk-table', a table without member"),
    ],
)
def test_a_file_that_names_what_is_no_form_is_left_out(shelf, narrowed, words):
    found = load(shelf(own=FORM.format(narrowed=narrowed)))
    assert "own" not in found.widgets
    assert len(found.problems) == 1 and words in found.problems[0], found.problems
    assert "own.toml, line 4" in found.problems[0]


@pytest.mark.parametrize(
    ("narrowed", "words"),
    [
        ('of = "Memory"', "of has {container}"),
        ('of = "{container} and {instance}"', "of has {container}"),
        ("single = true", "single needs of"),
        ('narrowed = ["one-memory"]\nwhole = "No."', "exclude each other"),
        ('member = "proc.psinfo.cgroups"', "member is for tables"),
    ],
)
def test_keys_that_contradict_are_faults(shelf, narrowed, words):
    found = load(shelf(own=FORM.format(narrowed=narrowed)))
    assert "own" not in found.widgets and words in found.problems[0]


def test_a_widget_of_one_s_own_is_narrowed_too(shelf):
    found = load(shelf(own=FORM.format(narrowed='narrowed = ["one-memory"]')))
    assert found.problems == ()
    assert of(found, "own;container=db") == [("one-memory", "Memory of db")]


def test_a_fault_in_a_shipped_file_stops_the_program(tmp_path):
    (tmp_path / "own.toml").write_text(FORM.format(narrowed='narrowed = ["nothing"]'))
    with pytest.raises(CatalogError, match="nothing"):
        load(shipped=tmp_path)


# -- numbers of the forms, of cgroup v2 by our agent, and by PCP's own of v2 and v1 ---------


@pytest.fixture
def shown(catalog, drawn):
    """`shown(form, first, second)`: by the form's own id, as if of all containers."""
    return lambda id, *samples, **more: drawn(catalog.instantiate(Wish.parse(id)), *samples, **more)


def test_cpu_of_a_limit_and_throttled_periods(shown):
    names = [f"vkernel.cgroup.cpu.{what}" for what in ("usage", "periods", "throttled_periods")]
    first = {name: {"web": 0} for name in names} | {"vkernel.cgroup.cpu.limit": {"web": 1.5}}
    second = {
        **first,
        names[0]: {"web": 750_000},
        names[1]: {"web": 10},
        names[2]: {"web": 4},
    }
    found = shown("one-cpu-limit", first, second, ours=True)
    assert found == {"web used": near(50), "web throttled": near(40)}


@pytest.mark.parametrize(
    ("user", "system", "unit"),
    [
        ("vkernel.cgroup.cpu.user", "vkernel.cgroup.cpu.system", 1e6),
        ("cgroup.cpu.stat.user", "cgroup.cpu.stat.system", 1e6),
        ("cgroup.cpuacct.stat.user", "cgroup.cpuacct.stat.system", 1e3),
    ],
)
def test_cpu_of_one_cpu(shown, user, system, unit):
    first = {user: {A: 0}, system: {A: 0}}
    second = {user: {A: 1.25 * unit}, system: {A: 0.5 * unit}}
    ours = user.startswith("vkernel")
    if ours:
        first["vkernel.cgroup.cpu.usage"] = second["vkernel.cgroup.cpu.usage"] = {A: 0}
    assert shown("one-cpu", first, second, ours=ours) == {
        f"{A} user": near(125),
        f"{A} system": near(50),
    }


@pytest.mark.parametrize(
    ("names", "ours"),
    [
        (("vkernel.cgroup.memory.usage", "inactive_file", "anon", "limit"), True),
        (
            (
                "cgroup.memory.current",
                "cgroup.memory.stat.inactive_file",
                "cgroup.memory.stat.anon",
                "cgroup.memory.limit",
            ),
            False,
        ),
        (
            (
                "cgroup.memory.usage",
                "cgroup.memory.stat.total.inactive_file",
                "cgroup.memory.stat.total.rss",
                "cgroup.memory.limit",
            ),
            False,
        ),
    ],
)
def test_memory_used_its_working_set_and_its_limit(shown, names, ours):
    if ours:
        names = [names[0], *(f"vkernel.cgroup.memory.{name}" for name in names[1:])]
    values = dict(zip(names, ({A: 900}, {A: 300}, {A: 500}, {A: 1024}), strict=True))
    values["mem.physmem"] = 16_000_000
    if ours:
        values["vkernel.cgroup.cpu.usage"] = {A: 0}
    assert shown("one-memory", values, values, ours=ours) == {
        f"{A} used": 900,
        f"{A} working set": 600,
        f"{A} programs": 500,
        f"{A} limit limit": 1024,
    }


@pytest.mark.parametrize(
    ("id", "read", "write"),
    [
        ("one-io", "cgroup.io.stat.rbytes", "cgroup.io.stat.wbytes"),
        ("one-iops", "cgroup.io.stat.rios", "cgroup.io.stat.wios"),
        (
            "one-io",
            "cgroup.blkio.all.throttle.io_service_bytes.read",
            "cgroup.blkio.all.throttle.io_service_bytes.write",
        ),
    ],
)
def test_work_of_disks_is_a_rate(shown, id, read, write):
    first, second = {read: {A: 0}, write: {A: 0}}, {read: {A: 4096}, write: {A: 100}}
    assert shown(id, first, second) == {f"{A} read": near(4096), f"{A} write": near(100)}


def test_pressure_is_of_the_last_second(shown):
    names = [f"cgroup.pressure.{what}.some.total" for what in ("cpu", "memory", "io")]
    first = {name: {A: 0} for name in names}
    second = dict(zip(names, ({A: 300_000}, {A: 20_000}, {A: 0}), strict=True))
    assert shown("one-pressure", first, second) == {
        f"{A} cpu": near(30),
        f"{A} memory": near(2),
        f"{A} io": 0,
    }
    assert shown("one-psi-cpu", first, second) == {f"{A} some": near(30)}
