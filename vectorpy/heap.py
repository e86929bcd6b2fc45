"""The garbage collector of a process that lives long: set once, when it has started.

Nothing else belongs here. Catalogue, modules and prepared requests live as long
as the process: to walk them again and again costs a tenth of the work of a
sampler that makes a few hundred small objects a second and frees them at once.
"""

from __future__ import annotations

import gc

# Objects made and not freed before the youngest are looked at; a tick makes and
# frees some hundreds. Each older generation is looked at every so many times.
_YOUNGEST, _MIDDLE, _OLDEST = 10_000, 20, 20


def settle() -> None:
    """Leave what stands now out of all collections, and collect more rarely."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNGEST, _MIDDLE, _OLDEST)
