"""What the web API's answers say: guarded JSON and strict walks, for both servers.

pmwebd and pmproxy differ in case, in units without text and in where ids are
missing; it is levelled out here. Anything of another shape than PCP's is a
NotPcp or BadAnswer, and no word of what the host sent is passed on.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn, TypeGuard

from vectorpy.errors import BadAnswer
from vectorpy.model.metric import Descriptor
from vectorpy.model.sample import SINGULAR, Instances
from vectorpy.sources.riders import well_formed

# printf writes `nan`, `-nan`, `inf`: no JSON. Inside of a JSON string the two
# quotes would be escaped, so this hits values alone.
_NOT_FINITE = re.compile(rb'("value":\s*)-?(?:nan|inf(?:inity)?)\b', re.IGNORECASE)
_TYPES = {"32": "s32", "64": "s64"}
_SEMANTICS = frozenset({"counter", "instant", "discrete"})
_TEXT = 64 * 1024
_PM_ERR_CODE = re.compile(rb"PMWEBD error, code (-?\d{1,6})")
_RANGES = {
    "s32": (-(2**31), 2**31 - 1),
    "u32": (0, 2**32 - 1),
    "s64": (-(2**63), 2**63 - 1),
    "u64": (0, 2**64 - 1),
}


class Strange(BadAnswer):
    """The answer has not the shape that PCP's has."""


def strange() -> NoReturn:
    """Raise Strange, with the one sentence that it has."""
    raise Strange("Its answer has not the shape that PCP's answers have.")


def parse(body: bytes) -> dict[str, Any]:
    """The JSON object in `body`, with null for numbers that are not finite. Raises Strange."""
    try:
        document = _loads(body)
    except (ValueError, RecursionError, MemoryError):
        strange()
    if not isinstance(document, dict):
        strange()
    return document


def _loads(body: bytes) -> Any:
    try:
        return json.loads(body, parse_constant=_none)
    except ValueError:
        return json.loads(_NOT_FINITE.sub(rb"\1null", body), parse_constant=_none)


def _none(_: str) -> None:
    return None


def error_code(body: bytes) -> int | None:
    """PCP's error number in an answer of pmwebd, None in all else."""
    found = _PM_ERR_CODE.match(body)
    return int(found[1]) if found else None


def refusal(body: bytes) -> str | None:
    """pmproxy's message in an answer that says success: false, else None. For comparing only."""
    try:
        document = parse(body)
    except Strange:
        # "abc" as context, and a name in two parts of the answer, are no JSON
        return "" if b'"success":false' in body[-40:] else None
    message = document.get("message")
    return message if document.get("success") is False and isinstance(message, str) else None


@dataclass(frozen=True, slots=True)
class Context:
    """A new context: its number, and what pmproxy tells of the host beside it."""

    number: int
    hostname: str
    machine: str


def read_context(document: dict[str, Any]) -> Context:
    """Number, host name and machine id of a new context."""
    number = document.get("context")
    if not _is_int(number):
        strange()
    labels = document.get("labels")
    labels = labels if isinstance(labels, dict) else {}
    return Context(
        number,
        _text(labels.get("hostname") or document.get("hostspec"), 256),
        _text(labels.get("machineid"), 64),
    )


def read_metrics(document: dict[str, Any]) -> tuple[dict[str, Descriptor], dict[str, str]]:
    """Descriptors by name, and for names that failed the server's words (for comparing only)."""
    items = document.get("metrics")
    if not isinstance(items, list):
        strange()
    found, failed = {}, {}
    for item in items:
        if not isinstance(item, dict):
            strange()
        name = item.get("name")
        if not isinstance(name, str):
            strange()
        if item.get("success") is False:
            failed[name] = _text(item.get("message"), 256)
        elif well_formed(name) and _text(item.get("sem"), 32).lower() in _SEMANTICS:
            found[name] = _descriptor(name, item)  # others are not supported there
    return found, failed


