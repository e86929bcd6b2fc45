"""Small parts of the web process: spliced JSON, buckets, books, logs."""

from __future__ import annotations

import io
import json
import logging
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from socketio.packet import EVENT, Packet

from vectorpy.model import wire
from vectorpy.settings import Settings
from vectorpy.web.limits import LIMITS, Bucket, Limits
from vectorpy.web.logs import Damper, JsonFormatter
from vectorpy.web.seats import Channel
from vectorpy.web.splice import Encoded, SpliceJson, number_of, version_of

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.floats(allow_nan=False, width=32),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
).filter(lambda value: "Infinity" not in json.dumps(value))


@given(JSON)
def test_encoded_text_is_spliced_as_it_is(value: object) -> None:
    text = json.dumps(value)
    assert SpliceJson.dumps(["tick", Encoded(text)], separators=(",", ":")) == f'["tick",{text}]'


@given(JSON)
def test_everything_else_is_plain_json(value: object) -> None:
    assert SpliceJson.loads(SpliceJson.dumps(value)) == value


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_is_never_sent(number: float) -> None:
    with pytest.raises(ValueError, match="JSON compliant"):
        SpliceJson.dumps(["tick", {"n": [number]}])


def test_deep_nesting_is_bad_json() -> None:
    with pytest.raises(ValueError, match="deep"):
        SpliceJson.loads("[" * 100_000)


def test_a_packet_of_encoded_text_is_not_searched_for_binary_parts() -> None:
    packet = Packet(EVENT, data=["tick", Encoded('{"a":1}')])
    assert packet.packet_type == EVENT


def test_seq_upto_epoch_and_v_are_read_from_the_head() -> None:
    tick = wire.encode(wire.tick("0123456789abcdef", "e1", 7, 1_795_000_001, 1_795_000_000, [1.0]))
    assert number_of(tick, "seq") == 1_795_000_001
    assert version_of(tick) == ('"e1"', "7")
    past = wire.encode(wire.history("0123456789abcdef", 7, "e1", 12, [11, 12], [[1.0, None]]))
    assert number_of(past, "upto") == 12
    assert number_of(past, "seq") is None
    series = [wire.series('"v":99,"seq":5', {"instance": '"epoch":"x"'})]
    layout = wire.layout("0" * 16, 3, "e2", [wire.widget("w", "w", "t", "s", "line", series)])
    assert version_of(wire.encode(layout)) == ('"e2"', "3")


def test_a_bucket_gives_its_rate_and_one_second_at_once() -> None:
    bucket = Bucket(20.0, 0.0)
    assert [bucket.take(0.0) for _ in range(21)] == [True] * 20 + [False]
    assert [bucket.take(0.1) for _ in range(3)] == [True, True, False]
    assert sum(bucket.take(1000.0) for _ in range(50)) == 20


def test_every_limit_is_a_setting_with_a_sentence() -> None:
    rows = Limits(Settings()).table({"max_hosts": {"hits": 2}, "other": {"hits": 1}})
    assert [row["name"] for row in rows] == list(LIMITS)
    assert all(row["text"].endswith(".") for row in rows)
    assert next(row for row in rows if row["name"] == "max_hosts")["hits"] == 2
    with pytest.raises(KeyError):
        Limits(Settings()).hit("nonsense")


def test_the_oldest_tick_not_acknowledged() -> None:
    channel = Channel("a")
    assert channel.waiting_since(0) is None
    channel.ticks.extend([(5, 1.0), (6, 2.0), (7, 3.0)])
    assert channel.waiting_since(4) == 1.0
    assert channel.waiting_since(5) == 2.0
    assert channel.waiting_since(7) is None


def _record(message: str, *args: object, **extra: object) -> logging.LogRecord:
    record = logging.LogRecord("x", logging.INFO, __file__, 1, message, args, None)
    record.__dict__.update(extra)
    return record


def test_a_log_record_is_one_line_whatever_it_holds() -> None:
    text = JsonFormatter().format(_record("got %s", 'a\r\n{"level":"crit"}\x1b', host="h\n"))
    assert "\n" not in text
    assert "\x1b" not in text
    assert json.loads(text)["event"] == 'got a\r\n{"level":"crit"}\x1b'
    assert json.loads(text)["host"] == "h\n"


def test_the_same_message_passes_a_few_times_and_then_counts() -> None:
    now = [0.0]
    damper = Damper(times=2, seconds=10.0, clock=lambda: now[0])
    assert [damper.filter(_record("down %s", i)) for i in range(5)] == [True, True] + [False] * 3
    assert damper.filter(_record("down %s", 9, host="other"))
    now[0] = 10.0
    record = _record("down %s", 10)
    assert damper.filter(record)
    assert record.__dict__["suppressed"] == 3


def test_an_exception_is_part_of_its_line() -> None:
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    handler.setFormatter(JsonFormatter())
    logger = logging.Logger("test")
    logger.addHandler(handler)
    try:
        raise ValueError("bad\nthing")
    except ValueError:
        logger.exception("it failed")
    line = json.loads(out.getvalue())
    assert "ValueError: bad" in line["err"]
