"""Settings: where they come from, which are refused, and in which words."""

from __future__ import annotations

from pathlib import Path

import pytest

from vectorpy.errors import ConfigError
from vectorpy.settings import Settings, from_json, load, port_ranges, to_json


def test_the_later_wins_and_what_is_not_given_does_not_count(tmp_path: Path) -> None:
    file = tmp_path / "v.toml"
    file.write_text('port = 1\nhost = "10.0.0.1"\nallow_net = ["10.0.0.0/8"]\n')
    environ = {"VECTORPY_HOST": "10.0.0.2", "VECTORPY_CONFIG": "x", "HOME": "/"}
    found = load({"port": 3, "async_mode": None, "allow_net": ()}, environ, file)
    assert found == Settings(port=3, host="10.0.0.2", allow_net=("10.0.0.0/8",))


def test_texts_become_the_setting_s_type() -> None:
    environ = {
        "VECTORPY_METRICS_OPEN": "Yes",
        "VECTORPY_ALLOW_PORT": "80, 90-91 ,",
        "VECTORPY_READ_TIMEOUT": "0.5",
        "VECTORPY_MAX_HOSTS": "7",
    }
    wanted = Settings(metrics_open=True, allow_port=("80", "90-91"), read_timeout=0.5, max_hosts=7)
    assert load({}, environ) == wanted


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({"VECTORPY_PROT": "1"}, "VECTORPY_PROT, which is no setting"),
        ({"VECTORPY_PORT": "x"}, "port is 'x': it must be a whole number."),
        ({"VECTORPY_PORT": "65536"}, "ports run from 1 to 65535"),
        ({"VECTORPY_PORT": "-1"}, "must not be negative"),
        ({"VECTORPY_READ_TIMEOUT": "nan"}, "must have an end"),
        ({"VECTORPY_READ_TIMEOUT": "inf"}, "must have an end"),
        ({"VECTORPY_METRICS_OPEN": "perhaps"}, "it must be true or false."),
        ({"VECTORPY_ASYNC_MODE": "gevent"}, "eventlet or threading"),
        ({"VECTORPY_RING_SECONDS": "59"}, "60 to 3600"),
        ({"VECTORPY_ALLOW_NET": "10.0.0.0/33"}, "no network"),
        ({"VECTORPY_ALLOW_PORT": "9-5"}, "low to high"),
        ({"VECTORPY_PUBLIC_URL": "vectorpy.example"}, "like https://"),
        ({"VECTORPY_PUBLIC_URL": "https://"}, "like https://"),
        ({"VECTORPY_PUBLIC_URL": "http://[::1"}, "like https://"),
    ],
)
def test_wrong_values_are_refused_in_words(environ: dict[str, str], words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load({}, environ)
    assert words in str(caught.value)
    assert "invalid literal" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("prot = 5", "unknown key: prot"),
        ('port = "x"', "must be a whole number"),
        ("allow_net = 5", "must be a list"),
        ("port = ", "is no TOML"),
    ],
)
def test_wrong_files_are_refused_in_words(tmp_path: Path, text: str, words: str) -> None:
    file = tmp_path / "v.toml"
    file.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load({}, {}, file)
    assert words in str(caught.value)


def test_a_file_that_is_not_there_is_said_without_numbers(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="can't be read: No such file or directory"):
        load({}, {}, tmp_path / "absent.toml")


def test_what_is_handed_down_comes_back_the_same() -> None:
    made = Settings(port=9, allow_net=("10.0.0.0/8",), metrics_open=True)
    assert from_json(to_json(made)) == made
    for text in ("{", "[]", '{"prot": 1}'):
        with pytest.raises(ConfigError):
            from_json(text)


def test_port_ranges() -> None:
    assert port_ranges(("44321-44323", "80")) == ((44321, 44323), (80, 80))
    for text in ("0", "1-70000", "a", "5-1", "-3"):
        with pytest.raises(ConfigError):
            port_ranges((text,))
