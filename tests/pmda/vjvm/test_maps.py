"""Map files, names of MBeans, and maps applied to answers."""

from __future__ import annotations

from pathlib import Path

import j_maps
import j_mbeans
import j_objects
import pytest
import vtable

HEAD = "[map]\ncluster = 100\nhelp = Things.\n"
GOOD = (
    "[things.count]\nitem = 0\nmbean = d:type=Thing,name=*\nattribute = Count\nkey = name\n"
    "type = U64\nsemantics = counter\nunits = count\nhelp = things so far\n"
)


def read(folder: Path, text: str, name: str = "mine") -> j_maps.Map:
    path = folder / f"{name}.map"
    path.write_text(text)
    return j_maps.read(str(path))


def test_a_map_of_one_s_own(tmp_path: Path) -> None:
    found = read(tmp_path, HEAD + GOOD)
    (metric,) = found.metrics
    assert metric == vtable.Metric(
        name="mbean.mine.things.count",
        cluster=100,
        item=0,
        type="U64",
        sem="counter",
        units="count",
        indom=j_maps.BEAN,
        oneline="things so far",
        text="things so far\nThings.\nMBean d:type=Thing,name=*, attribute Count.",
    )
    assert j_maps.metrics(j_maps.shipped(str(tmp_path))) == (metric,)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no section"),
        ("[map]\ncluster = 100\n", "help is missing"),
        (HEAD.replace("100", "31"), "cluster is from 32"),
        (HEAD.replace("100", "x"), "invalid literal"),
        (HEAD + "colour = red\n", "unknown key colour"),
        (HEAD + GOOD.replace("item = 0\n", ""), r"\[things.count\]: item is missing"),
        (HEAD + GOOD + "scale = 3\n", "unknown key scale"),
        (HEAD + GOOD.replace("U64", "STRING"), "type is U32"),
        (HEAD + GOOD.replace("= counter", "= rising"), "unknown type, semantics or units"),
        (HEAD + GOOD.replace("= count\n", "= apples\n"), "unknown type, semantics or units"),
        (HEAD + GOOD.replace("things.count", "Things"), "not a name of the PMNS"),
        (HEAD + GOOD.replace("key = name", "key = color"), "no property color"),
        (HEAD + GOOD.replace("d:type=Thing,name=*", "nonsense"), "no name of an MBean"),
        (HEAD + GOOD + GOOD, "already exists"),
    ],
)
def test_a_wrong_map_is_refused_with_file_and_reason(tmp_path: Path, text: str, why: str) -> None:
    with pytest.raises(j_maps.MapError, match=why) as caught:
        read(tmp_path, text)
    assert "mine.map" in str(caught.value)


def test_a_map_needs_a_plain_name(tmp_path: Path) -> None:
    with pytest.raises(j_maps.MapError, match="lower-case"):
        read(tmp_path, HEAD + GOOD, "My-Map")


def test_shipped_maps_have_clusters_of_their_own() -> None:
    maps = j_maps.shipped()
    assert [each.name for each in maps] == ["cassandra", "kafka", "tomcat"]
    clusters = [{metric.cluster for metric in each.metrics} for each in maps]
    assert clusters == [{34}, {33}, {32}]
    assert [len(each.metrics) for each in maps] == [34, 33, 14]


@pytest.mark.parametrize(
    ("pattern", "name", "fits"),
    [
        ("d:type=A", "d:type=A", True),
        ("d:type=A", "d:type=A,x=1", False),
        ("d:type=A,*", "d:x=1,type=A", True),
        ("d:type=A,x=*", "d:x=anything,type=A", True),
        ("d:type=A,x=*", "d:type=A", False),
        ("*:type=A", "Catalina:type=A", True),
        ("d:type=A?", "d:type=AB", True),
        ("d:type=[ab]", "d:type=a", False),
        ("d:*", "d:k=v", True),
        ("d:type=A,name=*", 'd:type=A,name="http-nio-8080"', True),
        ("d:type=A,name=*", 'd:type=A,name="a,b=c"', True),
        ("e:type=A", "d:type=A", False),
    ],
)
def test_patterns(pattern: str, name: str, fits: bool) -> None:
    parsed = j_objects.name(name)
    assert parsed is not None
    assert j_objects.pattern(pattern).matches(parsed) is fits


@pytest.mark.parametrize("text", ["", "x", "d:", "d:a", "d:a=b,,c=d", "d:=x", "x" * 3000 + ":a=b"])
def test_no_names(text: str) -> None:
    assert j_objects.name(text) is None
    with pytest.raises(ValueError, match="no name"):
        j_objects.pattern(text)


def test_labels_by_the_key_properties() -> None:
    name = j_objects.name('Catalina:type=Manager,host=localhost,context="/a b"')
    assert name is not None
    assert name.label(("host", "context")) == "localhost//a b"
    assert name.label(()) == "all"


def rule(**fields: str) -> j_maps.Rule:
    given = {"mbean": "d:type=T,name=*,*", "attribute": "Count", "key": "name", "type": "U64"}
    return j_maps._rule("m", {**given, **fields})


@pytest.mark.parametrize(
    ("value", "fields", "expected"),
    [
        (5, {}, 5),
        ("5", {}, 5),
        ("five", {}, None),
        (-1, {}, None),
        (-1, {"type": "64"}, -1),
        (True, {}, None),
        (None, {}, None),
        ([1], {}, None),
        (1.5, {"type": "DOUBLE"}, 1.5),
        ("NaN", {"type": "DOUBLE"}, None),
        (float("inf"), {"type": "DOUBLE"}, None),
        ("9" * 50, {}, None),
        ({"used": 7, "max": 9}, {"attribute": "Count.used"}, 7),
        ({"used": "7"}, {"attribute": "Count.used"}, 7),
        (7, {"attribute": "Count.used"}, None),
    ],
)
def test_an_attribute_s_value(value: object, fields: dict[str, str], expected: object) -> None:
    found = j_mbeans.apply([rule(**fields)], {"d:type=T,name=a": {"Count": value}})
    assert found == ({} if expected is None else {"m": {"a": expected}})


def test_beans_of_one_label_add_up() -> None:
    """Kafka has one bean for each version of a request."""
    beans = {f"d:type=T,name=Fetch,version={n}": {"Count": n} for n in (3, 4)}
    beans["d:type=T,name=Produce,version=1"] = {"Count": 9}
    beans["no name"] = {"Count": 100}
    assert j_mbeans.apply([rule()], beans) == {"m": {"Fetch": 7, "Produce": 9}}
