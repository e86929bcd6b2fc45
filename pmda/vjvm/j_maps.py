"""Map files: which attribute of which MBeans is which metric.

A map is strict: what is not understood is an error, with file and section. Its
cluster and the items of its metrics are identities for ever, as in `vtable`.

    [map]
    cluster = 100
    help = what these metrics are about
    [requests.count]                                  -> vjvm.mbean.MAP.requests.count
    item = 0
    mbean = Catalina:type=GlobalRequestProcessor,name=*
    attribute = requestCount                          (Composite.part for composite data)
    key = name                                        property that names the instance
    type = U64
    semantics = counter
    units = count
    help = requests served
"""

from __future__ import annotations

import configparser
import functools
import glob
import os
from typing import Dict, List, NamedTuple, Sequence, Tuple

import j_objects
import vtable

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "maps")
# The clusters below are the agent's own; from FREE on they are for maps of others.
FIRST, FREE, LAST = 32, 100, 4000
MOST_METRICS = 500
BEAN = vtable.Indom(5, "mbean", "MBeans that a map names, as jvm::bean or address::bean", 2000)
_HEAD = ("cluster", "help")
_KEYS = ("item", "mbean", "attribute", "key", "type", "semantics", "units", "help")


class MapError(Exception):
    """A map file can't be used; the text says where and why, for people."""


class Rule(NamedTuple):
    """One metric: which beans, which attribute (and which part of it), what names an instance."""

    metric: str  # as in the table: "mbean.tomcat.requests.count"
    pattern: j_objects.Pattern
    attribute: str
    part: str
    keys: Tuple[str, ...]
    type: str
    counter: bool = False


class Map(NamedTuple):
    name: str
    rules: Tuple[Rule, ...]
    metrics: Tuple[vtable.Metric, ...]


def read(path: str) -> Map:
    """One map file. Raises MapError."""
    name = os.path.basename(path)[: -len(".map")]
    parser = configparser.ConfigParser(
        interpolation=None, delimiters=("=",), comment_prefixes=("#",), default_section="\0"
    )
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    try:
        with open(path, encoding="utf-8") as file:
            parser.read_string(file.read(1 << 20), source=path)
        return _map(name, parser)
    except (OSError, UnicodeDecodeError, configparser.Error) as error:
        raise MapError("%s: %s" % (path, " ".join(str(error).split()))) from None
    except ValueError as error:
        raise MapError("%s: %s" % (path, error)) from None


def _map(name: str, parser: configparser.ConfigParser) -> Map:
    if not name.isidentifier() or not name.islower():
        raise ValueError("a map's name is lower-case letters and digits")
    if not parser.has_section("map"):
        raise ValueError("there is no section [map]")
    head = _fields(parser, "map", _HEAD)
    cluster = int(head["cluster"])
    if not FIRST <= cluster <= LAST:
        raise ValueError("cluster is from %d to %d (yours from %d)" % (FIRST, LAST, FREE))
    rules: List[Rule] = []
    metrics: List[vtable.Metric] = []
    sections = [section for section in parser.sections() if section != "map"]
    if len(sections) > MOST_METRICS:
        raise ValueError("more than %d metrics" % MOST_METRICS)
    for section in sections:
        try:
            fields = _fields(parser, section, _KEYS, ("key",))
            rules.append(_rule("mbean.%s.%s" % (name, section), fields))
            metrics += _metric("mbean." + name, cluster, section, fields, head["help"])
        except ValueError as error:
            raise ValueError("[%s]: %s" % (section, error)) from None
    return Map(name, tuple(rules), tuple(metrics))


def _fields(
    parser: configparser.ConfigParser, section: str, known: Sequence[str], free: Sequence[str] = ()
) -> Dict[str, str]:
    fields = {key: " ".join(word.split()) for key, word in parser.items(section)}
    for key in fields:
        if key not in known:
            raise ValueError("unknown key %s; there are: %s" % (key, ", ".join(known)))
    for key in known:
        if key not in free and not fields.get(key):
            raise ValueError("%s is missing" % key)
    return fields


def _rule(metric: str, fields: Dict[str, str]) -> Rule:
    attribute, _, part = fields["attribute"].partition(".")
    keys = tuple(fields.get("key", "").split())
    pattern = j_objects.pattern(fields["mbean"])
    missing = [key for key in keys if key not in pattern.properties and not pattern.more]
    if missing:
        raise ValueError("the pattern has no property %s" % missing[0])
    if fields["type"] not in (vtable.U32, vtable.U64, vtable.I64, vtable.DOUBLE):
        raise ValueError("type is U32, U64, 64 or DOUBLE, not %s" % fields["type"])
    counter = fields.get("semantics") == vtable.COUNTER
    return Rule(metric, pattern, attribute, part, keys, fields["type"], counter)


def _metric(
    prefix: str, cluster: int, name: str, fields: Dict[str, str], text: str
) -> Tuple[vtable.Metric, ...]:
    row = (
        int(fields["item"]),
        name,
        fields["type"],
        fields["semantics"],
        fields["units"],
        fields["help"],
    )
    long = "%s\nMBean %s, attribute %s." % (text, fields["mbean"], fields["attribute"])
    made = vtable.group(cluster, prefix, BEAN, long, (row,))
    fault = vtable._fault(made[0])
    if fault:
        raise ValueError(fault)
    return made


@functools.lru_cache(maxsize=None)
def shipped(folder: str = FOLDER) -> Tuple[Map, ...]:
    """All maps of a folder by name, those that the host's admin put there included."""
    return tuple(read(path) for path in sorted(glob.glob(os.path.join(folder, "*.map"))))


def metrics(maps: Sequence[Map]) -> Tuple[vtable.Metric, ...]:
    """The metrics of all maps for the agent's table."""
    return tuple(metric for each in maps for metric in each.metrics)
