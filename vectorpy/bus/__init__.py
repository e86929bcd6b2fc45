"""The messages between sampler and web, over a unix socket; in-process for tests.

`client` is all that the web process needs, and imports nothing of `live`.
"""
