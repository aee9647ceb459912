"""The source: Docebo's session and its lists, page by page (docs/contract/docebo.md 1.7, 2, 5 and 6)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from migrator.core.errors import ApiError, ConfigError, Refused, StopRun
from migrator.docebo.paging import read_ahead
from migrator.docebo.record import DoceboField, additional_name
from migrator.docebo.token import TOKEN_PATH, TokenAuth
from migrator.http.client import Request, Transport
from migrator.http.pace import Limit, Pacer
from migrator.http.retry import LASTING, Idempotence

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Generator, Mapping

    from migrator.config.servers import DoceboConfig
    from migrator.core.clock import Clock
    from migrator.core.model import Json
    from migrator.http.retry import Patience

_T = TypeVar("_T")

USERS_PATH = "/manage/v1/user"
SESSION_PATH = "/manage/v1/user/session"
FIELDS_PATH = "/manage/v1/user_fields"
BRANCHES_PATH = "/manage/v1/orgchart"
GROUP_ID = re.compile("[A-Za-z0-9_-]+")  # whatever else a path may hold, no rule puts it there
_GROUP_MEMBERS = re.compile(f"/(?:manage/v1/group|audiences/v1/audience)/{GROUP_ID.pattern}/members")
BUCKET = "docebo"
COUNTED = {"get_total_count": "1"}
HOUR = 3600.0
# The only documented unique order, and a count of all users (docs/contract/docebo.md 2.1 and 2.5).
BY_USERNAME = {"sort_attr": DoceboField.USERNAME.value, "sort_dir": "asc", **COUNTED}
FIELD_PAGES = 5  # a platform has at most 50 additional fields (docs/contract/docebo.md 4)


@dataclass(frozen=True, slots=True)
class Page:
    """One page: its records as they came, whether Docebo says there is more, and what it counts, where it does.

    `total` is a number of users, `pages` of pages; `full` says that no further record fits on this one.
    """

    items: list[Json]
    has_more: bool
    total: int | None
    pages: int | None
    full: bool


class _AllowedReads:
    """The only calls with the token; the path to a group's members has its id in it."""

    _paths = (USERS_PATH, SESSION_PATH, FIELDS_PATH, BRANCHES_PATH)

    def __contains__(self, call: object) -> bool:
        match call:
            case ("GET", str(path)):
                return path in self._paths or _GROUP_MEMBERS.fullmatch(path) is not None
        return False


def docebo_limits(config: DoceboConfig) -> dict[str, Limit]:
    """The limit of the one bucket; none where nothing is to be paced."""
    return {BUCKET: Limit(config.calls_per_hour, HOUR, config.leave)} if config.calls_per_hour else {}


