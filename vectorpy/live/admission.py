"""How many hosts may be tried and sampled: the two limits on new ones, and their hits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from vectorpy.errors import LimitReached
from vectorpy.live.clock import Clock
from vectorpy.model.hostspec import HostId
from vectorpy.settings import Settings


class Admission:
    """Counts new hosts. The caller holds the hub's lock. `hits` counts refusals by setting."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._new: dict[str, float] = {}
        self.hits: Counter[str] = Counter()

    def admit(self, hid: HostId, polled: Callable[[], int]) -> None:
        """Count a new host; LimitReached where there are too many, or too many at once.

        `polled` tells how many hosts are sampled now.
        """
        settings, now = self._settings, self._clock.mono()
        self._new = {name: at for name, at in self._new.items() if now - at <= 60}
        if hid.id in self._new:
            return
        if len(self._new) >= settings.new_hosts_rate:
            self._refuse(
                "new_hosts_rate", f"{len(self._new)} new hosts were tried in a minute", hid
            )
        if polled() >= settings.max_hosts:
            self._refuse("max_hosts", f"{settings.max_hosts} hosts are sampled already", hid)
        self._new[hid.id] = now

    def _refuse(self, limit: str, what: str, hid: HostId) -> None:
        self.hits[limit] += 1
        hint = f"Whoever runs this server can raise {limit}; or try it again in a minute."
        raise LimitReached(
            f"{what}: {hid.id} can't be added now.", limit=limit, host=hid.id, hint=hint
        )
