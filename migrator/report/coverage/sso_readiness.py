"""SSO readiness: how many land in their own Docebo account, and what keeps the others from it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from migrator.checkpoint.users.sso_rows import sso_groups
from migrator.core.sso import SsoClass, SsoRules, lands, sso_classes

if TYPE_CHECKING:
    from migrator.checkpoint.db.checkpoint import Checkpoint
    from migrator.config.schema import MappingConfig
    from migrator.core.sso import ClaimName
    from migrator.report.document import SsoReadiness

NOBODY_YET: Final[SsoReadiness] = {
    "claim": "doceboUsername", "match": "exact", "lands": 0, "of": 0, "unknown": 0, "classes": {},
}  # fmt: skip


def sso_rules(claim: ClaimName, match: str, mapping: MappingConfig) -> SsoRules:
    """What the configuration says of it."""
    return SsoRules(
        claim,
        ignore_case=match == "ignore_case",
        email_is_login=mapping.login_id == "email",
        active_is_enabled=mapping.status.active == "enabled",
    )


def sso_readiness(checkpoint: Checkpoint, rules: SsoRules, *, predicted: bool) -> SsoReadiness:
    """The readiness as a JSON document, from what is stored alone, also when profiles are erased.

    Args:
        predicted: count those whom the plan would bring as it would bring them.
    """
    of = landing = unknown = 0
    classes: Counter[SsoClass] = Counter()
    for user, users in sso_groups(checkpoint, rules, predicted=predicted):
        of += users
        found = sso_classes(user, rules)
        if found is None:
            unknown += users
            continue
        landing += users if all(lands(one, rules) for one in found) else 0
        classes.update(dict.fromkeys(found, users))
    return {
        "claim": rules.claim,
        "match": "ignore_case" if rules.ignore_case else "exact",
        "lands": landing,
        "of": of,
        "unknown": unknown,
        "classes": {str(one): classes[one] for one in SsoClass if classes[one]},
    }
