"""Names of MBeans (ObjectName) and patterns of them. Pure.

A name is DOMAIN:PROPERTY=VALUE,...; a pattern has * and ? in domain and
values, and ",*" at its end for further properties.
"""

from __future__ import annotations

import fnmatch
import re
from typing import Dict, NamedTuple, Optional, Sequence, Tuple

MOST_BYTES = 2048
_PAIR = re.compile(r'([^,=:*?"\n]+)=("(?:\\.|[^"\\])*"|[^,=:"\n]*)(?:,|\Z)')


class Name(NamedTuple):
    domain: str
    properties: Dict[str, str]  # quoted values without their quotes

    def label(self, keys: Sequence[str]) -> str:
        """The instance's name by these properties; by the others' values if there are none."""
        words = [self.properties.get(key, "") for key in keys]
        return "/".join(word for word in words if word) or "all"


class Pattern(NamedTuple):
    text: str
    domain: str
    properties: Dict[str, str]
    more: bool  # names may have further properties

    @property
    def exact(self) -> bool:
        """It can fit one name only."""
        return not self.more and not re.search(r"[*?]", self.text)

    def matches(self, name: Name) -> bool:
        if not self.more and len(name.properties) != len(self.properties):
            return False
        if not fnmatch.fnmatchcase(name.domain, _shell(self.domain)):
            return False
        for key, value in self.properties.items():
            found = name.properties.get(key)
            if found is None or not fnmatch.fnmatchcase(found, _shell(value)):
                return False
        return True


def _shell(pattern: str) -> str:
    return pattern.replace("[", "[[]")


def _parse(text: str) -> Tuple[str, Dict[str, str], bool]:
    domain, colon, rest = text.partition(":")
    if not colon or len(text) > MOST_BYTES:
        raise ValueError("%.80r is no name of an MBean" % text)
    more = rest == "*" or rest.endswith(",*")
    if more:
        rest = rest[:-1].rstrip(",")
    properties: Dict[str, str] = {}
    at = 0
    while at < len(rest):
        pair = _PAIR.match(rest, at)
        if not pair:
            raise ValueError("%.80r is no name of an MBean" % text)
        properties[pair.group(1).strip()] = _unquoted(pair.group(2))
        at = pair.end()
    if not properties and not more:
        raise ValueError("%.80r is no name of an MBean" % text)
    return domain, properties, more


def _unquoted(value: str) -> str:
    if value.startswith('"'):
        return re.sub(r"\\(.)", r"\1", value[1:-1])
    return value


def pattern(text: str) -> Pattern:
    """Raises ValueError."""
    domain, properties, more = _parse(text)
    return Pattern(text, domain, properties, more)


def name(text: str) -> Optional[Name]:
    """None for what is no name."""
    try:
        domain, properties, more = _parse(text)
    except ValueError:
        return None
    return None if more else Name(domain, properties)
