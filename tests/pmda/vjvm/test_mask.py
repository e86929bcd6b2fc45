"""Main class and arguments: what is shown, and what must not be."""

from __future__ import annotations

import j_mask
import pytest
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("-Xmx1g -Dname=x", "-Xmx1g -Dname=x"),
        ("-Ddb.password=geheim -Xmx1g", "-Ddb.password=*** -Xmx1g"),
        ("-DPASSWD=geheim", "-DPASSWD=***"),
        ("-Dmy.secret.value=geheim", "-Dmy.secret.value=***"),
        ("-Djavax.net.ssl.keyStorePassword=geheim", "-Djavax.net.ssl.keyStorePassword=***"),
        ("-Dapi_key=geheim -Dapi-key=geheim", "-Dapi_key=*** -Dapi-key=***"),
        ("-DAUTH_TOKEN=geheim", "-DAUTH_TOKEN=***"),
        ("--password geheim --port 80", "--password *** --port 80"),
        ("--token=geheim --port 80", "--token=*** --port 80"),
        ("-Dpassword=two geheime words -Xmx1g", "-Dpassword=*** -Xmx1g"),
        (
            "jdbc:mysql://h/db?user=a&password=geheim&x=1",
            "jdbc:mysql://h/db?user=a&password=***&x=1",
        ),
        ("http://duke:geheim@host/x", "http://***@host/x"),
        ("--header Authorization: Bearer geheim", "--header Authorization:***"),
        ("--header X: bearer geheim -v", "--header X: bearer *** -v"),
        ("AKIAABCDEFGHIJKLMNOP", "***"),
        ('{"password":"geheim"}', '{"password":***'),
        ("-Dx=user=a,password=geheim", "-Dx=user=a,password=***"),
        ("-Dpassenger=x -Dauthor=x", "-Dpassenger=x -Dauthor=x"),
        ("", ""),
    ],
)
def test_secrets_are_masked(text: str, shown: str) -> None:
    masked = j_mask.masked(text)
    assert "geheim" not in masked
    assert masked == shown


@given(
    st.sampled_from(["-Dpassword=", "--secret=", "-Dx.token=", "--api-key "]),
    st.from_regex(r"[A-Za-z0-9]{8,20}", fullmatch=True),
)
def test_a_value_after_a_secret_s_name_never_shows(option: str, value: str) -> None:
    assert value not in j_mask.masked(f"-Xmx1g {option}{value} -Xms1g")


@pytest.mark.parametrize(
    ("command", "main", "arguments", "short"),
    [
        ("Load 3000", "Load", "3000", "Load"),
        (
            "org.apache.catalina.startup.Bootstrap start",
            "org.apache.catalina.startup.Bootstrap",
            "start",
            "Bootstrap",
        ),
        ("/opt/my app/x-1.2.jar --port 1", "/opt/my app/x-1.2.jar", "--port 1", "x-1.2.jar"),
        ("app.jar", "app.jar", "", "app.jar"),
        ("app.war a.jar", "app.war", "a.jar", "app.war"),
        (
            "jdk.compiler/com.sun.tools.javac.launcher.Main X.java",
            "jdk.compiler/com.sun.tools.javac.launcher.Main",
            "X.java",
            "Main",
        ),
        ("Outer$Inner x", "Outer$Inner", "x", "Outer$Inner"),
        ("a.B<script> x", "a.B<script>", "x", "B_script_"),
        ("", "", "", "java"),
    ],
)
def test_main_class_or_jar(command: str, main: str, arguments: str, short: str) -> None:
    assert j_mask.split_command(command) == (main, arguments)
    assert j_mask.short(main) == short


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        (["java", "-Xmx1g", "-cp", "a:b", "x.Main", "1", "2"], ("x.Main", "-Xmx1g -cp a:b", "1 2")),
        (
            ["java", "-XX:-UsePerfData", "-jar", "/a/b.jar", "-v"],
            ("/a/b.jar", "-XX:-UsePerfData", "-v"),
        ),
        (["java", "--module-path", "p", "-m", "m/c.D"], ("m/c.D", "--module-path p", "")),
        (["java", "@args", "Main"], ("Main", "@args", "")),
        (["java", "-jar"], ("", "", "")),
        (["java"], ("", "", "")),
        ([], ("", "", "")),
    ],
)
def test_a_command_line_s_parts(words: list[str], parts: tuple[str, str, str]) -> None:
    assert j_mask.split_arguments(words) == parts
