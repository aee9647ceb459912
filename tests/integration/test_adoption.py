"""What happens between a look-up that is no longer believed and the create."""

from __future__ import annotations

from typing import TYPE_CHECKING

import oracle
from virtual_clock import VirtualClock

if TYPE_CHECKING:
    from world import Place


def test_a_stranger_who_came_after_the_look_up_is_not_taken_for_created(place: Place) -> None:
    """Somebody registers with a planned login while the plan waits for an answer: a conflict, and untouched."""
    place.configure(policy={"existing": "link"})
    place.sandbox.control.reset(users=3, difficult=0)
    email = place.sources()[1]["email"].lower()
    clock = VirtualClock()

    def confirm(_figures: object) -> bool:
        place.sandbox.control.put_descope_user({"loginIds": [email], "email": email, "name": "Own Name"})
        clock.wait(700)  # longer than a look-up is believed
        return True

    place.migrate(clock, confirm=confirm)

    rows = oracle.read_rows(place.checkpoint, place)
    states = {place_user["email"].lower(): rows[place_user["user_id"]] for place_user in place.sources()}
    assert states[email]["state"] == "conflict"
    assert states[email]["reason"] == "login_taken"
    stranger = next(user for user in place.targets() if user["email"] == email)
    assert stranger["customAttributes"] == {}


def test_users_left_out_of_a_batch_do_not_make_later_ones_smaller(place: Place) -> None:
    """Nobody refused the size: one login taken meanwhile leaves the batch size as it was."""
    place.sandbox.control.reset(users=300, difficult=0)
    email = place.sources()[0]["email"].lower()
    clock = VirtualClock()

    def confirm(_figures: object) -> bool:
        place.sandbox.control.put_descope_user({"loginIds": [email], "email": email})
        clock.wait(700)
        return True

    place.configure(run={"concurrency": 1}, descope={"batch_size": 50})
    place.migrate(clock, confirm=confirm)

    creates = [entry for entry in place.journal() if entry["path"].endswith("/create/batch")]
    assert sorted(len(entry["body"]["users"]) for entry in creates) == [49, 50, 50, 50, 50, 50]
