"""Read who is in the branches and groups that rules name, before anybody is normalized (docs/decisions/0027)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migrator.core.errors import ConfigError
from migrator.docebo.membership import UnknownMemberLists, check_lists, read_members
from migrator.normalize.identity import record_key

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from migrator.config.schema import Config
    from migrator.core.member_lists import MemberList
    from migrator.docebo.client import DoceboClient


def rule_members(
    docebo: DoceboClient,
    config: Config,
    *,
    accept_short: bool = False,
    check_rights: bool = True,
    progress: Callable[[int], None] = lambda _shown: None,
) -> Mapping[MemberList, frozenset[str]]:
    """The Docebo user ids in each branch and group that rules name; without such rules, nothing is asked.

    Args:
        accept_short: go by Docebo's pages, even if Docebo counts more members than they show.
        check_rights: ask for the session behind it, unless that is done later (`read_members`).
        progress: gets how many members the lists have shown so far.

    Raises:
        ConfigError: a rule names a branch or group that Docebo does not have.
        StopRun: a list cannot be read as a whole.
    """
    lists = config.mapping.member_lists
    if not lists:
        return {}
    try:
        return read_members(
            docebo, lists, record_key, accept_short=accept_short, check_rights=check_rights, progress=progress
        )
    except UnknownMemberLists as error:
        raise _with_places(error, config) from None


def check_rule_lists(docebo: DoceboClient, config: Config) -> None:
    """Whether Docebo has every branch and group that rules name, without reading who is in them.

    Raises:
        ConfigError, StopRun: as `rule_members`.
    """
    try:
        check_lists(docebo, config.mapping.member_lists, record_key)
    except UnknownMemberLists as error:
        raise _with_places(error, config) from None


def _with_places(error: UnknownMemberLists, config: Config) -> ConfigError:
    keys = dict.fromkeys(key for one in error.wrong for key in config.mapping.rules_asking(one))
    return ConfigError(error.message, fix=f"Correct {', '.join(map(config.place_of, keys))}. {error.fix}")
