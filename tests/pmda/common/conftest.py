"""What the tests of the agents' base share."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest


@pytest.fixture
def wait_until() -> Callable[..., object]:
    """Waits for `condition()` to be true; fails the test after `seconds`."""

    def wait(condition: Callable[[], object], seconds: float = 5.0) -> object:
        end = time.monotonic() + seconds
        while not (found := condition()):
            assert time.monotonic() < end, "it did not come true"
            time.sleep(0.005)
        return found

    return wait
