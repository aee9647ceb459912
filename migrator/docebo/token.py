"""Docebo's access token: got, renewed before it ends, renewed once after a 401 (docs/contract/docebo.md 1)."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from migrator.core.errors import Refused, StopRun
from migrator.http.client import Request
from migrator.http.retry import Idempotence

if TYPE_CHECKING:
    from migrator.config.servers import DoceboConfig
    from migrator.core.clock import Clock
    from migrator.core.model import Json
    from migrator.http.client import Transport

TOKEN_PATH = "/oauth2/token"  # noqa: S105 -- a path
DEFAULT_LIFETIME = 3600.0  # docs/contract/docebo.md 1.4
RENEW_AT = 0.9  # of the lifetime, so that a token never ends on its way


class LoginRefused(StopRun):
    """Docebo does not accept the credentials (any 4xx of the token endpoint, docs/contract/docebo.md 1.5)."""


@dataclass(frozen=True, slots=True)
class Token:
    """An access token with the monotonic time at which to renew it."""

    access: str
    refresh: str | None
    renew_at: float


class TokenAuth:
    """The `Auth` of the Docebo transport; one token shared by all threads."""

    def __init__(self, config: DoceboConfig, transport: Transport, clock: Clock) -> None:
        self._config = config
        self._transport = transport
        self._clock = clock
        self._lock = threading.Lock()
        self._token: Token | None = None

    def header(self) -> str:
        """The Authorization header's value, from a token that is good for now."""
        with self._lock:
            token = self._token
            if token is None or self._clock.monotonic() >= token.renew_at:
                token = self._token = self._renew(token)
            return f"Bearer {token.access}"

    def refused(self, used: str) -> bool:
        """After a 401: get a new token unless another thread already did."""
        with self._lock:
            if self._token is None or f"Bearer {self._token.access}" == used:
                self._token = self._renew(self._token)
            return True

    def _renew(self, old: Token | None) -> Token:
        if old is not None and old.refresh is not None:
            try:
                return self._request({"grant_type": "refresh_token", "refresh_token": old.refresh}, old.refresh)
            except Refused:
                pass  # a refresh token may have ended too: its lifetime is not documented (docs/contract/docebo.md 1.4)
        try:
            return self._request(self._grant(), None)
        except Refused as error:
            raise LoginRefused(
                f"Failed to Authenticate: Docebo refused the {self._config.grant} grant"
                f" ({error.code or f'HTTP {error.status}'}).",
                fix="Check docebo.base_url and docebo.client_id, client_secret, username and password, and that"
                " this grant is ticked for the OAuth app under Admin > API and SSO > API Credentials.",
            ) from None

    def _grant(self) -> dict[str, str]:
        if self._config.grant == "client_credentials":
            return {"grant_type": "client_credentials", "scope": "api"}
        return {
            "grant_type": "password",
            "username": self._config.username or "",
            "password": self._config.password.get_secret_value() if self._config.password else "",
            "scope": "api",
        }

    def _request(self, grant: dict[str, str], refresh: str | None) -> Token:
        client = {
            "client_id": self._config.client_id,
            "client_secret": self._config.client_secret.get_secret_value(),
        }
        asked = self._clock.monotonic()

        def parse(answer: Json) -> Token:
            access = answer["access_token"]
            if not isinstance(access, str) or not access.isascii() or not access.isprintable() or not access:
                raise ValueError("no access token")
            lifetime = float(answer.get("expires_in") or DEFAULT_LIFETIME)
            # Some servers hand out no new refresh token: the old one goes on (docs/contract/docebo.md 1.4).
            renewed = answer.get("refresh_token") or refresh
            return Token(access, renewed if isinstance(renewed, str) else None, asked + lifetime * RENEW_AT)

        request = Request("POST", TOKEN_PATH, Idempotence.SAFE_WRITE, "docebo", form={**client, **grant}, auth=False)
        return self._transport.call(request, parse)
