"""What the checkpoint keeps of reading users back, and what is changed behind its back to try it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from oracle import read_rows
from runs import go
from sqlalchemy import create_engine, update

from migrator.checkpoint.db.tables import source_user

if TYPE_CHECKING:
    from world import Ended, Place

CITY = {"attributes": {"city": "field_4"}}
LOAD = "/v1/mgmt/users/load"


def ready(place: Place, users: int = 12, *, drops: str | None = None, keep: str = "until_done") -> None:
    """Plain people with a city, on a server that silently drops an attribute."""
    place.configure(checkpoint={"keep_profiles": keep}, mapping=CITY)
    place.sandbox.control.reset(users=users, difficult=0)
    place.sandbox.control.set_switches(descope={"ignored_attribute": drops})


def migrated(place: Place, users: int = 12, **options: Any) -> dict[str, dict[str, Any]]:
    """The Descope users by Docebo id after a run."""
    ready(place, users)
    assert go(place, **options).code == 0
    return by_id(place)


def by_id(place: Place) -> dict[str, dict[str, Any]]:
    """The Descope users by Docebo id."""
    return {user["customAttributes"]["doceboUserId"]: user for user in place.targets()}


def change(place: Place, user: dict[str, Any], **values: Any) -> None:
    """Change a Descope user behind everybody's back."""
    place.sandbox.control.put_descope_user({**user, **values})


def verdicts(place: Place) -> dict[str, str | None]:
    """What was seen of each user."""
    return {user_id: row["verdict"] for user_id, row in read_rows(place.checkpoint, place).items()}


def profiles(place: Place) -> set[str]:
    """Who still has personal data in the checkpoint."""
    return {user_id for user_id, row in read_rows(place.checkpoint, place).items() if row["profile"] is not None}


def note(place: Place, *user_ids: str, **columns: Any) -> None:
    """Change what the checkpoint holds of these users, or of everybody."""
    engine = create_engine(place.config.checkpoint.sqlalchemy_url)
    statement = update(source_user).values(**columns)
    with engine.begin() as connection:
        connection.execute(statement.where(source_user.c.user_id.in_(user_ids)) if user_ids else statement)
    engine.dispose()


def told(place: Place) -> int:
    """How many differences the report folder names."""
    path = place.folder / "reports" / "differences.csv"
    return path.read_text("utf-8-sig").count("\n") - 1 if path.exists() else 0


def loads(place: Place) -> int:
    """How many calls read users back."""
    return sum(entry["path"] == LOAD for entry in place.journal())


def mend(place: Place) -> None:
    """Everybody gets the city that was dropped."""
    place.sandbox.control.set_switches(descope={"ignored_attribute": None})
    cities = {str(user["user_id"]): user["field_4"] for user in place.sources()}
    for user_id, user in by_id(place).items():
        change(place, user, customAttributes={**user["customAttributes"], "city": cities[user_id]})


def classes(ended: Ended) -> dict[str, int]:
    """The classes that are not empty, as a command tells them."""
    return {name: number for name, number in ended.document["classes"].items() if number}
