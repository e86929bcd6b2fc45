"""The command line: `up`, `serve`, `collector`, `check`, `agents`, `replay`, `widgets`, ...

Commands read flags, build things and call; what they do stands in the rooms
that they import, each inside its command, so that `--help` is quick. Errors
become sentences on stderr here, and exit code 1.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from vectorpy import __version__
from vectorpy.errors import VectorpyError
from vectorpy.settings import Settings, load

if TYPE_CHECKING:
    from vectorpy.agents.world import World
    from vectorpy.catalog.catalog import Catalog
    from vectorpy.collector.stack import Way

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

_COMMON: tuple[Decorator, ...] = (
    click.option("--config", type=click.Path(path_type=Path), help="Settings file (TOML)."),
    click.option(
        "--allow-net", multiple=True, metavar="CIDR", help="Network of hosts that may be reached."
    ),
    click.option(
        "--allow-port", multiple=True, metavar="N[-M]", help="Ports of hosts that may be reached."
    ),
)
_SERVING: tuple[Decorator, ...] = (
    click.option("--host", help="Address that the page is served on.  [default: 127.0.0.1]"),
    click.option("--port", type=int, help="Port of the page.  [default: 8044]"),
    click.option("--public-url", metavar="URL", help="URL that browsers use, where it differs."),
    click.option("--async-mode", type=click.Choice(["eventlet", "threading"])),
    *_COMMON,
)
_MARKS = {True: "ok  ", False: "FAIL", None: "note"}
_PCP_PORT = click.IntRange(1, 65535)


def _options(options: tuple[Decorator, ...]) -> Decorator:
    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate


class _Group(click.Group):
    """Turns our errors into a sentence and exit code 1."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except VectorpyError as error:
            click.echo(f"vectorpy: {error}", err=True)
            ctx.exit(1)


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="vectorpy")
def main() -> None:
    """Live, second-by-second dashboard for hosts that run Performance Co-Pilot."""


@main.command()
@_options(_SERVING)
@click.option("--web-api", is_flag=True, help="Serve PCP's web API on loopback too.")
@click.option("--pmcd-port", type=_PCP_PORT, default=44321, show_default=True)
@click.option("--web-port", type=_PCP_PORT, default=44322, show_default=True)
def up(web_api: bool, pmcd_port: int, web_port: int, **flags: Any) -> None:
    """Show this host: private collector, sampler and page.

    The ports of PCP are opened with --web-api only, on loopback. Prints
    "vectorpy is at URL" once the page and this host answer. Ctrl-C stops all.
    """
    from vectorpy.collector import stack

    settings = _settings(flags)
    stack.up(settings, _way(), web_api=(pmcd_port, web_port) if web_api else None)


@main.command()
@_options(_SERVING)
def serve(**flags: Any) -> None:
    """Serve the page for other hosts, without a collector of its own."""
    from vectorpy.collector import stack

    stack.serve(_settings(flags), _way())


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to serve on.")
@click.option("--port", type=_PCP_PORT, default=44321, show_default=True, help="Port of pmcd.")
@click.option(
    "--web-port", type=_PCP_PORT, default=44322, show_default=True, help="Port of PCP's web API."
)
def collector(host: str, port: int, web_port: int) -> None:
    """Run PCP in the foreground: pmcd, its agents and pmproxy.

    For containers and hosts without systemd. A system's own PCP is not touched.
    """
    from vectorpy.collector import stack

    stack.collect(_settings({}), _way(), host=host, port=port, web_port=web_port)


@main.command()
@click.argument("host")
@_options(_COMMON)
@click.option("--port", type=int, help="Port of the running vectorpy whose `local` is meant.")
def check(host: str, **flags: Any) -> None:
    """Say step by step what answers at HOST, what can be drawn, and what is missing.

    Exit code 1 when a step failed, else 0.
    """
    from vectorpy.collector.inspect import inspect

    good = True
    for step in inspect(host, _settings(flags), os.environ):
        click.echo(f"{_MARKS[step.ok]}  {step.name}: {step.text}")
        good = good and step.ok is not False
    sys.exit(0 if good else 1)


@main.group()
def agents() -> None:
    """Install, remove or look after our agents in this system's PCP.

    They are vkernel, vnet and vjvm; without a NAME all of them are meant.
    `vectorpy up` runs them by itself: this is for hosts that others look at.
    """


@agents.command("install")
@click.argument("names", nargs=-1, metavar="[NAME]...")
def agents_install(names: tuple[str, ...]) -> None:
    """Install or upgrade agents, as root, while pmcd runs.

    Exit code 1 when one of them failed, else 0.
    """
    from vectorpy.agents import command

    sys.exit(not command.install(names, _world(), click.echo, _complain))


