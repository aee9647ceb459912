"""Who has signed in and who was changed: sign-in history and audit trail (docs/contract/descope.md 3.13 and 11.6)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migrator.sandbox.descope.refusal import UNAUTHORIZED, Refusal, invalid

if TYPE_CHECKING:
    from migrator.core.model import Json
    from migrator.sandbox.descope.call import Call
    from migrator.sandbox.descope.user import User

REACHES_BACK = 30 * 86_400.0  # seconds
_MOST = 1000  # records on a page
_ACTIONS = {"create": "UserCreated", "delete": "UserDeleted", "merge_delete": "UserDeleted"}


class Trail:
    """What happened to users: sign-ins, and one audit record for each change."""

    def __init__(self) -> None:
        self.sign_ins: list[dict[str, Json]] = []
        self.audits: list[dict[str, Json]] = []

    def clear(self) -> None:
        """Forget everything."""
        self.sign_ins.clear()
        self.audits.clear()

    def note_change(self, op: str, user: User, at: float) -> None:
        """Record that the API changed a user at epoch second `at`."""
        self._audit(_ACTIONS.get(op, "UserModified"), user, at)

    def note_sign_in(self, user: User, at: float, *, history: bool, audit: bool) -> None:
        """Record a sign-in where it is said to show."""
        where: dict[str, Json] = {"city": "", "country": "", "ip": "192.0.2.7", "selectedTenant": ""}
        if history:
            self.sign_ins.append({"userId": user["userId"], "loginTime": int(at), **where})
        if audit:
            self._audit("LoginSucceed", user, at)

    def _audit(self, action: str, user: User, at: float) -> None:
        self.audits.append(
            {
                "userId": user["userId"],
                "action": action,
                "occurred": str(int(at * 1000)),
                "externalIds": list(user["loginIds"]),
                "tenants": [],
                "data": {},
            }
        )


def history(call: Call) -> Json:
    """The sign-ins of the users whose ids are the body, newest first."""
    switches = call.store.switches
    _refuse(switches.history)
    if switches.history == "empty":
        return []
    wanted = set(call.body["items"])
    return [one for one in reversed(call.store.trail.sign_ins) if one["userId"] in wanted]


def search_audit(call: Call) -> Json:
    """Audit records of the last 30 days, newest first, a thousand a page."""
    store, body = call.store, call.body
    _refuse(store.switches.audit)
    since = max(float(body.get("from", 0)) / 1000, store.wall() - REACHES_BACK)
    until = float(body.get("to", 0)) / 1000 or store.wall()
    found = [
        one
        for one in reversed(store.trail.audits)
        if since <= float(one["occurred"]) / 1000 <= until
        and one["action"] in (body.get("actions") or [one["action"]])
        and one["action"] not in body.get("excludedActions", [])
        and one["userId"] in (body.get("userIds") or [one["userId"]])
    ]
    if store.switches.audit == "empty":
        found = []
    limit, page = body.get("limit") or _MOST, body.get("page", 0)
    if limit < 0 or page < 0:
        raise invalid("limit and page must not be negative")
    size = min(limit, _MOST)
    first = size * page
    total = {"total": len(found)} if store.switches.audit_total == "present" else {}
    return {"audits": found[first : first + size], **total}


def _refuse(switch: str) -> None:
    if switch == "refused":
        raise Refusal(403, UNAUTHORIZED, "The key has no right to do this")
