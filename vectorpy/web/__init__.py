"""The web process: pages, HTTP, Socket.IO. It relays what the sampler says, and holds viewers.

Nothing is imported here: the async mode must be in force before Flask is.
"""
