"""Which instances a widget shows, and in which order.

Only text is judged here; ranking by activity needs numbers and is `live`'s.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from fnmatch import translate

from vectorpy.errors import UserError
from vectorpy.model.watch import InstanceFilter

_DIGITS = re.compile(r"(\d+)")
# Each doubles the ways to match; matching can't be interrupted, and holds up all hosts.
_CHOICES = re.compile(r"[*+?{|]")
MAX_CHOICES = 6


def instance_filter(text: str) -> InstanceFilter:
    """The filter that a person typed: globs (`sd*,!sda`) or `/regex/` (also `re:regex`).

    UserError where it can't be read or is a regular expression that could run for ever.
    """
    if len(text) > 2 and text.startswith("/") and text.endswith("/"):
        # A path such as /mnt/ is meant as a regular expression; names of mounts end in no slash.
        text = "re:" + text[1:-1]
    if text.startswith("re:") and len(_CHOICES.findall(text)) > MAX_CHOICES:
        raise UserError(
            f"The filter {text[3:80]!r} is too complex.",
            hint=f"Use at most {MAX_CHOICES} of * + ? {{ |, or globs with commas: sd*,nvme*.",
        )
    return InstanceFilter(text)


def part_filter(text: str) -> Callable[[str], bool]:
    """Filter on what stands before "::" in a name: `1234`, `Main`, or globs such as `*kafka*`.

    Text without signs of a glob is looked for among the words of the name, so
    that a process is found by its number or by what it is called.
    """
    if re.search(r"[*?!,/\[]", text):
        test: Callable[[str], bool] = instance_filter(text)
    else:
        word = re.compile(rf"(?<![A-Za-z0-9]){re.escape(text)}(?![A-Za-z0-9])", re.IGNORECASE)
        test = lambda name: word.search(name) is not None  # noqa: E731
    return lambda name: test(name.partition("::")[0])


def text_filter(text: str) -> Callable[[Sequence[str]], bool]:
    """Filter on a row's texts: a glob that one of them is (`nginx*`), or words that they have.

    Upper and lower case are the same.
    """
    if re.search(r"[*?\[]", text):
        whole = re.compile(translate(text.strip()), re.IGNORECASE)
        return lambda texts: any(whole.match(one) for one in texts)
    words = text.lower().split()

    def has(texts: Sequence[str]) -> bool:
        all_of_it = "\n".join(texts).lower()
        return all(word in all_of_it for word in words)

    return has


def natural(name: str) -> tuple[tuple[int, int, str], ...]:
    """Sort key that puts cpu2 before cpu10: numbers in a name count as numbers."""
    parts = (part for part in _DIGITS.split(name) if part)
    return tuple((0, int(part[:300]), "") if part.isdecimal() else (1, 0, part) for part in parts)