@agents.command("remove")
@click.argument("names", nargs=-1, metavar="[NAME]...")
def agents_remove(names: tuple[str, ...]) -> None:
    """Remove agents, as root. Files that you edited stay in their folders.

    Exit code 1 when one of them failed, else 0.
    """
    from vectorpy.agents import command

    sys.exit(not command.remove(names, _world(), click.echo, _complain))


@agents.command("status")
@click.argument("names", nargs=-1, metavar="[NAME]...")
def agents_status(names: tuple[str, ...]) -> None:
    """Say of each agent whether it is installed, answers, and as whom it runs.

    Exit code 1 when one that is installed, or named, does not answer, else 0.
    """
    from vectorpy.agents import command

    sys.exit(not command.status(names, _world(), click.echo))


@main.command()
@click.argument("path", type=click.Path(exists=False))
@click.option(
    "--widget", metavar="ID", required=True, help="Widget to print, with options as in a URL."
)
@click.option("--format", "form", type=click.Choice(["csv", "json"]), default="csv")
@click.option("--from", "start", metavar="TIME", default="", help="First time to print.")
@click.option("--to", "end", metavar="TIME", default="", help="Last time to print.")
@click.option("--interval", metavar="LENGTH", help="Seconds between rows, or 5m.")
@click.option(
    "--timezone", type=click.Choice(["utc", "host", "local"]), default="utc", show_default=True
)
@_options(_COMMON[:1])
def replay(path: str, widget: str, form: str, start: str, end: str, **flags: Any) -> None:
    """Print a widget's numbers from a PCP archive.

    PATH is an archive (without its .meta or .0), or a folder with those of one
    host, as pmlogger keeps them; compressed ones too. A TIME is like
    2026-11-23T12:30:00Z, 12:30, +10m (after the archive's start) or -10m (before
    its end). Without --interval rows are those that were recorded.
    """
    from vectorpy.live import printout
    from vectorpy.model.watch import duration
    from vectorpy.sources.archive import Archive

    interval, zone = flags.pop("interval"), flags.pop("timezone")
    every = duration(interval) if interval else 0
    asked = printout.Asked(widget, form, start, end, every, zone)
    memory = _settings(dict(flags)).ring_bytes
    text = printout.printed(Archive(path), _catalog(flags), asked, memory, _complain)
    click.echo(text, nl=False)


@main.command()
@click.option("--json", "as_json", is_flag=True, help="As JSON, for programs.")
@_options(_COMMON[:1])
def widgets(as_json: bool, **flags: Any) -> None:
    """List the widgets."""
    found = _catalog(flags).widgets.values()
    if as_json:
        click.echo(json.dumps([_widget(widget) for widget in found], indent=2))
        return
    for widget in found:
        click.echo(f"{widget.id:<24} {widget.group:<12} {widget.unit:<6} {widget.title}")


@main.command()
@click.option("--json", "as_json", is_flag=True, help="As JSON, for programs.")
@_options(_COMMON[:1])
def presets(as_json: bool, **flags: Any) -> None:
    """List the presets: named sets of widgets."""
    found = _catalog(flags).presets.values()
    if as_json:
        rows = [
            {"id": p.id, "aliases": list(p.aliases), "title": p.title, "widgets": list(p.widgets)}
            for p in found
        ]
        click.echo(json.dumps(rows, indent=2))
        return
    for preset in found:
        click.echo(f"{preset.id:<12} {preset.title}: {', '.join(map(str, preset.widgets))}")


def _widget(widget: Any) -> dict[str, Any]:
    return {
        "id": widget.id,
        "aliases": list(widget.aliases),
        "title": widget.title,
        "group": widget.group,
        "kind": widget.kind,
        "unit": widget.unit,
        "metrics": sorted(widget.metrics),
    }


def _settings(flags: dict[str, Any]) -> Settings:
    config = flags.pop("config", None)
    if config is None and os.environ.get("VECTORPY_CONFIG"):
        config = Path(os.environ["VECTORPY_CONFIG"])
    return load(flags, os.environ, config)


def _catalog(flags: dict[str, Any]) -> Catalog:
    from vectorpy.catalog.loader import load as load_catalog

    folder = _settings(flags).catalog_dir
    catalog = load_catalog(Path(folder) if folder else None)
    for problem in catalog.problems:
        _complain(problem)
    return catalog


def _complain(text: str) -> None:
    click.echo(f"vectorpy: {text}", err=True)


def _world() -> World:
    """The system, and what to type to run this program again: sudo has another PATH."""
    from vectorpy.agents.world import World

    script = Path(sys.argv[0]).absolute()
    again = str(script) if script.name == "vectorpy" else f"{sys.executable} -m vectorpy.cli"
    return World(again=again)


def _way() -> Way:
    from vectorpy.collector.stack import Way

    return Way(
        environ=os.environ,
        say=lambda text: click.echo(text, err=True),
        tell=lambda text: click.echo(text),
    )


if __name__ == "__main__":
    main()
