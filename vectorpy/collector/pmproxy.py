"""pmproxy as a child: the web API of the private pmcd.

It crashes now and then (PCP 6.0), so it is a child that may vanish at any
moment. It reaches pmcd over loopback TCP only, as a user that is not the
agents' own where there are two.
"""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlencode

from vectorpy.collector.agents import Agent
from vectorpy.collector.layout import Layout
from vectorpy.collector.pmcd import LOOPBACK, Listen, environment
from vectorpy.collector.ports import own_address
from vectorpy.collector.process import Child
from vectorpy.collector.system import System
from vectorpy.collector.users import Roles

_ANSWER_BYTES = 1024 * 1024
_TIMEOUT = 1.0  # seconds


def argv(system: System, layout: Layout, listen: Listen) -> tuple[str, ...]:
    """pmproxy's command line."""
    return (
        str(system.pmproxy),
        *("-f", "-A"),  # foreground, not announced by mDNS
        *("-p", str(listen.port), "-i", listen.host),
        *("-s", str(_socket(layout))),
        *("-c", str(layout.pmproxy_conf)),
        *("-l", str(_log(layout))),
        *("-x", str(layout.pmproxy_home / "fatal.log")),
    )


def child(
    system: System,
    layout: Layout,
    roles: Roles,
    agents: tuple[Agent, ...],
    listen: Listen,
    pmcd: Listen,
) -> Child:
    """pmproxy for the supervisor; it is ready when it serves the wanted metrics of `agents`."""
    return Child(
        name="pmproxy",
        argv=argv(system, layout, listen),
        env={
            **environment(layout),
            "PMCD_PORT": str(pmcd.port),
            # Lowers the rate of its crashes under concurrent fetches.
            "UV_THREADPOOL_SIZE": "1",
        },
        cwd=layout.pmproxy_home,
        account=roles.proxy if roles.drops else None,
        before=lambda: _socket(layout).unlink(missing_ok=True),
        ready=readiness(listen, pmcd, agents),
        # Where it can't bind its port it stays up without: the readiness
        # test ends it, and a new one tries.
        ready_within=10.0,
        log=_log(layout),
    )


def _socket(layout: Layout) -> Path:
    return layout.pmproxy_home / "pmproxy.sock"


def _log(layout: Layout) -> Path:
    return layout.pmproxy_home / "pmproxy.log"


def readiness(listen: Listen, pmcd: Listen, agents: tuple[Agent, ...]) -> Callable[[], bool]:
    """A question whether the web API has a value for every wanted metric."""
    wanted = tuple(name for agent in agents for name in agent.wanted)
    query = {"hostspec": f"{LOOPBACK}:{pmcd.port}", "names": ",".join(wanted)}
    path = "/pmapi/fetch?" + urlencode(query)

    def ready() -> bool:
        connection = http.client.HTTPConnection(
            own_address(listen.host), listen.port, timeout=_TIMEOUT
        )
        try:
            # Keep-alive: with "Connection: close" it cuts long answers off.
            connection.request("GET", path)
            return all_served(wanted, connection.getresponse().read(_ANSWER_BYTES))
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    return ready


def all_served(wanted: tuple[str, ...], answer: bytes) -> bool:
    """Whether the body of an answer of /pmapi/fetch has a value for each of `wanted`."""
    try:
        values = json.loads(answer)["values"]
        served = {value["name"] for value in values if value["instances"]}
    except (ValueError, KeyError, TypeError):
        return False
    return served.issuperset(wanted)
