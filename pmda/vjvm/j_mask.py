"""Who a JVM is: its main class or jar, and its arguments without what may be a secret.

Pure functions on command lines; when in doubt, too much is masked.
"""

from __future__ import annotations

import re
from typing import List, Sequence, Tuple

MASK = "***"
_SECRET = (
    r"(?:passw(?:or)?d|passwd|pwd|passphrase|passcode|pass(?![a-z])|secret|token|credential"
    r"|api[._-]?key|private[._-]?key|access[._-]?key|secret[._-]?key|signing[._-]?key"
    r"|license[._-]?key|auth(?![a-z])|authorization|storepass|keypass|sas(?![a-z]))"
)
_NAMED = re.compile(r"(?i)([\w.$-]*%s[\w.$-]*\"?[=:]).*" % _SECRET)
_INNER = re.compile(r"(?i)(%s[\w.$\"'-]*\s*[=:]\s*)[^&;,\s]+" % _SECRET)
_FLAG = re.compile(r"(?i)--?[\w.-]*%s[\w.-]*\Z" % _SECRET)
_LOGIN = re.compile(r"(://)[^/@\s]+@")
_BEARER = re.compile(r"(?i)\b(bearer|basic)\s+\S+")
_KEY_ID = re.compile(r"\bA[KS]IA[0-9A-Z]{16}\b")
_JAR = re.compile(r"(\S.*?\.[jw]ar)(?= |\Z)")

# Options of `java` that take the next word as their value.
_TAKES = frozenset(
    ("-cp", "-classpath", "--class-path", "-p", "--module-path", "--upgrade-module-path")
    + ("--add-modules", "--limit-modules", "--add-reads", "--add-exports", "--add-opens")
    + ("--patch-module", "--source", "--enable-native-access", "-d", "--describe-module")
)


def masked(text: str) -> str:
    """`text` with the values of options that look secret replaced by MASK.

    The words of one value can't be told from the next argument: after a
    secret's name all is masked up to the next word that begins with a dash.
    """
    words: List[str] = []
    hiding = False
    for word in text.split():
        if hiding and not word.startswith("-"):
            continue
        hiding = False
        named = _NAMED.search(word)
        if named and not _is_query(word):
            word, hiding = word[: named.end(1)] + MASK, True
        elif _FLAG.match(word):
            word, hiding = word + " " + MASK, True
        words.append(word)
    return _KEY_ID.sub(MASK, _inside(_BEARER.sub(r"\1 " + MASK, " ".join(words))))


def _is_query(word: str) -> bool:
    """Of several values in one word (an address, a list) each is masked for itself."""
    return bool(re.search(r"[&;,]", word)) and "://" in word


def _inside(text: str) -> str:
    return _INNER.sub(r"\1" + MASK, _LOGIN.sub(r"\1" + MASK + "@", text))


def split_command(command: str) -> Tuple[str, str]:
    """`sun.rt.javaCommand` as (main class or jar, its arguments)."""
    command = command.strip()
    if command.startswith(("/", "./", "../")) or ".jar" in command.split(" ", 1)[0]:
        jar = _JAR.match(command)
        if jar:
            return jar.group(1), command[jar.end() :].strip()
    main, _, arguments = command.partition(" ")
    return main, arguments.strip()


def split_arguments(words: Sequence[str]) -> Tuple[str, str, str]:
    """A command line of `java` as (main class or jar, the JVM's arguments, its own arguments)."""
    options: List[str] = []
    at = 1
    while at < len(words):
        word = words[at]
        if word in ("-jar", "-m", "--module"):
            at += 1
            break
        if not word.startswith(("-", "@")):
            break
        options.append(word)
        if word in _TAKES and at + 1 < len(words):
            options.append(words[at + 1])
            at += 1
        at += 1
    main = words[at] if at < len(words) else ""
    return main, " ".join(options), " ".join(words[at + 1 :])


def short(main: str, limit: int = 60) -> str:
    """The last part of a class's name or of a jar's path, without blanks; "java" for none."""
    name = main.rstrip("/")
    if name.endswith((".jar", ".war")):
        name = name.rsplit("/", 1)[-1]
    else:
        name = name.rsplit("/", 1)[-1].rsplit(".", 1)[-1]
    name = re.sub(r"[^\w.$+-]", "_", name, flags=re.ASCII)
    return name[:limit] or "java"
