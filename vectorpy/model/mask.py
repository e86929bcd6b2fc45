"""Command lines without what may be a secret; pure. When in doubt, too much is masked.

What is masked, by `masked` (docs/security.md lists it for people):

- values of options and settings whose name tells of a secret: `--password=x`,
  `--token x`, `SECRET=x`, `-Ddb.password=x`, `"api_key": "x"`
- passwords in addresses: `http://user:x@host`, `?token=x`
- what follows `Bearer` and `Basic`, and `pass:x` of openssl
- short options of programs that are known to take a password by them: `mysql -px`,
  `sshpass -p x`, `curl -u user:x`, `redis-cli -a x` and others (`_SHORT`)
- texts that are keys by their look: AWS's, GitHub's, Slack's, JSON web tokens, and
  long hexadecimal or base64 words after a word such as key, hash or signature

The agent vjvm has rules of its own for JVMs (pmda/vjvm/j_mask.py): agents can't
import vectorpy. A test holds the two to the same answers.
"""

from __future__ import annotations

import re
from functools import lru_cache

MASK = "***"
# A command line of PCP's is at most some kilobytes long; what is longer is cut off.
MOST = 4096

_SECRET = (
    r"(?:passw(?:or)?d|passwd|pwd|passphrase|passcode|pass(?![a-z])|secret|token|credential"
    r"|api[._-]?key|private[._-]?key|access[._-]?key|secret[._-]?key|signing[._-]?key"
    r"|encryption[._-]?key|license[._-]?key|auth(?![a-z])|authorization|storepass|keypass"
    r"|cookie|session[._-]?id|sas(?![a-z]))"
)
_NAMED = re.compile(rf"(?i)([\w.$-]*{_SECRET}[\w.$-]*\"?[=:]).*")
_INNER = re.compile(rf"(?i)({_SECRET}[\w.$\"'-]*\s*[=:]\s*)[^&;,\s]+")
_FLAG = re.compile(rf"(?i)--?[\w.-]*{_SECRET}[\w.-]*\Z")
_LOGIN = re.compile(r"(://)[^/@\s]+@")
_BEARER = re.compile(r"(?i)\b(bearer|basic)\s+\S+")
_OPENSSL = re.compile(r"\bpass:\S+")
_LOOKS = re.compile(
    r"\bA[KS]IA[0-9A-Z]{16}\b|\bgh[pousr]_\w{20,}|\bgithub_pat_\w{20,}|\bglpat-[\w-]{16,}"
    r"|\bxox[abeprs]-[\w-]{10,}|\beyJ[\w-]{8,}\.[\w-]+\.[\w-]*|\bsk-[\w-]{20,}"
)
_KEYISH = re.compile(
    r"(?i)((?:\b|[_-])(?:key|keys|hash|hmac|digest|signature|seed|salt|nonce|pin|otp)"
    r"[\"']?(?:\s+|\s*[=:]\s*))[A-Za-z0-9+/_-]{20,}={0,2}"
)
# Programs (their last path element) and the short options by which they take a password,
# attached or as the next word.
_SHORT = {
    **dict.fromkeys(("mongo", "mongosh", "mongodump", "mongorestore"), ("-p",)),
    **dict.fromkeys(("sshpass", "zip", "unzip", "7z", "7za"), ("-p", "-P")),
    **dict.fromkeys(("curl", "smbclient", "rpcclient", "net"), ("-u", "-U")),
    **dict.fromkeys(("redis-cli", "redis-benchmark"), ("-a",)),
    **dict.fromkeys(("ldapsearch", "ldapadd", "ldapmodify", "ldapdelete", "ldapwhoami"), ("-w",)),
    **dict.fromkeys(("snmpget", "snmpwalk", "snmpbulkwalk", "snmpset"), ("-A", "-X", "-c")),
    **dict.fromkeys(("sqlcmd", "bcp", "isql", "tsql", "mosquitto_pub", "mosquitto_sub"), ("-P",)),
    **dict.fromkeys(("ipmitool", "ncftp", "lftp", "kinit", "xfreerdp"), ("-P", "-p", "-u")),
}
# `mysql -p` alone asks for the password, and the next word is the database: attached only.
_ATTACHED = re.compile(r"(?:mysql|mariadb|mytop|myisam|innotop)")
_LOGINS = frozenset({"docker", "podman", "helm", "oras", "buildah", "skopeo", "az", "npm"})


@lru_cache(maxsize=8192)
def masked(text: str) -> str:
    """`text`, a command line, with what looks secret replaced by `***`.

    The words of one value can't be told from the next argument: after a
    secret's name all is masked up to the next word that begins with a dash.
    """
    words: list[str] = []
    hiding = False
    for word in _without_short_options(text[:MOST].split()):
        if hiding and not word.startswith("-"):
            continue
        hiding = False
        named = _NAMED.search(word)
        if named and not _is_query(word):
            word, hiding = word[: named.end(1)] + MASK, True
        elif _FLAG.match(word):
            word, hiding = f"{word} {MASK}", True
        words.append(word)
    return _looks(_inside(_BEARER.sub(rf"\1 {MASK}", " ".join(words))))


def _without_short_options(words: list[str]) -> list[str]:
    """The words, with passwords masked that known programs take by short options."""
    for place, word in enumerate(words):
        program = word.rsplit("/", 1)[-1]
        if _ATTACHED.match(program):
            rest = [re.sub(r"\A-p.+", f"-p{MASK}", one) for one in words[place + 1 :]]
            return [*words[: place + 1], *rest]
        login = program in _LOGINS and "login" in words
        flags = ("-p",) if login else _SHORT.get(program, ())
        if flags:
            return [*words[: place + 1], *_flagged(words[place + 1 :], flags)]
    return words


def _flagged(words: list[str], flags: tuple[str, ...]) -> list[str]:
    found: list[str] = []
    follows = False
    for word in words:
        flag = next((flag for flag in flags if word.startswith(flag)), "")
        if follows:
            found.append(MASK)
        elif flag and not word.startswith("--") and word != flag:
            found.append(flag + MASK)
        else:
            found.append(word)
        follows = bool(flag) and word == flag and not follows
    return found


def _is_query(word: str) -> bool:
    """Of several values in one word (an address, a list) each is masked for itself."""
    return bool(re.search(r"[&;,]", word)) and "://" in word


def _inside(text: str) -> str:
    return _INNER.sub(rf"\1{MASK}", _LOGIN.sub(rf"\1{MASK}@", text))


def _looks(text: str) -> str:
    text = _OPENSSL.sub(f"pass:{MASK}", _LOOKS.sub(MASK, text))
    return _KEYISH.sub(rf"\1{MASK}", text)
