"""Widgets that change while they are watched: their viewers get another layout, others nothing."""

from __future__ import annotations

from typing import Any

SECOND = 1_795_000_000


def changed(w: Any, catalog: Any, *widgets: Any, recorded: tuple[str, ...] = ()) -> frozenset[str]:
    """The catalogue becomes one of these widgets, as when a file of the user's has changed."""
    names = catalog.take(w.build_catalog(widgets, recorded))
    w.hub.renew(names)
    return names


def start(world: Any, build: Any, **more: Any) -> tuple[Any, Any]:
    catalog = build.catalog(**more)
    w = world(catalog=catalog)
    w.build_catalog = build.catalog
    return w, catalog


def layouts(w: Any, *wishes: str) -> list[dict[str, Any]]:
    return w.sink.of("layout", w.spec(*wishes).key)


def test_a_changed_widget_is_laid_out_anew_with_its_history(world: Any, build: Any) -> None:
    w, catalog = start(world, build)
    w.join("load", "switches")
    w.join("disks", viewer="bob")
    w.run(3.5)
    before = layouts(w, "load", "switches")[-1]
    other = build.widget("load", "B", ("free memory", "mem.free"))
    names = changed(w, catalog, other, *(x for x in build.widgets if x.id != "load"))
    assert names == {"load"}
    w.run(3.0)
    after = layouts(w, "load", "switches")[-1]
    assert after["v"] > before["v"]
    laid = after["widgets"][0]
    assert (laid["unit"], [s["name"] for s in laid["series"]]) == ("B", ["free memory"])
    assert laid["reason"] == ""
    assert len(layouts(w, "load", "switches")) == 2, "no layout in between tells a wrong reason"
    tick = w.sink.of("tick", w.spec("load", "switches").key)[-1]
    assert tick["v"] == after["v"] and tick["n"] == [4000 * 1024, 100]
    assert len(layouts(w, "disks")) == 1, "who watches others hears nothing"


def test_a_widget_that_comes_is_drawn_where_it_was_asked_for_before(world: Any, build: Any) -> None:
    w, catalog = start(world, build)
    w.join("own", "load")
    w.run(2.5)
    missing = layouts(w, "load", "own")[-1]["widgets"][1]
    assert "There is no widget 'own'" in missing["reason"]
    own = build.widget("own", "/s", ("{instance}", "disk.write"))
    assert changed(w, catalog, *build.widgets, own) == {"own"}
    w.run(3.0)
    laid = layouts(w, "load", "own")[-1]["widgets"][1]
    assert [s["name"] for s in laid["series"]] == ["sda", "sdb"] and laid["reason"] == ""
    assert w.sink.of("tick")[-1]["n"] == [2.5, 1, 2]


def test_a_widget_that_goes_says_so_and_harms_no_other(world: Any, build: Any) -> None:
    w, catalog = start(world, build)
    w.join("load", "switches")
    w.run(2.5)
    changed(w, catalog, *(x for x in build.widgets if x.id != "load"))
    w.run(2.0)
    laid = layouts(w, "load", "switches")[-1]["widgets"]
    assert "There is no widget 'load'" in laid[0]["reason"] and laid[0]["series"] == []
    assert w.sink.of("tick")[-1]["n"] == [100]


def test_a_recorded_preset_that_changes_is_recorded_anew(world: Any, build: Any) -> None:
    w, catalog = start(world, build, recorded=("load",))
    w.join("switches")
    w.run(3.5)
    changed(w, catalog, *build.widgets, recorded=("disks",))
    w.run(5.0)
    answer = dict(w.join("disks", viewer="bob", window=60))
    assert len(answer["history"]["t"]) >= 4
    assert answer["layout"]["widgets"][0]["series"][0]["name"] == "sda read"


def test_a_recorded_preset_that_is_gone_leaves_what_was_recorded(world: Any, build: Any) -> None:
    w, catalog = start(world, build, recorded=("load",))
    w.join("switches")
    w.run(2.5)
    names = catalog.take(type(catalog)(dict(catalog.widgets), {}))
    w.hub.renew(names)
    w.run(2.0)
    assert w.sink.of("tick")[-1]["n"] == [100]


def test_the_keeper_looks_and_renews(world: Any, build: Any) -> None:
    w, _ = start(world, build)
    answers: list[frozenset[str] | None] = [None, frozenset({"load"}), None]
    w.hub._look = lambda: answers.pop(0)
    w.join("load")
    w.run(2.5)
    for _ in range(3):
        w.hub.keep()
    w.run(2.0)
    assert len(layouts(w, "load")) == 2


def test_what_a_host_can_draw_is_asked_again(world: Any, build: Any) -> None:
    w, catalog = start(world, build)
    assert "own" not in [x["id"] for x in w.hub.host("web-01")["widgets"]]
    own = build.widget("own", "/s", ("{instance}", "disk.write"))
    changed(w, catalog, *build.widgets, own)
    found = {x["id"]: x["draws"] for x in w.hub.host("web-01")["widgets"]}
    assert found["own"] is True and found["load"] is True
