"""What changes at Docebo after the server has begun."""

from __future__ import annotations

from typing import TYPE_CHECKING

import requests
from at_the_door import at_the_door, put, told

from migrator.core.clock import Clock
from migrator.flow.sign_in.answer import SignInOutcome

if TYPE_CHECKING:
    from world import Place


def tenants(place: Place, email: str) -> list[str]:
    """Those of the one user with this address."""
    [user] = [one for one in place.targets() if one["email"] == email]
    return [one["tenantId"] for one in user["userTenants"]]


def test_whom_a_run_inside_put_into_a_tenant_stays_there_on_signing_in(place: Place) -> None:
    """A sign-in judges by the branches and groups that the newest run has read, not by those of the start."""
    place.sandbox.control.reset(users=0)
    put(place, 90001, "nina", "nina@example.org")
    place.sandbox.control.put_branch("11", "North", code="NORTH")
    descope = place.config.descope
    key = f"{descope.project_id}:{descope.management_key.get_secret_value()}"
    url = f"{descope.base_url}/v1/mgmt/tenant/create"
    headers = {"Authorization": f"Bearer {key}"}
    assert requests.post(url, json={"name": "Acme", "id": "acme"}, headers=headers, timeout=30).ok
    rule = {"when": {"branch": "NORTH"}, "tenant": "acme"}
    place.configure(mapping={"tenants": [rule]}, policy={"update": {"tenants": "source_wins"}})
    assert place.migrate().error is None
    with at_the_door(place, runs_inside=True) as serving:
        place.sandbox.control.put_branch("11", "North", code="NORTH", members=["90001"])
        assert serving.run_inside(Clock()).error is None
        assert tenants(place, "nina@example.org") == ["acme"]
        place.sandbox.control.patch_docebo_user("90001", email="nina.berg@example.org")
        assert told(serving.sign_ins, "nina.berg@example.org").outcome is SignInOutcome.READY
        assert tenants(place, "nina.berg@example.org") == ["acme"]
