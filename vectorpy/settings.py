"""All settings of vectorpy, in one frozen record.

Only the record, its defaults and its reading belong here: defaults < file
(TOML) < environment (VECTORPY_NAME) < flags. An unknown key is an error.
It is built once, in `cli`, and handed down; nobody else reads the environment.
"""

from __future__ import annotations

import dataclasses
import ipaddress
import json
import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from vectorpy.errors import ConfigError


def _setting(default: Any, text: str) -> Any:
    return field(default=default, metadata={"help": text})


@dataclass(frozen=True)
class Settings:
    """Every setting: its default and, in the metadata `help`, one sentence for people."""

    # Serving
    host: str = _setting("127.0.0.1", "Address that the page is served on.")
    port: int = _setting(8044, "Port that the page is served on; 0 takes a free one.")
    public_url: str = _setting("", "URL that browsers use, where it differs from host and port.")
    async_mode: str = _setting("eventlet", "Mode of the web process: eventlet or threading.")
    trusted_proxies: int = _setting(
        0, "Number of proxies whose X-Forwarded-* headers are believed."
    )
    embed_origins: tuple[str, ...] = _setting((), "Origins that may show /embed in a frame.")
    metrics_open: bool = _setting(False, "Answer /metrics to others than loopback.")

    # Folders
    state_dir: str = _setting("", "Folder for what must survive; empty takes the usual place.")
    runtime_dir: str = _setting("", "Folder for sockets; empty takes the usual place.")
    catalog_dir: str = _setting("", "Folder with widget and preset files of your own.")
    host_groups: str = _setting("", "File with groups of hosts: NAME = [HOST, ...], in TOML.")
    agents_conf: str = _setting(
        "/etc/vectorpy", "Folder whose NAME.conf the private collector's agents read for their own."
    )

    # Hosts that may be reached
    allow_net: tuple[str, ...] = _setting(
        (), "Networks (CIDR) of hosts allowed besides the defaults."
    )
    allow_port: tuple[str, ...] = _setting(("44321-44323",), "Ports of hosts allowed, N or N-M.")
    gate_probes: int = _setting(32, "Hosts not known to be up that are probed at the same time.")
    connect_timeout: float = _setting(1.0, "Seconds for a connection to a host.")
    read_timeout: float = _setting(1.0, "Seconds of silence allowed within an answer.")
    total_timeout: float = _setting(2.0, "Seconds for one whole answer of a host.")
    answer_bytes: int = _setting(2 * 1024 * 1024, "Largest answer of a host, in bytes.")
    polltimeout: float = _setting(30.0, "Seconds after which a host may forget our context.")
    backoff_max: float = _setting(60.0, "Longest pause between tries of a host, in seconds.")
    pmcd_socket: str = _setting("", "pmcd's unix socket of the host `local`; empty: no local host.")

    # Limits
    max_hosts: int = _setting(200, "Hosts sampled at the same time.")
    max_viewers: int = _setting(200, "Viewers connected at the same time.")
    viewers_per_ip: int = _setting(20, "Viewers from one address, loopback excepted.")
    dashboard_hosts: int = _setting(16, "Hosts on one dashboard.")
    dashboard_widgets: int = _setting(40, "Widgets on one dashboard.")
    tick_metrics: int = _setting(600, "Metrics of a host per tick.")
    fetch_values: int = _setting(10_000, "Values of a host per sample.")
    table_values: int = _setting(50_000, "Values of a host per sample for tables.")
    table_bytes: int = _setting(4 * 1024 * 1024, "Largest answer of a host to that, in bytes.")
    series_drawn: int = _setting(50, "Series of one widget that travel to the page.")
    spare_hosts: bool = _setting(
        True, "Ask less of a host that is short of CPU, or whose samples take a fifth of a period."
    )
    bursts: int = _setting(4, "Bursts (ten samples a second) at the same time; 0: none.")
    burst_seconds: int = _setting(60, "Longest burst, in seconds.")
    burst_metrics: int = _setting(50, "Metrics of a host in a burst.")
    burst_values: int = _setting(2000, "Values of a host per sample of a burst.")
    burst_bytes: int = _setting(64 * 1024 * 1024, "Memory for all bursts, in bytes.")
    burst_keep: int = _setting(600, "Seconds a burst is kept after its end.")
    inbound_rate: int = _setting(20, "Messages per second taken from one viewer.")
    inbound_bytes: int = _setting(64 * 1024, "Largest message taken from a viewer, in bytes.")
    new_hosts_rate: int = _setting(60, "New hosts tried per minute, all viewers together.")

    # History
    ring_seconds: int = _setting(600, "Seconds of history kept in memory per host (to 3600).")
    ring_bytes: int = _setting(256 * 1024 * 1024, "Memory for all history, in bytes.")
    linger_seconds: float = _setting(30.0, "Seconds a host is sampled on after its last viewer.")
    keep_seconds: float = _setting(900.0, "Seconds history is kept after a host's last viewer.")
    recorded: tuple[str, ...] = _setting(
        ("triage", "cpu", "memory", "disk", "network", "tcp", "runq", "io", "connections", "jvm"),
        "Presets whose metrics are sampled on every watched host, drawn or not.",
    )

    def __post_init__(self) -> None:
        _check(self)


