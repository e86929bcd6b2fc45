"""Reading of single values of a TOML table: the type, and what is missing, in words."""

from __future__ import annotations

from typing import Any


class Fault(Exception):
    """A reason without its place."""


def known(table: Any, keys: set[str]) -> None:
    """Fault for a key that is none of `keys`."""
    if not isinstance(table, dict):
        raise Fault("it must be a table")
    for key in table:
        if key not in keys:
            raise Fault(f"unknown key {key!r} (known: {', '.join(sorted(keys))})")


def string(table: dict[str, Any], key: str, default: str | None = None) -> str:
    """A text with its blanks made one; Fault where it is missing and has no default."""
    value = table.get(key, default)
    if value is None:
        raise Fault(f"{key} is missing")
    if not isinstance(value, str) or (default is None and not value.strip()):
        raise Fault(f"{key} must be a text")
    return " ".join(value.split())


def strings(table: dict[str, Any], key: str) -> tuple[str, ...]:
    """A list of texts, () where it is missing."""
    value = table.get(key, [])
    if not isinstance(value, list) or not all(isinstance(v, str) and v.strip() for v in value):
        raise Fault(f"{key} must be a list of texts")
    return tuple(value)


def flag(table: dict[str, Any], key: str, default: bool = False) -> bool:
    """True or false."""
    value = table.get(key, default)
    if not isinstance(value, bool):
        raise Fault(f"{key} must be true or false")
    return value


def one_of(
    table: dict[str, Any], key: str, allowed: tuple[str, ...], default: str | None = None
) -> str:
    """A text that must be one of `allowed`."""
    value = string(table, key, default)
    if value not in allowed:
        raise Fault(f"{key} {value!r} must be one of {', '.join(a for a in allowed if a)}")
    return value


def tables(table: dict[str, Any], key: str) -> list[dict[str, Any]]:
    """What stands under [[key]]."""
    value = table.get(key, [])
    if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
        raise Fault(f"{key} must be written as [[{key}]]")
    return value
