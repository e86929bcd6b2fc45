"""Messages: what is built fits the schema, is plain JSON, and means the same when read."""

from __future__ import annotations

import json
import math
from importlib import resources

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vectorpy.errors import BadHost, HostDown, UserError
from vectorpy.model import burst, units, wire
from vectorpy.model.watch import ChannelSpec, Wish

SCHEMA = json.loads((resources.files("vectorpy.model") / "wire.schema.json").read_text("utf-8"))
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
KEY = "0123456789abcdef"
WIDGET = wire.widget(
    wish="disk-latency;instances=sd*",
    id="disk-latency",
    title="Disk latency",
    unit="s",
    kind="line",
    series=[wire.series("sda read", {"instance": "sda", "series": "read"}), wire.series("limit")],
    total=64,
)
BLIND = wire.widget("psi-cpu", "psi-cpu", "CPU pressure", "%", "line", [], None, ["a.b"], "Old.")
MESSAGES = {
    "hello": wire.hello("vectorpy 0.1", {"dashboard_hosts": 16}),
    "layout": wire.layout(KEY, 3, "e1", [WIDGET, BLIND]),
    "history": wire.history(KEY, 3, "e1", 101, [100, 101], [[1.5, None], [0.0, 2.25]]),
    "tick": wire.tick(KEY, "e1", 3, 102, 101, [1.0, None, 3.0]),
    "rows": wire.rows(
        KEY, 3, 102, "connections", {"a": {"rtt": 0.002, "state": "ESTAB"}, "b": None}, total=2
    ),
    "state": wire.state(
        "web-01",
        "late",
        "It is slow.",
        "Wait.",
        next_try=103.5,
        skew=-2.5,
        cost={
            "metrics": 60,
            "values": 85,
            "ms": 3.25,
            "bytes": 9210,
            "cpu": 0.004,
            "viewers": 3,
            "period": 1,
        },
        transport="web",
        name="web-01.example",
    ),
    "marks": wire.marks("web-01", 102, "host-restarted", "The host was started anew."),
    "problem": wire.problem("host-down", "Host down", "Nothing answers.", "web-01", "Look.", 502),
    "bye": wire.bye("The server stops."),
    "burst": burst.told(
        "web-01",
        "b1",
        "refused",
        start=17_950_000_000,
        until=17_950_000_599,
        reason="Too much.",
        wishes=["load"],
        left={"connections": "A table."},
        needs={"load": {"kernel.all.load"}},
        most=50,
    ),
    "burst_layout": burst.layout("b1", 2, 0.1, [WIDGET]),
    "burst_points": burst.points("b1", 2, [17_950_000_000], [[1.5], [None]], whole=True),
    "catalog": wire.catalog(["own.toml, line 3: the widget 'a': title is missing."]),
}


def check(name, message, side="server"):
    VALIDATOR.validate({side: {name: message}})


def test_the_schema_is_one_and_strict():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["$defs"]["unit"]["enum"] == list(units.ANSWERS)
    assert SCHEMA["$defs"]["state"]["properties"]["state"]["enum"] == list(wire.STATES)
    assert SCHEMA["$defs"]["hello"]["properties"]["version"]["const"] == wire.VERSION
    events = SCHEMA["properties"]["server"]["properties"]
    assert set(MESSAGES) == set(events)


@pytest.mark.parametrize("name", MESSAGES)
def test_messages_fit_the_schema_and_survive_the_way(name):
    message = MESSAGES[name]
    check(name, message)
    text = wire.encode(message)
    assert wire.decode(text) == message
    assert " " not in text.replace("The server stops.", "") or name not in ("tick", "history")


@pytest.mark.parametrize("name", MESSAGES)
def test_the_schema_refuses_what_is_missing_or_too_much(name):
    with pytest.raises(jsonschema.ValidationError):
        check(name, {**MESSAGES[name], "more": 1})
    for key in MESSAGES[name]:
        less = {other: value for other, value in MESSAGES[name].items() if other != key}
        with pytest.raises(jsonschema.ValidationError):
            check(name, less)


def test_whole_rows_carry_the_past_of_their_sparklines():
    whole = wire.rows(
        KEY,
        3,
        102,
        "connections",
        {"a": {"rtt": float("nan")}},
        total=1,
        note="A note.",
        whole=True,
        t=[101, 102],
        past={"a": [None, 0.002]},
    )
    check("rows", whole)
    assert wire.decode(wire.encode(whole))["cells"] == {"a": {"rtt": None}}
    assert (whole["t"], whole["past"]) == ([101, 102], {"a": [None, 0.002]})


def test_widgets_of_a_layout_may_be_tables_and_histograms():
    column = {"id": "rtt", "title": "RTT", "unit": "s", "text": False, "help": "", "spark": True}
    table = {**BLIND, "kind": "table", "columns": [column]}
    heat = {**WIDGET, "kind": "heatmap", "buckets": {"unit": "s", "rate": True}}
    check("layout", wire.layout(KEY, 3, "e1", [table, heat]))
    with pytest.raises(jsonschema.ValidationError):
        check("layout", wire.layout(KEY, 3, "e1", [{**table, "columns": [{"id": "x"}]}]))


