"""A list of users that ends too early, and rights that end while it is read (docs/contract/docebo.md 1.7 and 2.5)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from docebo_calls import Docebo

    from migrator.sandbox.process import SandboxProcess

SESSION = "/manage/v1/user/session"


def switch(sandbox: SandboxProcess, **switches: Any) -> None:
    sandbox.control.set_switches(docebo=switches)


def test_has_more_data_may_be_false_too_early_while_the_pages_go_on(sandbox: SandboxProcess, docebo: Docebo) -> None:
    switch(sandbox, has_more_data="false_too_early", early_end_page=3)

    pages = [docebo.data(page=page, page_size=50) for page in range(1, 5)]

    assert [(len(page["items"]), page["has_more_data"]) for page in pages] == [
        (50, True),
        (50, True),
        (50, False),
        (50, False),
    ]
    assert len(docebo.crawl()) == 3


def test_rights_that_end_leave_a_shorter_list_that_agrees_with_itself(sandbox: SandboxProcess, docebo: Docebo) -> None:
    switch(sandbox, rights_end_after=2, power_user_sees=60)
    levels, pages = [], []
    for page in (1, 2, 1, 2):
        levels.append(docebo.get(SESSION).json()["data"]["user_level"])
        pages.append(docebo.data(page=page, page_size=50, get_total_count=1))

    assert levels == ["super_admin"] * 2 + ["admin"] * 2
    assert [len(page["items"]) for page in pages] == [50, 50, 50, 10]
    assert [page["total_count"] for page in pages] == [200, 200, 60, 60]
    assert [page["total_page_count"] for page in pages] == [4, 4, 2, 2]
    assert [page["has_more_data"] for page in pages] == [True, True, True, False]

    switch(sandbox, rights_end_after=0)
    assert docebo.get(SESSION).json()["data"]["user_level"] == "super_admin"
    assert docebo.data(get_total_count=1)["total_count"] == 200
    switch(sandbox, rights_end_after=1)
    assert [docebo.data(get_total_count=1)["total_count"] for _ in range(2)] == [200, 60]


def test_a_refused_page_uses_up_no_rights(sandbox: SandboxProcess, docebo: Docebo) -> None:
    switch(sandbox, rights_end_after=1)

    assert docebo.get(page=-1).status_code == 400
    assert docebo.data(get_total_count=1)["total_count"] == 200
    assert docebo.data(get_total_count=1)["total_count"] == 3
