"""An agent's conf file: options declared with default and range, read strictly.

A missing file is fine (all defaults); an unknown section or key, or a value
out of range, is fatal: a typo must not silently leave a default in force.
"""

from __future__ import annotations

import configparser
from typing import Any, Dict, List, NamedTuple, Sequence, Tuple, Union

Default = Union[bool, int, float, str, Tuple[str, ...]]


class ConfError(Exception):
    """The file can't be used; the text says where and why, for people."""


class Option(NamedTuple):
    """One key. Its type is the default's: bool, int, float, str, or a tuple of words."""

    name: str
    default: Default
    help: str
    low: float = 0.0
    high: float = float("inf")


class Conf:
    """The options' values as attributes."""

    def __init__(self, values: Dict[str, Any]) -> None:
        self.__dict__.update(values)

    def __getattr__(self, name: str) -> Any:
        raise AttributeError("no option is called %s" % name)


def defaults(options: Sequence[Option], **given: Any) -> Conf:
    """All defaults, except for those given."""
    values = {option.name: option.default for option in options}
    unknown = set(given) - set(values)
    if unknown:
        raise ConfError("unknown option: %s" % ", ".join(sorted(unknown)))
    values.update(given)
    return Conf(values)


def read(path: str, section: str, options: Sequence[Option]) -> Conf:
    """The conf file's options over their defaults. Raises ConfError."""
    try:
        with open(path, encoding="utf-8") as file:
            text = file.read(65536)
    except FileNotFoundError:
        return defaults(options)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfError("%s can't be read: %s" % (path, error)) from None
    return defaults(options, **_values(path, section, options, text))


def _values(path: str, section: str, options: Sequence[Option], text: str) -> Dict[str, Any]:
    parser = configparser.ConfigParser(
        interpolation=None, delimiters=("=",), comment_prefixes=("#",), default_section="\0"
    )
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    try:
        parser.read_string(text, source=path)
    except configparser.Error as error:
        raise ConfError(" ".join(str(error).split())) from None
    strangers = [name for name in parser.sections() if name != section]
    if strangers:
        raise ConfError("%s: unknown section [%s]; there is [%s]" % (path, strangers[0], section))
    by_name = {option.name: option for option in options}
    values = {}
    for key, word in parser.items(section) if parser.has_section(section) else ():
        if key not in by_name:
            known = ", ".join(sorted(by_name))
            raise ConfError("%s: unknown key %s; there are: %s" % (path, key, known))
        values[key] = _value(path, by_name[key], word.strip())
    return values


def _value(path: str, option: Option, word: str) -> Any:
    if isinstance(option.default, bool):
        if word.lower() not in ("yes", "no", "true", "false", "on", "off"):
            raise ConfError("%s: %s is yes or no, not %s" % (path, option.name, word))
        return word.lower() in ("yes", "true", "on")
    if isinstance(option.default, tuple):
        return tuple(word.split())
    if isinstance(option.default, str):
        return word
    try:
        number = type(option.default)(word)
    except ValueError:
        raise ConfError("%s: %s is a number, not %s" % (path, option.name, word)) from None
    if not option.low <= number <= option.high:
        limits = "from %g to %g" % (option.low, option.high)
        raise ConfError("%s: %s is %s, not %s" % (path, option.name, limits, word))
    return number


def template(section: str, options: Sequence[Option], head: str) -> str:
    """A conf file that sets nothing: every option, its help and its default as comments."""
    lines: List[str] = ["# " + line for line in head.strip().splitlines()]
    lines += ["", "[%s]" % section]
    for option in options:
        lines += ["", "# " + option.help, "# %s = %s" % (option.name, _word(option.default))]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _word(default: Default) -> str:
    if isinstance(default, bool):
        return "yes" if default else "no"
    if isinstance(default, tuple):
        return " ".join(default)
    return str(default)
