"""Whether the claims that Docebo may match are in Descope what they must be (docs/decisions/0028). Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migrator.core.model import DOCEBO_USERNAME
from migrator.core.sso import EMAIL_CLAIM, LOGIN_CLAIM, SEEN_DISABLED, SUPERADMIN, USERNAME_CLAIM, claim_words
from migrator.descope.attribute_value import value_text

if TYPE_CHECKING:
    from migrator.checkpoint.users.stored_user import StoredUser
    from migrator.descope.user import DescopeUser


def claims_seen(user: StoredUser, there: DescopeUser) -> str | None:
    """How the claims in Descope fit Docebo's user name, in the words of `core.sso`; with `disabled` for who is.

    Returns:
        None if that is just as the record says, or if nothing was noted of the record.
    """
    if user.sso_mapped is None:
        return None
    claims = {
        USERNAME_CLAIM: [value_text(there.attributes.get(DOCEBO_USERNAME))],
        EMAIL_CLAIM: [there.email],
        LOGIN_CLAIM: list(there.login_ids),
    }
    words = claim_words(claims, user.username_hash, user.username_fold_hash)
    seen = ",".join(filter(None, [words, SEEN_DISABLED if there.status == "disabled" else ""]))
    mapped = ",".join(word for word in user.sso_mapped.split(",") if word != SUPERADMIN)
    return None if seen == mapped else seen
