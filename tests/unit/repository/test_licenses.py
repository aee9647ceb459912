"""What users install is under licenses that they can live with, and docs/licenses.md lists them."""

from __future__ import annotations

import pytest
from licenses import EXTRAS, ROOT, license_of, needed, page, pinned

# Who installs or hands out the program owes a notice, and nothing else.
ALLOWED = {"Apache-2.0", "BSD", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT", "MIT-0", "PSF-2.0", "Unlicense"}
# Changes of these files would have to be published, and we change none.
ALLOWED_UNCHANGED = {
    "certifi": "MPL-2.0",
    "psycopg": "LGPL-3.0-only",
    "psycopg-binary": "LGPL-3.0-only",
}
GROUPS = ["", *EXTRAS]


def permitted(expression: str) -> bool:
    """Whether an SPDX expression leaves a choice of which everything is allowed."""
    return any(set(choice.split(" AND ")) <= ALLOWED for choice in expression.split(" OR "))


@pytest.mark.parametrize("extra", GROUPS, ids=lambda extra: extra or "program")
def test_the_lock_has_all_that_comes_along(extra: str) -> None:
    """What the program and its extras need, on any system and Python, is pinned."""
    assert needed(extra) - set(dict(pinned())) == set()


@pytest.mark.parametrize("extra", GROUPS, ids=lambda extra: extra or "program")
def test_no_license_of_what_users_install_asks_for_more_than_a_notice(extra: str) -> None:
    """Neither the program nor an extra brings a license that is not on the list."""
    found = {name: license_of(name) for name in needed(extra)}

    assert {
        name: stated
        for name, stated in found.items()
        if not permitted(stated) and ALLOWED_UNCHANGED.get(name) != stated
    } == {}


@pytest.mark.parametrize(
    ("expression", "good"),
    [
        ("MIT", True),
        ("GPL-3.0-only", False),
        ("LGPL-3.0-only", False),
        ("GPL-3.0-only OR MIT", True),
        ("MIT AND GPL-3.0-only", False),
        ("MIT AND GPL-3.0-only OR Apache-2.0 AND ISC", True),
    ],
)
def test_one_choice_must_be_allowed_in_all_its_parts(expression: str, good: bool) -> None:
    """Of licenses joined by OR one is enough, and AND means both."""
    assert permitted(expression) is good


def test_the_page_of_licenses_is_up_to_date() -> None:
    """`docs/licenses.md` is what `make licenses` writes."""
    assert (ROOT / "docs" / "licenses.md").read_text(encoding="utf-8") == page()
