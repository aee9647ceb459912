"""What Descope's refusals mean for a run, and what to do about them."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from migrator.core.errors import ApiError, ConfigError, NotSent, Refused, StopRun

if TYPE_CHECKING:
    from migrator.config.servers import DescopeConfig

REFUSED_KEY = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)
TOO_MUCH = (400, 413)  # how an oversized list may be refused: nothing is documented (docs/contract/descope.md 10.2)


def key_refused(config: DescopeConfig, error: Refused) -> ConfigError:
    """A key belongs to a company and may be for some of its projects alone: 401 does not say which it is."""
    project, key = (config.place_of(f"descope.{name}") for name in ("project_id", "management_key"))
    why = "is wrong or has expired, or it belongs to another project"
    if error.status != HTTPStatus.UNAUTHORIZED:
        why = "is not permitted to do this, or not from this machine's address"
    elif region := config.other_region:
        return ConfigError(
            f"{config.host} does not know project {config.project_id} with this management key ({error}): {region}.",
            fix=f"Take {config.place_of('descope.base_url')} out, unless the project has this address of its own; then"
            f" check that {project} and {key} belong together.",
        )
    return ConfigError(
        f"Descope refused the management key for project {config.project_id}: the key {why} ({error}).",
        fix=f"Check that {project} and {key} belong together, and in the Descope console the key's expiry,"
        " its projects, its roles and its permitted addresses.",
    )


def stop_for(error: ApiError) -> StopRun:
    """The run's end because a call could not be made."""
    advice = error.fix or "Check that Descope can be reached and the management key is still valid."
    if isinstance(error, Refused) and error.status == HTTPStatus.NOT_FOUND:  # no such call: it is another server
        advice = "Check that descope.base_url (or descope.project_id, which it comes from) names Descope's API."
    # Whoever was never reached is told in plain words already; the others' texts begin with the request.
    what = str(error)
    if not isinstance(error, NotSent):
        what = f"A request to Descope failed: {what.removeprefix('Descope ')}"
    return StopRun(f"{what}.", fix=f"{advice} Then run again: it is safe.")
