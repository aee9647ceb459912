"""The plainest possible client of Docebo, for tests of the sandbox."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from migrator.sandbox.process import CLIENT_ID, CLIENT_SECRET, PASSWORD, USERNAME

if TYPE_CHECKING:
    import requests

LOGIN: Final = {
    "grant_type": "password",
    "client_id": CLIENT_ID,
    "client_secret": CLIENT_SECRET,
    "username": USERNAME,
    "password": PASSWORD,
    "scope": "api",
}
USER: Final = "/manage/v1/user"
TIMEOUT: Final = 10  # seconds


class Docebo:
    """Calls with one session; the first `get` fetches a token that the later ones use too."""

    def __init__(self, url: str, session: requests.Session) -> None:
        self.url = url
        self._session = session
        self._bearer = ""

    def token(self, **kwargs: Any) -> requests.Response:
        """POST to the token endpoint."""
        return self._session.post(self.url + "/oauth2/token", timeout=TIMEOUT, **kwargs)

    def forget_token(self) -> None:
        """Fetch a new token with the next `get`; a reset of the sandbox makes the old one invalid."""
        self._bearer = ""

    def get(self, path: str = USER, **params: Any) -> requests.Response:
        """GET with a token, by default the list of users."""
        if not self._bearer:
            self._bearer = self.token(data=LOGIN).json()["access_token"]
        return self.get_as(f"Bearer {self._bearer}", path, **params)

    def get_as(self, authorization: str, path: str = USER, **params: Any) -> requests.Response:
        """GET with any authorization."""
        headers = {"Authorization": authorization}
        return self._session.get(
            self.url + path, params=params, headers=headers, timeout=TIMEOUT, allow_redirects=False
        )

    def data(self, **params: Any) -> dict[str, Any]:
        """The `data` of one page of users."""
        data: dict[str, Any] = self.get(**params).json()["data"]
        return data

    def crawl(self, most_pages: int = 50, **params: Any) -> list[dict[str, Any]]:
        """The `data` of all pages by username, until one says there is no more."""
        params = {"sort_attr": "username", "sort_dir": "asc", "page_size": 50, "get_total_count": 1, **params}
        pages = []
        for page in range(1, most_pages + 1):
            pages.append(self.data(page=page, **params))
            if not pages[-1]["has_more_data"]:
                break
        return pages


def ids(*pages: dict[str, Any]) -> list[str]:
    """The user ids on the pages, in order."""
    return [str(item["user_id"]) for page in pages for item in page["items"]]