def _descriptor(name: str, item: dict[str, Any]) -> Descriptor:
    kind = _text(item.get("type"), 32).lower()
    units = _text(item.get("units"), 64)
    return Descriptor(
        name=name,
        pmid=_pmid(item.get("pmid")),
        type=_TYPES.get(kind, kind),
        semantics=_text(item.get("sem"), 32).lower(),
        units="" if units == "none" else units,
        indom=_indom(item.get("indom")),
        oneline=_text(item.get("text-oneline"), _TEXT),
        text=_text(item.get("text-help"), _TEXT),
    )


def _pmid(value: Any) -> str:
    if _is_int(value):
        return f"{value >> 22 & 0x1FF}.{value >> 10 & 0xFFF}.{value & 0x3FF}"
    if isinstance(value, str) and re.fullmatch(r"\d{1,3}\.\d{1,4}\.\d{1,4}", value):
        return value
    strange()


def _indom(value: Any) -> str | None:
    if value is None or value in (-1, 0xFFFFFFFF, "none", "PM_INDOM_NULL"):
        return None
    if _is_int(value):
        return f"{value >> 22 & 0x1FF}.{value & 0x3FFFFF}"
    if isinstance(value, str) and re.fullmatch(r"\d{1,3}\.\d{1,7}", value):
        return value
    strange()


def indom_number(indom: str) -> int:
    """The whole number that the compat routes know a dotted instance domain by."""
    domain, _, serial = indom.partition(".")
    return int(domain) << 22 | int(serial)


def read_instances(document: dict[str, Any]) -> dict[int, str]:
    """Names by id of one instance domain."""
    items = document.get("instances")
    if not isinstance(items, list):
        strange()
    names = {}
    for item in items:
        if not isinstance(item, dict) or not _is_int(item.get("instance")):
            strange()
        names[item["instance"]] = _text(item.get("name"), 1024)
    return names


def read_values(
    document: dict[str, Any],
    descriptors: dict[str, Descriptor],
    name_instances: Callable[[str, list[int]], dict[int, str]],
) -> tuple[float, dict[str, Instances], int]:
    """Time of a fetch, values by metric and instance name, and how many there were.

    Only metrics in `descriptors` are taken; a value that does not fit its type,
    or is not finite, is left out.
    """
    stamp, items = document.get("timestamp"), document.get("values")
    if not isinstance(items, list) or not isinstance(stamp, dict):
        strange()
    seconds, micros = stamp.get("s"), stamp.get("us")
    if not _is_int(seconds) or not _is_int(micros):
        strange()
    values: dict[str, Instances] = {}
    count = 0
    for item in items:
        try:
            descriptor = descriptors.get(item["name"])
            instances = item["instances"]
            if descriptor is None:
                continue
            pairs = [(one["instance"], one["value"]) for one in instances]
        except (TypeError, KeyError):
            strange()
        count += len(pairs)
        good = _fitting(pairs, descriptor.type)
        if not good:
            continue
        if descriptor.indom is None:
            values[descriptor.name] = {SINGULAR: good[0][1]}
            continue
        ids = [ident for ident, _ in good]
        if not all(type(ident) is int for ident in ids):
            strange()
        names = name_instances(descriptor.indom, ids)
        values[descriptor.name] = {names[i]: value for i, value in good if i in names}
    return seconds + micros / 1_000_000, values, count


def _fitting(pairs: list[tuple[Any, Any]], kind: str) -> list[tuple[Any, Any]]:
    """Those pairs whose value is one of `kind`."""
    if kind == "string":
        return [p for p in pairs if type(p[1]) is str]
    bounds = _RANGES.get(kind)
    if bounds is not None:
        low, high = bounds
        return [p for p in pairs if type(p[1]) is int and low <= p[1] <= high]
    return [(i, float(v)) for i, v in pairs if _finite(v)]


def _finite(value: Any) -> bool:
    if type(value) is float:
        return math.isfinite(value)
    return type(value) is int and abs(value) < 2**1000


def _is_int(value: Any) -> TypeGuard[int]:
    return type(value) is int and abs(value) < 2**63


def _text(value: Any, most: int) -> str:
    return value[:most] if isinstance(value, str) else ""
