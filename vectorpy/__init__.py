"""vectorpy: a live, second-by-second dashboard for hosts that run Performance Co-Pilot.

The package's rooms, and who may import whom, are described in CONTRIBUTING.md;
the import contracts in setup.cfg keep it so.
"""

__version__ = "0.1.0"
