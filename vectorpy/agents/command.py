"""The commands `vectorpy agents install|remove|status`: which agents, in which order, what is said.

What is done with one agent stands in `install` and `status`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from vectorpy import __version__
from vectorpy.agents import install as steps
from vectorpy.agents.shipped import Shipped, chosen, ours
from vectorpy.agents.status import Status, look
from vectorpy.agents.system import System, read
from vectorpy.agents.world import World
from vectorpy.errors import VectorpyError

Tell = Callable[[str], None]
_LOOKS, _PAUSE = 4, 0.7  # seconds between two looks at an agent that does not answer


def install(
    names: Sequence[str],
    world: World,
    tell: Tell,
    complain: Tell,
    agents: dict[str, Shipped] | None = None,
    version: str = __version__,
) -> bool:
    """Install these agents, all where none is named; False where one failed.

    `tell` gets what was done, `complain` what is going on and went wrong.
    Raises UnknownName, and Unavailable where nothing can be begun: no PCP, not
    root, pmcd does not run.
    """
    system, wanted = _begin(names, world, agents, "install")
    system.require_pmcd()
    return _each(system, wanted, steps.install, version, tell, complain)


def remove(
    names: Sequence[str],
    world: World,
    tell: Tell,
    complain: Tell,
    agents: dict[str, Shipped] | None = None,
    version: str = __version__,
) -> bool:
    """Remove these agents, all where none is named, whether pmcd runs or not; as `install`."""
    system, wanted = _begin(names, world, agents, "remove")
    return _each(system, wanted, steps.remove, version, tell, complain)


def status(
    names: Sequence[str],
    world: World,
    tell: Tell,
    agents: dict[str, Shipped] | None = None,
    version: str = __version__,
) -> bool:
    """Say how these agents fare. False where one that is installed, or named, does not answer."""
    system = read(world)
    good = True
    for agent in chosen(names, ours() if agents is None else agents):
        found = _second_look(system, agent, version)
        for line in found.lines(system):
            tell(line)
        if found.installed or names:
            good = good and found.answers is True
    return good


def _second_look(system: System, agent: Shipped, version: str) -> Status:
    """pmcd sees at one fetch that an agent died, and starts it; a later one gets its values."""
    found = look(system, agent, version)
    for _ in range(_LOOKS - 1):
        if found.answers is not False or not found.listed:
            break
        system.world.sleep(_PAUSE)
        found = look(system, agent, version)
    return found


def _begin(
    names: Sequence[str], world: World, agents: dict[str, Shipped] | None, verb: str
) -> tuple[System, list[Shipped]]:
    system = read(world)
    wanted = chosen(names, ours() if agents is None else agents)
    steps.require_root(system, verb, list(names))
    return system, wanted


def _each(
    system: System,
    wanted: Sequence[Shipped],
    step: Callable[[System, Shipped, str], steps.Outcome],
    version: str,
    tell: Tell,
    complain: Tell,
) -> bool:
    """One agent's failure does not keep the others from their turn."""
    good = True
    with steps.alone(system):
        for agent in wanted:
            try:
                outcome = step(system, agent, version)
            except VectorpyError as error:
                complain(f"{agent.name}: {error}")
                good = False
            else:
                for line in outcome.lines:
                    tell(line)
    return good
