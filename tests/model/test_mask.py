"""Command lines: what is shown, and what must not be."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vectorpy.model import mask

AGENT = Path(__file__).resolve().parents[2] / "pmda/vjvm/j_mask.py"
HEX = "0123456789abcdef0123456789abcdef"
# What both this and the agent's rules must say the same of.
COMMON = [
    ("nginx: worker process", "nginx: worker process"),
    ("java -Xmx1g -Dname=x", "java -Xmx1g -Dname=x"),
    ("app --password=geheim --port 80", "app --password=*** --port 80"),
    ("app --password geheim --port 80", "app --password *** --port 80"),
    ("app --token=geheim -v", "app --token=*** -v"),
    ("env SECRET=geheim app", "env SECRET=***"),
    ("env AUTH_TOKEN=geheim -i", "env AUTH_TOKEN=*** -i"),
    ("java -Ddb.password=two geheime words -Xmx1g", "java -Ddb.password=*** -Xmx1g"),
    ("app http://duke:geheim@host/x", "app http://***@host/x"),
    (
        "app jdbc:mysql://h/db?user=a&password=geheim&x=1",
        "app jdbc:mysql://h/db?user=a&password=***&x=1",
    ),
    ("app -H X: bearer geheim -v", "app -H X: bearer *** -v"),
    ("aws AKIAABCDEFGHIJKLMNOP", "aws ***"),
    ('app {"password":"geheim"}', 'app {"password":***'),
    ("app -Dpassenger=x -Dauthor=x", "app -Dpassenger=x -Dauthor=x"),
    ("", ""),
]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        *COMMON,
        ("/usr/bin/mysql -ugeorg -pgeheim shop", "/usr/bin/mysql -ugeorg -p*** shop"),
        ("mysqldump -p shop", "mysqldump -p shop"),
        ("sudo mariadb-dump -pgeheim shop", "sudo mariadb-dump -p*** shop"),
        ("sshpass -p geheim ssh host", "sshpass -p *** ssh host"),
        ("sshpass -pgeheim ssh host", "sshpass -p*** ssh host"),
        ("curl -s -u duke:geheim http://h/", "curl -s -u *** http://h/"),
        ("curl -uduke:geheim http://h/", "curl -u*** http://h/"),
        ("redis-cli -h host -a geheim info", "redis-cli -h host -a *** info"),
        ("ldapsearch -x -w geheim -b dc=x", "ldapsearch -x -w *** -b dc=x"),
        ("docker login -u a -p geheim reg", "docker login -u a -p *** reg"),
        ("docker run -p 80:80 image", "docker run -p 80:80 image"),
        ("openssl rsa -passin pass:geheim", "openssl rsa -passin pass:***"),
        (f"app --key {HEX}", "app --key ***"),
        (f"app hmac={HEX}", "app hmac=***"),
        (f"git checkout {HEX}", f"git checkout {HEX}"),
        ("app ghp_0123456789abcdefghij0123", "app ***"),
        ("app eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIx.c2ln", "app ***"),
        ("ssh -p 2222 host", "ssh -p 2222 host"),
        ("(kworker/0:1)", "(kworker/0:1)"),
    ],
)
def test_secrets_are_masked(text: str, shown: str) -> None:
    found = mask.masked(text)
    assert "geheim" not in found
    assert found == shown


@pytest.fixture(scope="module")
def agent() -> Any:
    spec = importlib.util.spec_from_file_location("j_mask_beside", AGENT)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(("text", "shown"), COMMON)
def test_the_agent_for_jvms_says_the_same(agent: Any, text: str, shown: str) -> None:
    assert agent.masked(text) == shown


VALUES = st.from_regex(r"[A-Za-z0-9]{8,20}", fullmatch=True).map(lambda text: f"q{text}q")
FORMS = st.sampled_from(
    [
        *("--password={}", "--secret {}", "-Dx.token={}", "--api-key {}", "PGPASSWORD={}"),
        *("postgres://u:{}@h/db", "http://h/?access_token={}&x=1", "Authorization: Bearer {}"),
        *("mysql -p{}", "sshpass -p {}", "curl -u x:{}", "redis-cli -a {}", "client_secret:{}"),
    ]
)


@given(FORMS, VALUES, st.sampled_from(["", "prog -v ", "sudo "]), st.sampled_from(["", " -x y"]))
def test_a_value_after_a_secret_s_name_never_shows(
    form: str, value: str, before: str, after: str
) -> None:
    assert value not in mask.masked(before + form.format(value) + after)


@given(FORMS, VALUES)
def test_both_hide_what_both_know(agent: Any, form: str, value: str) -> None:
    """Of the forms that are not of a known program."""
    text = form.format(value)
    if text.split()[0] in ("mysql", "sshpass", "curl", "redis-cli"):
        return
    assert value not in agent.masked(text)


@given(st.text(max_size=200))
def test_any_text_is_masked_without_fault_and_twice_is_once(text: str) -> None:
    once = mask.masked(text)
    assert mask.masked(once).replace(f" {mask.MASK}", "") == once.replace(f" {mask.MASK}", "")


def test_a_long_text_is_cut() -> None:
    assert len(mask.masked("x " * 10_000)) <= mask.MOST
