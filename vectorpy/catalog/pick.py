"""Which instances a widget shows, and in which order.

Only text is judged here; ranking by activity needs numbers and is `live`'s.
"""

from __future__ import annotations

import re

from vectorpy.model.watch import InstanceFilter

_DIGITS = re.compile(r"(\d+)")


def instance_filter(text: str) -> InstanceFilter:
    """The filter that a person typed: globs (`sd*,!sda`) or `/regex/` (also `re:regex`).

    UserError where it can't be read or is a regular expression that could run for ever.
    """
    if len(text) > 2 and text.startswith("/") and text.endswith("/"):
        # A path such as /mnt/ is meant as a regular expression; names of mounts end in no slash.
        return InstanceFilter("re:" + text[1:-1])
    return InstanceFilter(text)


def natural(name: str) -> tuple[tuple[int, int, str], ...]:
    """Sort key that puts cpu2 before cpu10: numbers in a name count as numbers."""
    parts = (part for part in _DIGITS.split(name) if part)
    return tuple((0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts)
