"""What is read of the Descope management API (docs/contract/descope.md 1, 3.10 and 4.1)."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, TypeVar

from migrator.core.errors import ApiError, Refused, StopRun
from migrator.core.grants import Grant
from migrator.core.model import MARK_PLATFORM, MARK_USER
from migrator.descope.attribute_value import AttributeDefinition
from migrator.descope.auth import KeyAuth
from migrator.descope.endpoints import (
    ALL_ROLES,
    ALL_TENANTS,
    ATTRIBUTES,
    AUDIT,
    HISTORY,
    LICENSE,
    LOAD,
    READING,
    SEARCH,
    SEARCH_V1,
    USER,
    Endpoint,
)
from migrator.descope.limits import MINUTE, descope_limits
from migrator.descope.refusals import REFUSED_KEY, TOO_MUCH, key_refused, stop_for
from migrator.descope.trail import Audits, audit_pages, is_whole, newest_of, parse_audits, parse_sign_ins
from migrator.descope.user import DescopeUser, parse_user, parse_users
from migrator.http.client import Request, Transport
from migrator.http.pace import Pacer
from migrator.http.retry import LASTING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from migrator.config.servers import DescopeConfig
    from migrator.core.clock import Clock
    from migrator.core.model import Json
    from migrator.http.retry import Patience

_T = TypeVar("_T")

_PAGE = 100  # the search limit every source agrees on (docs/contract/descope.md 3.10)


class DescopeReader:
    """Everything a plan may do: this object's transport knows no writing path.

    `patience` is for a Descope that does not answer.

    Raises (every method):
        StopRun: an answer could not be had after bounded retries; running again is safe.
    """

    allowed = READING

    def __init__(self, config: DescopeConfig, clock: Clock, *, patience: Patience = LASTING) -> None:
        self._config = config
        self.pacer = Pacer(clock, descope_limits(config), "Descope")
        self._headers: dict[str, str] = {}
        self._transport = Transport(
            api="Descope",
            base_url=config.url,
            allowed=self.allowed,
            pacer=self.pacer,
            clock=clock,
            auth=KeyAuth(config),
            default_throttle_wait=MINUTE,
            setting=config.address_setting,
            patience=patience,
            ca_file=config.ca_file,
            proxy=config.proxy,
            place_of=config.place_of,
        )
        self._search_endpoint = SEARCH
        self._load_names_test_users = True

    @property
    def calls(self) -> int:
        """Requests sent so far."""
        return self._transport.calls.snapshot().total

    @property
    def writes(self) -> int:
        """Requests sent so far that may change something."""
        return self._transport.calls.snapshot().writes

    @property
    def throttled(self) -> int:
        """429 answers so far."""
        return self._transport.calls.snapshot().throttled

    @property
    def server_time(self) -> float | None:
        """Descope's epoch seconds now; None when no answer told it."""
        return self._transport.server_time

    def close(self) -> None:
        """Close every connection."""
        self._transport.close()

    def choose_license(self) -> None:
        """Ask for the project's rate-limit tier, and name it from now on, if known (docs/contract/descope.md 1)."""
        try:
            tier = self._raw(LICENSE, lambda a: a["rateLimitTier"], deadline=5.0, attempts=1)
        except ApiError:
            return
        if isinstance(tier, str) and tier.isascii() and tier.isalnum():
            self._headers["x-descope-license"] = tier

    def attributes(self) -> dict[str, AttributeDefinition]:
        """The custom attribute definitions of the project, by name.

        Raises:
            ConfigError: the project id or the management key is refused.
        """

        def parse(answer: Json) -> dict[str, AttributeDefinition]:
            return {entry["name"]: AttributeDefinition.of(entry) for entry in answer.get("data") or []}

        return self._asked_first(ATTRIBUTES, parse)

    def tenants(self) -> dict[str, str]:
        """The tenants of the project, id to name.

        Raises:
            ConfigError: the management key is refused.
        """
        return self._asked_first(ALL_TENANTS, lambda a: {one["id"]: one["name"] for one in a.get("tenants") or []})

    def roles(self) -> set[Grant]:
        """Every role that is defined: as a role of the project, or as one of a tenant alone.

        Raises:
            ConfigError: the management key is refused.
        """
        return self._asked_first(
            ALL_ROLES, lambda a: {Grant(one.get("tenantId") or "", one["name"]) for one in a.get("roles") or []}
        )

    def _asked_first(self, endpoint: Endpoint, parse: Callable[[Json], _T]) -> _T:
        """What is asked before anybody is: here a refused key is told."""
        try:
            return self._raw(endpoint, parse)
        except Refused as error:
            raise (key_refused(self._config, error) if error.status in REFUSED_KEY else stop_for(error)) from None
        except ApiError as error:
            raise stop_for(error) from None

    def search_logins(self, login_ids: Sequence[str]) -> list[DescopeUser]:
        """Users that answer to any of these login ids, as far as the search index knows yet."""
        return self._halving(login_ids, lambda some: list(self._search({"loginIds": list(some)}, enough=some)))

    def everybody(self) -> Iterator[tuple[list[DescopeUser], int | None, int]]:
        """Everybody in the project, in pages without end: users, the total (None: unknown), how many fit on a page."""
        return self._pages({}, _PAGE, by_list=False)

    def marked(self, platform: str) -> Iterator[DescopeUser]:
        """Every user carrying the mark of this platform.

        Raises:
            StopRun: fewer users were shown than counted: a part is never taken for all.
        """
        for user in self._search({"customAttributes": {MARK_PLATFORM: platform}}, enough=None):
            mark = user.mark()
            if mark is not None and mark[0] == platform:
                yield user

    def marked_as(self, platform: str, user_ids: Sequence[str]) -> list[DescopeUser]:
        """Users carrying the mark of one of these Docebo users, as far as the search index knows yet.

        Raises:
            StopRun: fewer users were shown than counted.
        """

        def some(ids: Sequence[str]) -> list[DescopeUser]:
            filters = {"customAttributes": {MARK_PLATFORM: platform, MARK_USER: list(ids)}}
            return [user for user in self._search(filters, enough=None, limit=len(ids)) if user.mark() in wanted]

        wanted = {(platform, user_id) for user_id in user_ids}
        return self._halving(user_ids, some)

    def by_login(self, login_id: str) -> DescopeUser | None:
        """The user with this login id now; the authority where search may lag (docs/contract/descope.md 3.10)."""
        return self._one({"loginId": login_id})

    def by_id(self, user_id: str) -> DescopeUser | None:
        """The user with this Descope id now."""
        return self._one({"userId": user_id})

    def _one(self, params: Mapping[str, str]) -> DescopeUser | None:
        try:
            return self._raw(USER, lambda a: parse_user(a["user"]), params=params)
        except Refused as error:
            if error.status == HTTPStatus.NOT_FOUND and error.code:  # docs/contract/descope.md 3.10
                return None
            raise stop_for(error) from None
        except ApiError as error:
            raise stop_for(error) from None

    def load(self, user_ids: Sequence[str], *, ask_alone: bool = True) -> list[DescopeUser]:
        """The users with these Descope ids, disabled ones and test users too; unknown ones are left out.

        Args:
            ask_alone: ask for whoever the list leaves out by id before it counts as unknown.
        """

        def some(ids: Sequence[str]) -> list[DescopeUser]:
            users = self._load(ids)
            shown = {user.user_id for user in users}
            left_out = [one for one in dict.fromkeys(ids) if one not in shown]
            return users + list(filter(None, map(self.by_id, left_out if ask_alone else ())))

        return self._halving(user_ids, some)

    def sign_ins(self, user_ids: Sequence[str]) -> dict[str, float] | None:
        """When the users with these Descope ids last signed in, in epoch seconds; None if Descope refuses to tell.

        Whoever never did is left out. It is not documented how far back the answer reaches.
        """

        def some(ids: Sequence[str]) -> list[tuple[str, float]]:
            return self._raw(HISTORY, parse_sign_ins, list(ids))

        try:
            return newest_of(self._halved(user_ids, some))
        except Refused:
            return None
        except ApiError as error:
            raise stop_for(error) from None

    def audit_records(self, actions: Sequence[str], since: float, until: float) -> Iterator[Audits]:
        """Audit records of these actions, page by page.

        Args:
            since: epoch seconds; the trail reaches 30 days back at most.
            until: epoch seconds.

        Raises:
            Refused: Descope does not tell.
            StopRun: fewer records were shown than counted.
        """
        found = 0
        for body in audit_pages(actions, since, until):
            try:
                records, total = self._raw(AUDIT, parse_audits, body)
            except Refused:
                raise
            except ApiError as error:
                raise stop_for(error) from None
            yield records, total
            found += len(records)
            if is_whole(len(records), found, total):
                return

    def _load(self, ids: Sequence[str]) -> list[DescopeUser]:
        """One users/load; the OpenAPI file knows no `withTestUser` there, so that a strict server may refuse it."""
        body: dict[str, Json] = {"userIds": list(ids), "includeInvalidUsers": True}
        if self._load_names_test_users:
            try:
                return self._call(LOAD, _users, {**body, "withTestUser": True})
            except Refused:
                users = self._call(LOAD, _users, body)
                self._load_names_test_users = False
                return users
        return self._call(LOAD, _users, body)

    def _search(
        self, filters: dict[str, Json], enough: Sequence[str] | None, *, limit: int = 0
    ) -> Iterator[DescopeUser]:
        seen: set[str] = set()
        # Never more than can be needed: a list that is halved halves the limit too (docs/contract/descope.md 10.2).
        by_list = bool(enough or limit)
        limit = limit or (_PAGE if enough is None else len(enough))
        for users, total, limit in self._pages(filters, limit, by_list=by_list):  # noqa: B020 -- as it is now
            fresh = [user for user in users if user.user_id not in seen]
            seen |= {user.user_id for user in fresh}
            yield from fresh
            if not fresh and enough is not None and total is not None and len(seen) < total:
                # A cut answer must not pass for "nobody has this login" (docs/reliability.md N4).
                yield from filter(None, map(self.by_login, enough))
            elif not fresh and enough is None and total is not None and len(seen) < total:
                raise StopRun(
                    f"Descope counts {total} users with our mark, but shows only {len(seen)}.",
                    fix="Run again; if it happens again, ask Descope's support.",
                )
            # A server may cap the limit below ours: its total then says that there is more.
            if not fresh or (len(users) < limit and (total is None or len(seen) >= total)):
                return
            if enough is not None and len(seen) >= len(enough) and (total is None or len(seen) >= total):
                return

    def _pages(
        self, filters: dict[str, Json], limit: int, *, by_list: bool
    ) -> Iterator[tuple[list[DescopeUser], int | None, int]]:
        """Pages without end, each with the total, where Descope tells it, and how many users fit on it."""
        page = 0
        while True:
            try:
                found = self._search_page({**filters, "withTestUser": True, "limit": limit, "page": page})
            except Refused as error:
                if by_list:
                    raise
                if page or limit == 1:
                    raise stop_for(error) from None
                limit //= 2
                continue
            page += 1
            yield *found, limit

    def _search_page(self, body: Json) -> tuple[list[DescopeUser], int | None]:
        def parse(answer: Json) -> tuple[list[DescopeUser], int | None]:
            # An empty list may be left out (protobuf JSON), but an object without either key is no answer.
            if "users" not in answer and "total" not in answer:
                raise KeyError("users")
            total = answer.get("total")
            return parse_users(answer.get("users")), total if isinstance(total, int) else None

        endpoint = self._search_endpoint
        try:
            return self._raw(endpoint, parse, body)
        except Refused as error:
            # Asked of this call's endpoint: another worker may have learned it meanwhile.
            if error.status == HTTPStatus.NOT_FOUND and endpoint == SEARCH:  # docs/contract/descope.md 10.4
                self._search_endpoint = SEARCH_V1
                return self._search_page(body)
            if error.status in TOO_MUCH:
                raise
            raise stop_for(error) from None
        except ApiError as error:
            raise stop_for(error) from None

    def _halving(self, keys: Sequence[str], read: Callable[[Sequence[str]], list[_T]]) -> list[_T]:
        """Read in lists of at most 100, halved where the server wants them shorter (docs/contract/descope.md 10.2)."""
        try:
            return self._halved(keys, read)
        except Refused as error:
            raise stop_for(error) from None

    def _halved(self, keys: Sequence[str], read: Callable[[Sequence[str]], list[_T]]) -> list[_T]:
        """The same for what the server may refuse.

        Raises:
            Refused: it refuses even a single key, or for another reason than the length of the list.
        """
        if not keys:
            return []
        if len(keys) > _PAGE:
            return self._halved(keys[:_PAGE], read) + self._halved(keys[_PAGE:], read)
        try:
            return read(keys)
        except Refused as error:
            if error.status not in TOO_MUCH or len(keys) == 1:
                raise
            middle = len(keys) // 2
            return self._halved(keys[:middle], read) + self._halved(keys[middle:], read)

    def _call(self, endpoint: Endpoint, parse: Callable[[Json], _T], body: Json = None) -> _T:
        try:
            return self._raw(endpoint, parse, body)
        except Refused as error:
            if error.status in TOO_MUCH:
                raise
            raise stop_for(error) from None
        except ApiError as error:
            raise stop_for(error) from None

    def _raw(
        self,
        endpoint: Endpoint,
        parse: Callable[[Json], _T],
        body: Json = None,
        *,
        params: Mapping[str, str] | None = None,
        deadline: float = 30.0,
        attempts: int | None = None,
    ) -> _T:
        request = Request(
            endpoint.method,
            endpoint.path,
            endpoint.idempotence,
            endpoint.bucket,
            params=params or {},
            json=body,
            headers=self._headers,
            deadline=deadline,
            attempts=attempts,
        )
        return self._transport.call(request, parse)


def _users(answer: Json) -> list[DescopeUser]:
    return parse_users(answer["users"])