class DoceboClient:
    """Reads one Docebo platform; `patience` is for one that does not answer.

    Raises (every method):
        LoginRefused: the token endpoint refused the credentials.
        StopRun: an answer could not be had after bounded retries; running again is safe.
    """

    def __init__(self, config: DoceboConfig, clock: Clock, *, patience: Patience = LASTING) -> None:
        self._config = config
        pacer = Pacer(clock, docebo_limits(config), "Docebo", patience.turn)

        def transport(allowed: Container[tuple[str, str]], auth: TokenAuth | None) -> Transport:
            return Transport(
                api="Docebo",
                base_url=config.base_url,
                allowed=allowed,
                pacer=pacer,
                clock=clock,
                auth=auth,
                default_throttle_wait=None,
                throttle_window=HOUR,
                setting=config.place_of("docebo.base_url"),
                patience=patience,
                ca_file=config.ca_file,
                proxy=config.proxy,
                place_of=config.place_of,
            )

        self._tokens = transport({("POST", TOKEN_PATH)}, None)
        auth = TokenAuth(config, self._tokens, clock)
        self._api = transport(_AllowedReads(), auth)
        self.pacer = pacer

    @property
    def calls(self) -> int:
        """Requests sent so far, token requests included."""
        return self._tokens.calls.snapshot().total + self._api.calls.snapshot().total

    @property
    def throttled(self) -> int:
        """429 answers so far."""
        return self._tokens.calls.snapshot().throttled + self._api.calls.snapshot().throttled

    @property
    def server_time(self) -> float | None:
        """The platform's epoch seconds now; None when no answer told it."""
        return self._api.server_time

    def check_session(self) -> None:
        """Make sure the token sees everybody: a power user's list is silently partial (docs/contract/docebo.md 1.7).

        Raises:
            ConfigError: the session is not a superadmin's.
        """
        level = self._get(SESSION_PATH, {}, _parse_level)
        if level != "super_admin":
            raise ConfigError(
                f"The Docebo user is {_printable(level)}, not super_admin: it would see only some of the users.",
                fix="Use a superadmin's credentials for docebo.username (or for the OAuth app's user).",
            )

    def users(self, page: int, search_text: str) -> Page:
        """One page of the user list, in the only documented unique order (docs/contract/docebo.md 2.5).

        Args:
            page: from 1.
            search_text: "" for everybody.
        """
        return self._page(USERS_PATH, page, {**BY_USERNAME, "search_text": search_text}, "Users")

    def pages(self, search_text: str = "") -> Generator[Page]:
        """The pages of the user list in their order, without end, several fetched at a time (`read_ahead`)."""
        return read_ahead(lambda page: self.users(page, search_text), self._config.concurrency)

    def pages_of(self, path: str, params: Mapping[str, str], what: str) -> Generator[Page]:
        """The pages of another list, in the same way.

        Args:
            what: is on the pages, for the text of errors.

        Raises:
            Refused: Docebo says 400 or 404, which may mean that there is no such list.
        """
        return read_ahead(
            lambda page: self._page(path, page, params, what, through=(400, 404)), self._config.concurrency
        )

    def user_fields(self) -> dict[str, str]:
        """The titles of the additional fields by name, as in {"field_4": "City"}.

        They only explain a report: what cannot be read is left out, and nothing is raised for it.
        """
        return self.additional_fields()[0]

    def additional_fields(self) -> tuple[dict[str, str], bool]:
        """The same titles, and whether they are all there are."""
        titles: dict[str, str] = {}
        for page in range(1, FIELD_PAGES + 1):
            params = {"page": str(page), "page_size": "200"}
            request = Request("GET", FIELDS_PATH, Idempotence.READ, BUCKET, params=params, attempts=2)
            try:
                more = self._api.call(request, lambda answer: _parse_fields(answer, titles))
            except (ApiError, StopRun):
                break
            if not more:
                return titles, True
        return titles, False

    def close(self) -> None:
        """Close every connection."""
        self._api.close()
        self._tokens.close()

    def _page(
        self, path: str, page: int, params: Mapping[str, str], what: str, through: Container[int | None] = ()
    ) -> Page:
        size = self._config.page_size
        numbered = {"page": str(page), "page_size": str(size), **params}
        return self._get(path, numbered, lambda answer: parse_page(answer, size), what, through)

    def _get(
        self,
        path: str,
        params: Mapping[str, str],
        parse: Callable[[Json], _T],
        what: str = "Users",
        through: Container[int | None] = (),
    ) -> _T:
        """Make a call; a refusal whose status is one of `through` is left to the caller."""
        request = Request("GET", path, Idempotence.READ, BUCKET, params=params)
        try:
            return self._api.call(request, parse)
        except Refused as error:
            if error.status in through:
                raise
            if error.status in (401, 403):
                raise StopRun(
                    f"Failed to Authenticate: {error}.",
                    fix="The token is not accepted here: check the user's rights and the OAuth app, then run again.",
                ) from None
            raise unreadable(error, what) from None
        except ApiError as error:
            raise unreadable(error, what) from None


def unreadable(error: ApiError, what: str) -> StopRun:
    """The error about a page of users, branches or members (`what`) that cannot be read."""
    advice = error.fix or "Check docebo.base_url and that the platform is up."
    return StopRun(
        f"Failed Getting {what}: {error}.",
        fix=f"{advice} Then run again: it is safe, and a partial list is never taken for a full one.",
    )


def _printable(level: str) -> str:
    return level if level.isascii() and level.replace("_", "").isalnum() and len(level) <= 40 else "unknown"  # noqa: PLR2004 -- a word, not a text


def _parse_level(answer: Json) -> str:
    return str(answer["data"]["user_level"])


def _parse_fields(answer: Json, titles: dict[str, str]) -> bool:
    """Add one page's titles; whether there is more."""
    data = answer["data"]
    for item in data["items"]:
        number = item["id"] if "id" in item else item["id_field"]  # sources differ (docs/contract/docebo.md 4)
        titles[additional_name(number)] = str(item["title"])
    return data["has_more_data"] is True


def parse_page(answer: Json, size: int) -> Page:
    """Check and take apart one list answer (docs/contract/docebo.md 2.2).

    Raises:
        KeyError, TypeError, ValueError: not a whole page; a missing "has more" is not "no more".
    """
    data = answer["data"]
    items, has_more = data["items"], data["has_more_data"]
    if not isinstance(items, list) or not isinstance(has_more, bool):
        raise TypeError("items or has_more_data has the wrong type")
    # `count` is this page's number or the overall one (docs/contract/docebo.md 2.2); more than came, but
    # no more than fits on a page, can only mean that the page was cut.
    count = _whole(data.get("count"))
    if items and count is not None and len(items) < count <= size:
        raise ValueError("fewer items than counted")
    # 0 is what some platforms say for "not counted".
    total, pages = (_whole(data.get(key)) or None for key in ("total_count", "total_page_count"))
    full = len(items) >= (_whole(data.get("current_page_size")) or size)
    return Page(items, has_more, total, pages, full)


def _whole(value: Json) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value if value >= 0 else None
    return int(value) if isinstance(value, str) and value.isascii() and value.isdigit() else None
