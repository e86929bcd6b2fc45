"""The addresses behind one name, each as a host of its own: for groups by DNS.

Every address is judged by the policy at every port that would be asked; what is
refused is told with its reason. Nothing is contacted but the name service.
"""

from __future__ import annotations

from ipaddress import ip_address
from typing import Any

from vectorpy.errors import BadHost, HostError, RefusedByPolicy
from vectorpy.model import hostspec
from vectorpy.model.hostspec import HostId
from vectorpy.sources.dial import Dialler, ports_of
from vectorpy.sources.resolver import bracketed, literal


def spread(host: HostId, dialler: Dialler) -> dict[str, Any]:
    """`{"hosts": [id...], "refused": [{"host", "reason"}...], "total"}`, in order of addresses.

    BadHost where the text is no name with addresses of its own; HostDown, HostLate
    of the name service; RefusedByPolicy where the port is refused for all.
    """
    _check(host)
    try:
        answers = dialler.resolver.everything(host.name)
    except HostError as error:
        error.host = host.id
        raise
    ports = ports_of(host, dialler.policy)
    hosts: list[str] = []
    refused: list[dict[str, str]] = []
    addresses = sorted({ip_address(answer.partition("%")[0]) for answer in answers}, key=_order)
    for address in map(str, addresses):
        try:
            for port in ports:
                plain = dialler.policy.check_address(address, port, host.id)
        except RefusedByPolicy as error:
            refused.append({"host": address, "reason": error.message})
        else:
            hosts.append(_at(host, plain))
    return {"hosts": list(dict.fromkeys(hosts)), "refused": refused, "total": len(addresses)}


def _check(host: HostId) -> None:
    if host.id == hostspec.LOCAL or host.scheme == hostspec.ARCHIVE or literal(host.name):
        raise BadHost(
            f"{host.id}/* is no group: only a name can have several addresses.",
            hint="Type it without /*.",
        )
    if host.scheme == "https":
        raise BadHost(
            "Addresses of a name can't be asked by https: certificates are for names.",
            hint="List the hosts' names in the file of groups.",
        )


def _at(host: HostId, address: str) -> str:
    scheme = f"{host.scheme}://" if host.scheme else ""
    port = f":{host.port}" if host.port else ""
    return hostspec.parse(f"{scheme}{bracketed(address)}{port}").id


def _order(address: Any) -> tuple[int, int]:
    return address.version, int(address)