def test_a_quiet_state_and_an_error_fit_as_well():
    check("state", wire.state("local", "live"))
    error = HostDown("Nothing answers.", host="web-01", hint="Look there.")
    assert wire.problem_of(error) == {
        "type": "host-down",
        "title": "Host down",
        "detail": "Nothing answers.",
        "host": "web-01",
        "hint": "Look there.",
        "status": 502,
    }
    check("problem", wire.problem_of(BadHost("No host was typed.")))


def test_a_state_that_nobody_knows_is_a_mistake():
    with pytest.raises(ValueError, match="asleep"):
        wire.state("h", "asleep")


@pytest.mark.parametrize(
    ("x", "text"),
    [
        (0.0, "0"),
        (-0.0, "0"),
        (1.0, "1"),
        (-2.5, "-2.5"),
        (0.1 + 0.2, "0.3"),
        (1234567.0, "1.23457e6"),
        (16742346752, "1.67423e10"),
        (999999.0, "999999"),
        (0.00012345678, "0.000123457"),
        (1.5e-7, "1.5e-7"),
        (1.5e-12, "1.5e-12"),
        (1e100, "1e100"),
        (None, "null"),
        (math.nan, "null"),
        (math.inf, "null"),
        (-math.inf, "null"),
    ],
)
def test_numbers_have_six_digits_and_no_more_letters_than_needed(x, text):
    assert wire.encode(wire.tick(KEY, "e", 1, 2, 1, [x])).endswith(f'"n":[{text}]}}')


def test_a_tick_is_short():
    text = wire.encode(wire.tick(KEY, "e", 1, 2, 1, [1.5, None]))
    assert (
        text == '{"channel":"0123456789abcdef","epoch":"e","v":1,"seq":2,"prev":1,"n":[1.5,null]}'
    )
    assert wire.encode(wire.tick(KEY, "e", 1, 2, 1, [])).endswith('"n":[]}')
    assert wire.encode(wire.history(KEY, 1, "e", 2, [], [])).endswith('"columns":[]}')


cells = st.one_of(st.none(), st.floats())


@given(st.lists(cells, max_size=20))
def test_ticks_come_back_to_six_digits(n):
    message = wire.decode(wire.encode(wire.tick(KEY, "e", 1, 2, 1, n)))
    check("tick", message)
    for x, found in zip(n, message["n"], strict=True):
        if x is None or not math.isfinite(x):
            assert found is None
        else:
            assert found == pytest.approx(x, rel=5.1e-6, abs=1e-300)


@given(st.recursive(st.one_of(st.text(), cells), st.lists, max_leaves=10))
def test_any_message_becomes_plain_json(data):
    text = wire.encode({"x": data})
    json.loads(text, parse_constant=pytest.fail)


def test_texts_stay_texts():
    message = wire.bye('</script> \u2028 é \x00 "')
    assert wire.decode(wire.encode(message)) == message


@pytest.mark.parametrize(
    "text", ["", "{", "[1]", "1", "[" * 100_000, '{"server":"x","version":2,"limits":{}}']
)
def test_what_is_no_message_of_this_wire(text):
    with pytest.raises(UserError):
        wire.decode(text)


def test_watch_is_read():
    data = {
        "channels": [
            {"host": "Local", "interval": 2, "wishes": ["cpu", "load"], "window": "5m"},
            {"host": "web-01", "wishes": [], "window": 60},
            {"host": "web-02", "wishes": ["cpu"]},
        ]
    }
    check("watch", data, "client")
    assert wire.read_watch(data) == [
        (ChannelSpec("local", 2, [Wish("cpu"), Wish("load")]), 300),
        (ChannelSpec("web-01", 1, []), 60),
        (ChannelSpec("web-02", 1, [Wish("cpu")]), 300),
    ]


@pytest.mark.parametrize(
    "data",
    [
        None,
        [],
        {},
        {"channels": {}},
        {"channels": ["cpu"]},
        {"channels": [{"host": "a b", "wishes": []}]},
        {"channels": [{"host": "h", "wishes": [], "window": 0}]},
        {"channels": [{"host": "h", "wishes": [], "window": "2h"}]},
        {"channels": [{"host": "h", "wishes": [], "window": True}]},
        {"channels": [{"host": "h", "wishes": [], "window": None}]},
    ],
)
def test_what_is_no_watch(data):
    with pytest.raises(UserError):
        wire.read_watch(data)


def test_history_and_ack_are_read():
    wanted = {"channel": KEY, "from": 100, "to": 200}
    check("history", wanted, "client")
    assert wire.read_history(wanted) == (KEY, 100, 200)
    check("ack", {KEY: 100}, "client")
    assert wire.read_ack({KEY: 100}) == {KEY: 100}


@pytest.mark.parametrize("data", [None, {}, {"channel": 1, "from": 1, "to": 2}, {"channel": "a"}])
def test_what_is_no_history(data):
    with pytest.raises(UserError):
        wire.read_history(data)


@pytest.mark.parametrize("data", [None, [1], {"a": "1"}, {"a": True}, {"a": 1.5}])
def test_what_is_no_ack(data):
    with pytest.raises(UserError):
        wire.read_ack(data)