def _check(settings: Settings) -> None:
    if settings.async_mode not in ("eventlet", "threading"):
        raise ConfigError(
            f"async_mode is {settings.async_mode!r}: it must be eventlet or threading."
        )
    for name, known in _FIELDS.items():
        value = getattr(settings, name)
        if isinstance(known.default, (int, float)) and not 0 <= value < math.inf:
            raise ConfigError(f"{name} is {value}: it must not be negative, and must have an end.")
    if settings.port > 65535:
        raise ConfigError(
            f"port is {settings.port}: ports run from 1 to 65535; 0 takes a free one."
        )
    if settings.public_url:
        _check_url(settings.public_url)
    if not 60 <= settings.ring_seconds <= 3600:
        raise ConfigError(f"ring_seconds is {settings.ring_seconds}: it must be 60 to 3600.")
    for net in settings.allow_net:
        try:
            ipaddress.ip_network(net)
        except ValueError as error:
            raise ConfigError(f"allow_net has {net!r}, which is no network: {error}.") from error
    port_ranges(settings.allow_port)


def _check_url(url: str) -> None:
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        good = False
    if not good:
        raise ConfigError(f"public_url is {url!r}: it must be like https://vectorpy.example.com.")


def port_ranges(texts: tuple[str, ...]) -> tuple[tuple[int, int], ...]:
    """`("44321-44323", "80")` as `((44321, 44323), (80, 80))`; ConfigError where it is no range."""
    ranges = []
    for text in texts:
        low, _, high = text.partition("-")
        try:
            pair = (int(low), int(high or low))
        except ValueError as error:
            raise ConfigError(f"allow_port has {text!r}: it must be N or N-M.") from error
        if not 1 <= pair[0] <= pair[1] <= 65535:
            raise ConfigError(f"allow_port has {text!r}: ports run from 1 to 65535, low to high.")
        ranges.append(pair)
    return tuple(ranges)


def load(
    flags: Mapping[str, Any], environ: Mapping[str, str], config: Path | None = None
) -> Settings:
    """Settings from defaults, the TOML file `config`, `environ` and `flags`, the later winning.

    Flags that are None or empty tuples count as not given. ConfigError on
    unknown keys and on values that can't be read.
    """
    values: dict[str, Any] = {}
    if config is not None:
        values.update(_from_file(config))
    values.update(_from_environ(environ))
    values.update({k: v for k, v in flags.items() if v is not None and v != ()})
    return Settings(**{name: _convert(name, value) for name, value in values.items()})


HANDED_DOWN = "VECTORPY_SETTINGS_JSON"
"""Environment variable in which a supervisor hands its children their settings."""

_FIELDS = {f.name: f for f in dataclasses.fields(Settings)}


def to_json(settings: Settings) -> str:
    """The settings as one line of JSON, for a child's environment; `from_json` reads it."""
    return json.dumps(dataclasses.asdict(settings), separators=(",", ":"))


def from_json(text: str) -> Settings:
    """Settings from `to_json`'s text; ConfigError where it can't be read or has unknown keys."""
    try:
        table = json.loads(text)
    except ValueError as error:
        raise ConfigError(f"The settings handed down can't be read: {error}.") from error
    if not isinstance(table, dict):
        raise ConfigError("The settings handed down are no JSON object.")
    return Settings(**{name: _convert(name, value) for name, value in table.items()})


def _from_file(path: Path) -> dict[str, Any]:
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"The settings file {path} can't be read: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"The settings file {path} is no TOML: {error}.") from error
    for key in table:
        if key not in _FIELDS:
            raise ConfigError(f"The settings file {path} has an unknown key: {key}.")
    return table


def _from_environ(environ: Mapping[str, str]) -> dict[str, str]:
    found = {}
    for key, value in environ.items():
        name = key.removeprefix("VECTORPY_").lower()
        if key.startswith("VECTORPY_") and key not in ("VECTORPY_CONFIG", HANDED_DOWN):
            if name not in _FIELDS:
                raise ConfigError(f"The environment has {key}, which is no setting of vectorpy.")
            found[name] = value
    return found


def _convert(name: str, value: Any) -> Any:
    """`value` in the type of the setting's default; text is split at commas for lists."""
    if name not in _FIELDS:
        raise ConfigError(f"{name} is no setting of vectorpy.")
    default: Any = _FIELDS[name].default
    try:
        if isinstance(default, bool):
            return _boolean(value)
        if isinstance(default, tuple):
            items = value.split(",") if isinstance(value, str) else value
            return tuple(str(item).strip() for item in items if str(item).strip())
        return type(default)(value)
    except (TypeError, ValueError) as error:
        kind = _KINDS[type(default)]
        raise ConfigError(f"The setting {name} is {value!r}: it must be {kind}.") from error


_KINDS = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "a text",
    tuple: "a list",
}


def _boolean(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if str(value).lower() in ("1", "true", "yes", "on"):
        return True
    if str(value).lower() in ("0", "false", "no", "off"):
        return False
    raise ValueError(value)
