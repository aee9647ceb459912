"""Where the sources disagree, a switch decides (docs/contract/docebo.md 10)."""

from __future__ import annotations

from typing import Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from migrator.sandbox.docebo.credentials import CLIENT_ID

Grant: TypeAlias = Literal["password", "client_credentials", "refresh_token"]


class DoceboSwitches(BaseModel):
    """Every behaviour that can be chosen; the defaults are the documented or likeliest ones."""

    model_config = ConfigDict(extra="forbid", validate_assignment=True)

    # Tokens (docs/contract/docebo.md 1.3 to 1.7)
    clients: dict[str, list[Grant]] = {CLIENT_ID: ["password", "client_credentials", "refresh_token"]}
    token_lifetime: int = Field(3600, ge=0)  # seconds
    refresh_lifetime: int = Field(1_209_600, ge=0)  # seconds
    refresh_answers: Literal["new", "none"] = "new"  # a refresh returns a new refresh token, or none
    wrong_password_status: Literal[400, 401] = 401
    unauthorized_body: Literal["oauth", "platform", "empty"] = "oauth"  # the two bodies of docs/contract/docebo.md 1.6
    session_level: Literal["super_admin", "admin", "user"] = "super_admin"
    power_user_sees: int = Field(3, ge=0)  # users in the silently partial list of an "admin"
    # So many list pages are served with full rights, counted while this is not 0; then the session is an "admin"'s.
    rights_end_after: int = Field(0, ge=0)  # 0 = the rights stay
    client_credentials_list: Literal["works", "crashes"] = "works"  # docs/contract/docebo.md 1.7

    # Paging (docs/contract/docebo.md 2.1 and 2.5)
    page_size_cap: Literal["clamp", "honour", "error"] = "clamp"
    page_zero: Literal["first", "error"] = "first"
    ties: Literal["stable", "shuffled"] = "stable"
    empty_page: int = Field(0, ge=0)  # this page is empty though more follow; 0 = none
    stuck_page: int = Field(0, ge=0)  # this page is answered for every later number too; 0 = none
    repeat_rows: int = Field(0, ge=0)  # so many rows of a page come again on the next one
    hidden_rows: int = Field(0, ge=0)  # so many users are counted but never listed

    # Envelope (docs/contract/docebo.md 2.2)
    total_count: Literal["correct", "zero", "missing"] = "correct"
    count: Literal["page", "overall"] = "page"
    has_more_data: Literal["correct", "stuck_on_last_full_page", "always_true", "false_too_early", "missing"] = (
        "correct"
    )
    early_end_page: int = Field(2, ge=1)  # "false_too_early" begins on this page; the pages behind it are there
    total_page_count: Literal["present", "missing"] = "present"
    links: Literal["list", "object"] = "list"

    # Items (docs/contract/docebo.md 2.3 and 2.4)
    user_id: Literal["as_recorded", "integer"] = "as_recorded"
    manager_names: Literal["object", "list"] = "object"  # "list": PHP's empty map when nobody is set
    slashes: Literal["plain", "escaped"] = "plain"
    non_ascii: Literal["plain", "escaped"] = "plain"

    # Branches and groups (docs/contract/docebo.md 5 and 6)
    unknown_branch: Literal["empty", "not_found", "bad_request"] = "empty"  # its list of users
    flattened: Literal["paged", "whole"] = "paged"  # "whole": all branches in one answer, whatever page is asked for
    nested_set: Literal["i_left", "iLeft"] = "i_left"  # how the keys are spelled
    branch_ids: Literal["text", "integer"] = "text"  # of groups, too
    groups: Literal["group", "audience", "both"] = "both"  # which of the two services is there
    group_id: Literal["group_id", "audience_id", "id"] = "group_id"  # the key of a group's id
    member_id: Literal["user_id", "id"] = "user_id"  # the key of a member's id, but in the user list

    # Rate limit per client address (docs/contract/docebo.md 8.1); 1,000 calls in 3,600 s is the documented one
    rate_calls: int = Field(0, ge=0)  # 0 = no limit
    rate_window: float = Field(3600.0, gt=0)  # seconds
    rate_header: Literal["none", "seconds", "date"] = "none"
    rate_body: Literal["json", "html", "empty"] = "json"
