"""The tree of errors: whose fault it is, on which host, and what to try.

Every error that may reach a person stands here. Other rooms raise them;
only `web.errors` and `cli` turn them into text. Nothing here does I/O.

    VectorpyError
      UserError           what was typed or asked is wrong            400
        BadHost           not a host that can be asked for            400
        UnknownName       no such widget, preset, metric or host      404
      RefusedByPolicy     allowed by nobody here                      403
      LimitReached        a limit of this server was reached          429
      HostError           the host's side: it, its PCP or the way     502
        HostDown          nothing answers there                       502
        HostLate          it did not answer in time                   504
        NotPcp            something answers, but it is not PCP        502
        BadAnswer         PCP answered what can't be used             502
        Overloaded        more values than may be asked for           502
        ContextLost       the host forgot us; connect anew            502
      Unavailable         something of our own is missing or down     503
      ConfigError         a setting or a file of ours is wrong        500
        CatalogError      a widget or preset file is wrong            500
"""

from __future__ import annotations


class VectorpyError(Exception):
    """Base of all errors that a person may see; it is never raised itself.

    `message` says what happened, `host` names the host id it happened on (or
    None), `hint` says what to try. `status` is the HTTP status that fits, and
    `state` the state (WIRE states: down, late, not-pcp, ...) that a host enters.
    """

    status = 500
    state: str | None = None
    hint = ""

    def __init__(self, message: str, *, host: str | None = None, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.host = host
        if hint is not None:
            self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


class UserError(VectorpyError):
    """What was typed or asked for is wrong."""

    status = 400


class BadHost(UserError):
    """The typed text names no host that could be asked."""

    hint = "Type a host name or address, for example web-01, web-01:44322 or pcp://web-01."


class UnknownName(UserError):
    """A widget, preset, metric or host of that name does not exist here."""

    status = 404


class RefusedByPolicy(VectorpyError):
    """The address, port or request is not allowed by this server's settings."""

    status = 403
    state = "refused-by-policy"
    hint = "Whoever runs this server can allow it with --allow-net or --allow-port."


class LimitReached(VectorpyError):
    """A limit of this server was reached; `limit` is the name of its setting."""

    status = 429

    def __init__(
        self, message: str, *, limit: str, host: str | None = None, hint: str | None = None
    ) -> None:
        super().__init__(message, host=host, hint=hint)
        self.limit = limit


class HostError(VectorpyError):
    """Something on the host's side failed: the host, its PCP, or the way there."""

    status = 502
    state = "down"


class HostDown(HostError):
    """Nothing answers at the host's address and ports."""

    hint = "Is the host up, is pmcd or pmproxy running there, and is its port open to this server?"


class HostLate(HostError):
    """The host did not answer within the deadline."""

    status = 504
    state = "late"


class NotPcp(HostError):
    """Something answers there, but it does not speak PCP."""

    state = "not-pcp"
    hint = "Check the port: pmproxy listens on 44322, pmwebd on 44323, pmcd on 44321."


class BadAnswer(HostError):
    """PCP answered something that can't be used (broken, too big, of wrong shape)."""


class Overloaded(HostError):
    """The host offers more values than may be asked for in one sample."""

    state = "overloaded"


class ContextLost(HostError):
    """The host no longer knows our context; a new one heals it."""

    state = "late"


class Unavailable(VectorpyError):
    """Something that belongs to this server is missing or not running."""

    status = 503


class ConfigError(VectorpyError):
    """A setting, an environment variable or a file of ours is wrong."""


class CatalogError(ConfigError):
    """A widget or preset file is wrong; the message names file and reason."""
