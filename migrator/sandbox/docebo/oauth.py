"""The token endpoint and the check of bearer tokens (docs/contract/docebo.md 1.1 to 1.6)."""

from __future__ import annotations

import base64
import binascii
import secrets
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from migrator.sandbox.docebo import answers
from migrator.sandbox.docebo.credentials import CLIENT_SECRET, PASSWORD, USERNAME

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from starlette.responses import Response

    from migrator.sandbox.docebo.switches import DoceboSwitches

_GRANTS = ("password", "client_credentials", "refresh_token")


class OAuthRefusal(Exception):
    """One row of the table in docs/contract/docebo.md 1.5."""

    def __init__(self, status: int, code: str, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.code = code
        self.text = text


@dataclass(frozen=True, slots=True)
class Token:
    """What an access or refresh token stands for; `expires` is in the clock's seconds."""

    client_id: str
    grant: str
    expires: float


class Tokens:
    """Issued tokens. An older access token stays valid until its own end (docs/contract/docebo.md 1.6)."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._access: dict[str, Token] = {}
        self._refresh: dict[str, Token] = {}

    def issue(self, client_id: str, grant: str, switches: DoceboSwitches) -> dict[str, Any]:
        """A success body of docs/contract/docebo.md 1.4; only a user's own login brings a refresh token."""
        now = self._clock()
        access = secrets.token_hex(20)
        self._access[access] = Token(client_id, grant, now + switches.token_lifetime)
        body: dict[str, Any] = {
            "access_token": access,
            "expires_in": switches.token_lifetime,
            "token_type": "Bearer",
            "scope": "api",
        }
        renews = grant == "refresh_token" and switches.refresh_answers == "new"
        if grant == "password" or renews:
            refresh = secrets.token_hex(20)
            self._refresh[refresh] = Token(client_id, grant, now + switches.refresh_lifetime)
            body["refresh_token"] = refresh
        return body

    def access(self, token: str) -> Token | None:
        """The valid access token of that text, if any."""
        return self._valid(self._access.get(token))

    def refresh(self, token: str) -> Token | None:
        """The valid refresh token of that text, if any."""
        return self._valid(self._refresh.get(token))

    def revoke(self) -> None:
        """Make every access token invalid; refresh tokens live on."""
        self._access.clear()

    def _valid(self, token: Token | None) -> Token | None:
        return token if token is not None and token.expires > self._clock() else None


def token_answer(
    method: str,
    form: Any,  # noqa: ANN401 -- any JSON value
    authorization: str,
    tokens: Tokens,
    switches: DoceboSwitches,
) -> Response:
    """Answer one request to `/oauth2/token`; `form` is the decoded body in whichever encoding."""
    if method != "POST":
        return answers.oauth_error(405, "invalid_request", "The request method must be POST")
    fields = {key: str(value) for key, value in form.items()} if isinstance(form, dict) else {}
    try:
        body = _grant(fields, authorization, tokens, switches)
    except OAuthRefusal as refusal:
        return answers.oauth_error(refusal.status, refusal.code, refusal.text)
    response = answers.ok(body)
    response.headers["Cache-Control"] = "no-store"
    return response


def _grant(fields: Mapping[str, str], authorization: str, tokens: Tokens, switches: DoceboSwitches) -> dict[str, Any]:
    grant = fields.get("grant_type", "")
    if not grant:
        raise OAuthRefusal(400, "invalid_request", "The grant type was not specified in the request")
    if grant not in _GRANTS:
        raise OAuthRefusal(400, "unsupported_grant_type", f'Grant type "{grant}" not supported')
    client_id = _client(fields, authorization, switches)
    if grant not in switches.clients[client_id]:
        raise OAuthRefusal(400, "unauthorized_client", "The grant type is unauthorized for this client_id")
    if fields.get("scope", "api") != "api":
        raise OAuthRefusal(400, "invalid_scope", "An unsupported scope was requested")
    if grant == "password":
        _check_password(fields, switches)
    if grant == "refresh_token":
        _check_refresh(fields, client_id, tokens)
    return tokens.issue(client_id, grant, switches)


def _client(fields: Mapping[str, str], authorization: str, switches: DoceboSwitches) -> str:
    """The client's id, proven by its secret in the body or in HTTP Basic."""
    client_id, secret = fields.get("client_id", ""), fields.get("client_secret", "")
    if authorization.lower().startswith("basic "):
        try:
            pair = base64.b64decode(authorization[6:], validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            pair = ""
        client_id, _, secret = pair.partition(":")
    if client_id not in switches.clients or secret != CLIENT_SECRET:
        raise OAuthRefusal(400, "invalid_client", "The client credentials are invalid")
    return client_id


def _check_password(fields: Mapping[str, str], switches: DoceboSwitches) -> None:
    if not fields.get("username") or not fields.get("password"):
        raise OAuthRefusal(400, "invalid_request", 'Missing parameters: "username" and "password" required')
    if (fields["username"], fields["password"]) != (USERNAME, PASSWORD):
        raise OAuthRefusal(switches.wrong_password_status, "invalid_grant", "Invalid username and password combination")


def _check_refresh(fields: Mapping[str, str], client_id: str, tokens: Tokens) -> None:
    if not fields.get("refresh_token"):
        raise OAuthRefusal(400, "invalid_request", 'Missing parameter: "refresh_token" is required')
    token = tokens.refresh(fields["refresh_token"])
    if token is None or token.client_id != client_id:
        raise OAuthRefusal(400, "invalid_grant", "Invalid refresh token")


def unauthorized(switches: DoceboSwitches) -> Response:
    """The 401 of every other endpoint: one of two bodies, or none at all (docs/contract/docebo.md 1.6)."""
    match switches.unauthorized_body:
        case "oauth":
            text = "The access token provided is invalid"
            response = answers.oauth_error(401, "invalid_token", text)
            response.headers["WWW-Authenticate"] = (
                f'Bearer realm="Service", error="invalid_token", error_description="{text}"'
            )
        case "platform":
            failure = answers.PlatformError(401, "Your request was made with invalid credentials.")
            response = answers.error(failure)
        case "empty":
            response = answers.raw(b"", 401)
    return response
