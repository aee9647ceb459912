"""Every point on which the sources disagree or say nothing (docs/contract/descope.md 9), as a switch.

The first value of each choice is the default.
"""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveInt,
)

Bucket = Literal["create", "search", "user", "general", "audit"]


def _pattern(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"not a regular expression: {error}") from None
    return text


class DescopeSwitches(BaseModel):
    """How this Descope behaves; assignments are checked and take effect with the next request."""

    model_config = ConfigDict(validate_assignment=True, extra="forbid")

    # Requests.
    unknown_keys: Literal["reject", "ignore"] = "reject"
    error_message: Literal["present", "absent"] = "present"

    # Licence, docs/contract/descope.md 1.
    license_tier: str = "tier1"
    license_status: Literal[200, 404, 500] = 200
    license_header: Literal["check", "ignore"] = "check"
    licensed_factor: PositiveInt = Field(
        default=1, description="how many times the allowance a request with the right licence header gets"
    )

    # Creating, docs/contract/descope.md 6.3 and 10.1 to 10.3.
    existing_login: Literal["reject", "tolerate", "overwrite"] = "reject"
    duplicate_status: Literal[400, 409] = 400
    created_flag: Literal["present", "absent"] = "present"
    login_case: Literal["preserve", "lower", "insensitive"] = "preserve"
    test_users_pattern: Annotated[str, AfterValidator(_pattern)] = Field(
        default="", description="a new user with a login id in which this is found is a test user (11.3); empty: nobody"
    )

    # Batches, docs/contract/descope.md 3.3 and 3.6.
    batch_limit: PositiveInt = 100
    batch_limit_status: Literal[400, 413] = 400
    batch_order: Literal["request", "reversed", "shuffled"] = "request"
    batch_answer: Literal["honest", "both", "neither", "extra", "twice"] = "honest"
    failed_user: Literal["full", "partial", "email", "login_id", "null", "echo"] = Field(
        default="full", description="`echo` repeats the request's user whole, a password included (11.5)"
    )
    additional_errors: Literal["off", "on"] = "off"
    refuse_logins: list[str] = Field(default_factory=list)
    poison_mode: Literal["whole_call", "per_user"] = "whole_call"
    choke_logins: list[str] = Field(
        default_factory=list, description="a create or create/batch with one of these logins fails as a whole"
    )
    choke_status: Literal[500, 502, 503, 504] = 500

    # Changing, docs/contract/descope.md 3.5, 3.8, 10.10 and 10.13.
    patch_attributes: Literal["merge", "replace"] = "merge"
    patch_conflict: Literal["merge", "keep"] = Field(
        default="merge", description="a patched e-mail or phone that is another user's login id"
    )

    empty_attribute: Literal["stored", "removed"] = Field(
        default="stored", description="what an empty text for a custom attribute of a known user does (10.11)"
    )

    # Deleting, docs/contract/descope.md 3.11.
    delete_twice: Literal["404", "ok"] = Field(default="404", description="a delete of somebody who is not there")
    delete_batch_twice: Literal["ok", "404"] = Field(
        default="ok", description="a delete/batch that names somebody who is not there: 404 refuses all of it"
    )

    # Who has signed in, docs/contract/descope.md 11.6.
    history: Literal["on", "empty", "refused"] = "on"
    audit: Literal["on", "empty", "refused"] = "on"
    audit_total: Literal["present", "absent"] = "present"

    # Custom attributes, docs/contract/descope.md 4.1.
    unknown_attribute: Literal["fail_user", "fail_call", "ignore"] = "fail_user"
    attribute_type_check: Literal["on", "off", "drop"] = Field(
        default="on", description="what becomes of a value of another type than its definition's: refused, kept, lost"
    )
    attribute_type_names: Literal["accept", "refuse"] = Field(
        default="accept", description='type "string", "number", "boolean" in a definition (10.8)'
    )
    attribute_types_shown: Literal["numbers", "names"] = Field(
        default="numbers", description="how answers show the types of definitions (10.8)"
    )
    date_values: Literal["any", "text", "epoch"] = Field(
        default="any", description="what a date attribute takes: 2026-01-31, the time since 1970, or both"
    )
    dates_shown: Literal["as_sent", "date_time", "seconds", "milliseconds"] = Field(
        default="as_sent", description="how answers show the values of date attributes"
    )
    ignored_attribute: str | None = None
    ignored_by: Literal["every_write", "create", "change"] = Field(
        default="every_write", description="which requests lose the `ignored_attribute` without a word"
    )
    attribute_values: Literal["typed", "strings"] = Field(
        default="typed", description="how answers show the values of users; they are stored typed (11.2)"
    )

    # Reading, docs/contract/descope.md 3.10.
    search_v2: Literal["on", "off"] = "on"
    search_lag: NonNegativeFloat = 0
    get_lag: NonNegativeFloat = 0
    search_case: Literal["exact", "insensitive"] = "exact"
    search_limit_cap: PositiveInt = 100
    search_over_cap: Literal["clamp", "refuse"] = "clamp"
    search_cut: NonNegativeInt = Field(
        default=0, description="the most users that all pages of a search by attributes show; 0 = no cut"
    )
    users_load_limit: PositiveInt = 100
    users_load_total: Literal["found", "asked"] = "found"
    load_hides_test_users: Literal["off", "on"] = Field(
        default="off", description="users/load leaves test users out, too, unless told `withTestUser` (11.3)"
    )

    # Rate limits, docs/contract/descope.md 7.
    rate_limits: Literal["off", "documented", "custom"] = "off"
    custom_limits: dict[Bucket, NonNegativeInt] = Field(default_factory=dict)
    window_seconds: NonNegativeFloat = 60
    backoff_seconds: NonNegativeFloat = 60
    retry_after: Literal["seconds", "date", "none"] = "seconds"
    throttle_body: Literal["json", "html", "empty"] = "json"

    def restore_defaults(self) -> None:
        """Set every switch back, in place."""
        fresh = type(self)()
        for name in type(self).model_fields:
            setattr(self, name, getattr(fresh, name))
