"""What all hosts of a hub have in common: settings, catalogue, clock, and what is recorded."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace

from vectorpy.catalog.catalog import Catalog
from vectorpy.catalog.widget import Widget
from vectorpy.errors import UserError
from vectorpy.live.channel import Versions
from vectorpy.live.clock import Clock
from vectorpy.settings import Settings

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class World:
    """What all hosts of a hub have in common."""

    settings: Settings
    catalog: Catalog
    clock: Clock
    versions: Versions
    recorded: tuple[Widget, ...]
    histograms: frozenset[str] = frozenset()

    def renewed(self) -> World:
        """After the catalogue has changed; where a recorded preset is gone, all as it was."""
        try:
            recorded = self.catalog.recorded_widgets(self.settings.recorded)
        except UserError as error:
            logger.warning("the setting recorded: %s", error.message)
            recorded = self.recorded
        return replace(self, recorded=recorded, histograms=self.catalog.histograms)
