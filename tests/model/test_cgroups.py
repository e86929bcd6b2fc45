"""Names of control groups: which a name means, the nearest ones, who is in them."""

from __future__ import annotations

import pytest

from vectorpy.model.cgroups import Group, chosen, identity, nearest, within

ID, OTHER = "0123456789ab" + "c" * 52, "f" * 64
WEB = Group(f"/system.slice/docker-{ID}.scope", "web", "web")
AGAIN = Group(f"/system.slice/docker-{OTHER}.scope", "web", "web#4")
CRON = Group("/system.slice/cron.service", "", "/system.slice/cron.service")
POD = Group(f"/kubepods/burstable/pod12/{OTHER}", "shop/cart-0/cart", "shop/cart-0/cart")
ALL = (WEB, CRON, POD)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("web", [WEB]),
        (WEB.path, [WEB]),
        (ID[:12], [WEB]),
        (ID, [WEB]),
        ("cron.service", [CRON]),
        ("shop/cart-0/cart", [POD]),
        (ID[:8], []),
        ("WEB", []),
        ("", []),
        ("cron", []),
    ],
)
def test_a_name_means(name, meant):
    assert chosen(name, ALL) == meant


def test_a_name_of_two_means_both_and_a_last_part_of_several_means_none():
    assert chosen("web", [WEB, AGAIN]) == [WEB, AGAIN]
    user = [Group("/user.slice/a/app.service"), Group("/user.slice/b/app.service")]
    assert chosen("app.service", user) == []


@pytest.mark.parametrize(
    ("path", "runtime"),
    [
        (WEB.path, "docker"),
        (f"/docker/{ID}", "docker"),
        (f"/machine.slice/libpod-{ID}.scope", "podman"),
        (f"/kubepods.slice/cri-containerd-{ID}.scope", "containerd"),
        (f"/kubepods.slice/crio-{ID}.scope", "CRI-O"),
        (POD.path, "Kubernetes"),
        ("/lxc/one", "LXC"),
        ("/machine.slice/machine-vm.scope", "machine"),
        (CRON.path, "service"),
        ("/user.slice", "slice"),
        ("/init.scope", "scope"),
        ("/own", "cgroup"),
    ],
)
def test_a_path_tells_who_made_it(path, runtime):
    assert Group(path).runtime == runtime


def test_an_id_is_the_container_s_and_not_its_watchman_s():
    assert identity(WEB.path) == ID
    assert identity(f"/machine.slice/libpod-conmon-{ID}.scope") == ""
    assert identity(CRON.path) == ""


def test_the_nearest_names_come_first_and_none_twice():
    assert nearest("wbe", [CRON, POD, WEB, AGAIN], 5) == [
        "web",
        "shop/cart-0/cart",
        "/system.slice/cron.service",
    ]
    assert nearest("cron", ALL, 1) == ["/system.slice/cron.service"]
    assert nearest("", ALL, 5)[0] == "shop/cart-0/cart", "by name, containers first"


@pytest.mark.parametrize(
    ("text", "inside"),
    [
        ("0::/own/web", True),
        ("0::/own/web/below", True),
        ("0::/own/website", False),
        ("name=systemd:/;cpu:/own/web;:/", True),
        ("name=systemd:/;cpu:/;:/", False),
        (":/own/web", True),
        ("", False),
    ],
)
def test_a_process_is_within(text, inside):
    assert within(text, {"/own/web"}) is inside
