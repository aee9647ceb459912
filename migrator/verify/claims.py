"""Whether the claims that Docebo may match are in Descope what they must be (docs/decisions/0028). Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migrator.core.fields import value_hash
from migrator.core.login_ids import login_key
from migrator.core.model import DOCEBO_USERNAME
from migrator.core.sso import EMAIL_CLAIM, LOGIN_CLAIM, SEEN_DISABLED, USERNAME_CLAIM, claim_words
from migrator.descope.attribute_value import value_text

if TYPE_CHECKING:
    from migrator.checkpoint.users.stored_user import StoredUser
    from migrator.descope.user import DescopeUser


def claims_seen(user: StoredUser, there: DescopeUser) -> str | None:
    """How the claims in Descope fit Docebo's user name, in the words of `core.sso`; with `disabled` for who is.

    Returns:
        None if nothing was noted of the record.
    """
    if user.sso_mapped is None:
        return None
    # The claim is the login id that we gave; a further one that happens to be the user name is in no token.
    first = [one for one in there.login_ids if value_hash(login_key(one)) == user.login_hash]
    claims = {
        USERNAME_CLAIM: [value_text(there.attributes.get(DOCEBO_USERNAME))],
        EMAIL_CLAIM: [there.email],
        LOGIN_CLAIM: first or list(there.login_ids),
    }
    words = claim_words(claims, user.username_hash, user.username_fold_hash)
    return ",".join(filter(None, [words, SEEN_DISABLED if there.status == "disabled" else ""]))
