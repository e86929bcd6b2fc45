"""What viewers watch: wishes, channels, and the metrics that a host is asked for.

Only names, texts and sets belong here: which metrics a wish needs is the
catalog's, who watches is `live`'s.
"""

from __future__ import annotations

import fnmatch
import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote_to_bytes

from vectorpy.errors import UserError
from vectorpy.model import hostspec

MAX_OPTIONS = 16
MAX_VALUE = 1000
MAX_INTERVAL = 60
# Ids have no dot; other names of widgets may: kernel.all.load.
_ID = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_KEY = re.compile(r"[a-z][a-z0-9_-]{0,31}")
_DURATION = re.compile(r"([1-9][0-9]{0,5})([smh]?)", re.ASCII)
_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600}
# What JavaScript's encodeURIComponent leaves as it is, besides letters and digits.
_SAFE = "-_.!~*'()"


@dataclass(frozen=True, order=True, init=False)
class Wish:
    """A widget id with options; `options` are sorted pairs of key and value."""

    id: str
    options: tuple[tuple[str, str], ...]

    def __init__(self, id: str, options: Mapping[str, str] | Iterable[tuple[str, str]] = ()):
        pairs = list(options.items() if isinstance(options, Mapping) else options)
        if not _ID.fullmatch(id):
            raise UserError(f"{id[:80]!r} can't be the id of a widget.")
        if len(pairs) > MAX_OPTIONS:
            raise UserError(f"The widget {id} has more than {MAX_OPTIONS} options.")
        for key, value in pairs:
            if not _KEY.fullmatch(key):
                raise UserError(f"{key[:80]!r} can't be an option of the widget {id}.")
            if len(value) > MAX_VALUE or not value.isprintable():
                raise UserError(f"The option {key} of the widget {id} is too long or unprintable.")
        if len({key for key, _ in pairs}) < len(pairs):
            raise UserError(f"The widget {id} has the same option twice.")
        object.__setattr__(self, "id", id)
        object.__setattr__(self, "options", tuple(sorted(pairs)))

    @classmethod
    def parse(cls, text: str) -> Wish:
        """The wish that `disk-latency;instances=sd*` means; UserError where it is none."""
        id, *parts = text.split(";")
        return cls(id, [_option(part, id) for part in parts])

    @property
    def text(self) -> str:
        """Canonical text, as in the URL's `w=`: options sorted, values percent-encoded."""
        return ";".join([self.id, *(f"{key}={quote(v, safe=_SAFE)}" for key, v in self.options)])

    def get(self, key: str, default: str = "") -> str:
        """Value of an option, `default` where it was not given."""
        return dict(self.options).get(key, default)


def _option(part: str, id: str) -> tuple[str, str]:
    key, equals, value = part.partition("=")
    if not equals:
        raise UserError(f"The option {part[:80]!r} of the widget {id[:80]} has no value.")
    try:
        return key, unquote_to_bytes(value).decode("utf-8")
    except UnicodeDecodeError as error:
        raise UserError(f"The option {key[:80]} of the widget {id[:80]} is no UTF-8.") from error


@dataclass(frozen=True, init=False)
class ChannelSpec:
    """What one channel carries: a host's wishes at an interval of whole seconds.

    `host` is a canonical host id, `wishes` are sorted and without doubles, so
    that equal wishes give equal channels (docs/wire.md 4).
    """

    host: str
    interval: int
    wishes: tuple[Wish, ...]

    def __init__(self, host: str, interval: int, wishes: Iterable[Wish]):
        if type(interval) is not int or not 1 <= interval <= MAX_INTERVAL:
            raise UserError(f"An interval is 1 to {MAX_INTERVAL} whole seconds, not {interval!r}.")
        object.__setattr__(self, "host", hostspec.parse(host).id)
        object.__setattr__(self, "interval", interval)
        object.__setattr__(self, "wishes", tuple(sorted(set(wishes), key=lambda w: w.text)))

    def to_json(self) -> dict[str, Any]:
        """Plain data that travels, and that the key is a hash of."""
        wishes = [wish.text for wish in self.wishes]
        return {"host": self.host, "interval": self.interval, "wishes": wishes}

    @classmethod
    def from_json(cls, data: Any) -> ChannelSpec:
        """The channel that plain data means; UserError (BadHost) where it means none."""
        if not isinstance(data, dict):
            raise UserError("A channel is an object with host, interval and wishes.")
        host, wishes = data.get("host"), data.get("wishes")
        if not isinstance(host, str):
            raise UserError("A channel needs a host.")
        if not isinstance(wishes, list) or not all(isinstance(wish, str) for wish in wishes):
            raise UserError("The wishes of a channel are a list of texts.")
        return cls(host, data.get("interval", 1), [Wish.parse(wish) for wish in wishes])

    @property
    def key(self) -> str:
        """Name of the channel: 16 hex digits of the SHA-256 of its canonical JSON."""
        text = json.dumps(self.to_json(), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode("ascii")).hexdigest()[:16]


