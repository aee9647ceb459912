"""sso.csv: who does not land in their own Docebo account, and what to do; ids and classes, no personal data."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, TextIO

from migrator.checkpoint.users.sso_rows import sso_users
from migrator.core.sso import lands, sso_classes

if TYPE_CHECKING:
    from migrator.checkpoint.db.checkpoint import Checkpoint
    from migrator.core.sso import SsoRules

SSO_NAME = "sso.csv"
SSO_COLUMNS = ("docebo_user_id", "descope_user_id", "class", "lands", "what_to_do")


def write_sso(file: TextIO, checkpoint: Checkpoint, rules: SsoRules, *, predicted: bool) -> None:
    """A row for each class of each user who has one; memory stays flat.

    Args:
        predicted: those whom the plan would bring as it would bring them; they have no Descope id yet.
    """
    rows = csv.writer(file)
    rows.writerow(SSO_COLUMNS)
    for user_id, target_id, user in sso_users(checkpoint, rules, predicted=predicted):
        for one in sso_classes(user, rules) or ():
            rows.writerow((user_id, target_id or "", one, "yes" if lands(one, rules) else "no", one.fix))