def union(sets: Iterable[Iterable[str]]) -> tuple[str, ...]:
    """All metrics of several sets, sorted and without doubles."""
    return tuple(sorted(set().union(*sets)))


class Watch:
    """Which metrics a host is asked for: those of its channels, and the recorded ones.

    Recorded metrics are polled only while somebody watches.
    """

    def __init__(self, recorded: Iterable[str] = ()) -> None:
        self._recorded = frozenset(recorded)
        self._channels: dict[str, frozenset[str]] = {}
        self._polled: tuple[str, ...] = ()

    def join(self, key: str, metrics: Iterable[str]) -> None:
        """The channel `key` needs these metrics (from now on, whatever it needed before)."""
        self._channels[key] = frozenset(metrics)
        self._polled = union([self._recorded, *self._channels.values()])

    def leave(self, key: str) -> None:
        """The channel needs nothing any more; unknown keys are let pass."""
        self._channels.pop(key, None)
        self._polled = union([self._recorded, *self._channels.values()]) if self._channels else ()

    def polled(self) -> tuple[str, ...]:
        """Metrics to ask for, sorted; none when all have left."""
        return self._polled


class InstanceFilter:
    """Which instances a widget shows: `sd*,!sda`, or `re:` and a regular expression.

    Globs are separated by commas; `!` leaves out; where only such stand, all
    others stay. Matching is of the whole name and tells case apart. Regular
    expressions are kept simple, as nobody may stop a sampler by a slow one.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self._known: dict[str, bool] = {}
        if text.startswith("re:"):
            self._test = _regex(text[3:])
        else:
            self._test = _globs([part.strip() for part in text.split(",") if part.strip()])

    def __call__(self, instance: str) -> bool:
        known = self._known.get(instance)
        if known is None:
            if len(self._known) > 10_000:
                self._known.clear()
            known = self._known[instance] = self._test(instance)
        return known


def _globs(parts: list[str]) -> Callable[[str], bool]:
    wanted = [re.compile(fnmatch.translate(p)) for p in parts if not p.startswith("!")]
    unwanted = [re.compile(fnmatch.translate(p[1:])) for p in parts if p.startswith("!")]

    def test(name: str) -> bool:
        if any(pattern.match(name) for pattern in unwanted):
            return False
        return not wanted or any(pattern.match(name) for pattern in wanted)

    return test


# Backtracking is what makes an expression slow, so what multiplies it is counted: a repetition
# may try each of 256 characters (2^8), an option or alternative two ways (2^1). Repeated groups,
# look-around and back-references are refused.
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_SLOW = re.compile(r"\)[*+?{]|\(\?")
_MOST_BITS = 18


def _regex(text: str) -> Callable[[str], bool]:
    bare = _ESCAPE.sub("_", text)
    bits = 8 * sum(map(bare.count, "*+{")) + bare.count("?") + bare.count("|")
    referring = any(char.isdigit() for char in _ESCAPE.findall(text))
    if len(text) > 200 or bits > _MOST_BITS or referring or _SLOW.search(bare):
        raise UserError(
            f"The filter {text[:80]!r} is too complex.",
            hint="Use at most two of * + {, and repeat no group; or use globs such as sd*,nvme*.",
        )
    try:
        pattern = re.compile(text)
    except (re.error, OverflowError, RecursionError) as error:
        raise UserError(f"The filter {text!r} is no regular expression: {error}.") from error
    return lambda name: pattern.fullmatch(name[:256]) is not None


def duration(text: str) -> int:
    """Seconds of `90s`, `5m`, `1h` or plain `90`; UserError on anything else."""
    found = _DURATION.fullmatch(text)
    if not found:
        raise UserError(f"{text[:80]!r} is no duration; write 90s, 5m or 1h.")
    return int(found[1]) * _SECONDS[found[2]]
