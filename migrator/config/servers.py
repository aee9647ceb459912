"""The two servers of a migration: the `docebo:` and `descope:` sections of the configuration."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, field_validator, model_validator

from migrator.config import values
from migrator.config.section import LimitedSection, Secret, Text, folder_of, problem_at
from migrator.core.hosts import SYSTEM

BaseUrl: TypeAlias = Annotated[str, AfterValidator(values.base_url)]
ProxyUrl: TypeAlias = Annotated[str, AfterValidator(values.proxy_url)]


def _in_its_folder(value: str, info: ValidationInfo) -> str:
    return value if value == SYSTEM else str(folder_of(info.context) / value)


CaFile: TypeAlias = Annotated[Text, AfterValidator(_in_its_folder)]

_REGIONAL_ID_LENGTH = 32
_REGIONAL_HOST = re.compile(r"api\.[a-z0-9]{4}\.descope\.com")


class DoceboConfig(LimitedSection):
    """The source platform and the grant that opens it."""

    base_url: BaseUrl
    platform: Annotated[str, AfterValidator(values.platform_name)] = Field(default=None, validate_default=True)
    grant: Literal["password", "client_credentials"] = "password"
    client_id: Text
    client_secret: Secret
    username: Text | None = None
    password: Secret | None = None
    page_size: Annotated[int, values.between(1, 200)] = 200
    calls_per_hour: Annotated[int, values.at_least(0)] = 1000
    concurrency: Annotated[int, values.between(1, 16)] = 2
    sweeps: Literal["settle", "single"] = "settle"
    ca_file: CaFile | None = None
    proxy: ProxyUrl | None = None

    @field_validator("platform", mode="before")
    @classmethod
    def _named_by_its_host(cls, value: Any, info: ValidationInfo) -> Any:  # noqa: ANN401 -- not checked yet
        """Lower-case, with its port unless that is the scheme's default."""
        if value is not None:
            return value
        return info.data.get("base_url", "https://unknown").partition("://")[2]  # a wrong address is told by itself

    @field_validator("username", "password")
    @classmethod
    def _needed_by_grant(cls, value: Any, info: ValidationInfo) -> Any:  # noqa: ANN401 -- two field types
        if value is None and info.data.get("grant") == "password":
            raise ValueError("is required with docebo.grant: password")
        return value


class DescopeConfig(LimitedSection):
    """The destination project, its key and its limits."""

    project_id: Annotated[str, AfterValidator(values.project_id)]
    management_key: Annotated[Secret, AfterValidator(values.header_secret)]
    base_url: BaseUrl | None = None
    batch_size: Annotated[int, values.between(1, 100)] = 100
    rate_limits: Annotated[
        dict[values.Bucket, Annotated[int, values.at_least(1)]], BeforeValidator(values.rate_limits)
    ] = Field(default_factory=lambda: dict(values.DOCUMENTED_LIMITS))
    settle_seconds: Annotated[int, values.between(0, 600)] = 60
    ca_file: CaFile | None = None
    proxy: ProxyUrl | None = None

    @model_validator(mode="after")
    def _each_in_its_place(self) -> DescopeConfig:
        """Ids begin with P and keys with K, so that a mix-up is known before anything is sent."""
        if not self.project_id.startswith("K"):
            if self.project_id.startswith("P") and self.management_key.get_secret_value().startswith("P"):
                raise problem_at("this is a project id; a management key begins with K", ["management_key"])
            return self
        if self.management_key.get_secret_value().startswith("P"):
            text = "project id and management key are swapped: an id begins with P, a key with K"
            raise problem_at(text, ["project_id"], ["management_key"])
        raise problem_at("this is a management key; a project id begins with P", ["project_id"])

    @property
    def url(self) -> str:
        """The API's address: `base_url`, else that of the project id's region (docs/contract/descope.md 1)."""
        if self.base_url is not None:
            return self.base_url
        return self._own_url

    @property
    def _own_url(self) -> str:
        return f"https://api.{self.region}.descope.com" if self._regional else "https://api.descope.com"

    @property
    def address_setting(self) -> str:
        """The key that `url` comes from, with its place, and how it was derived."""
        if self.base_url is not None:
            return self.place_of("descope.base_url")
        region = "derived from the region in it" if self._regional else "used for every id that names no region"
        return f"{self.place_of('descope.project_id')}: the address {self.url} is {region}"

    @property
    def other_region(self) -> str:
        """Why `base_url` may be the address of another region than the project's; "" where nothing says so."""
        if self.base_url in (None, self._own_url) or not (self._regional or _REGIONAL_HOST.fullmatch(self.host)):
            return ""
        names = f"the region {self.region}" if self._regional else "no region"
        return f"the project id names {names}, whose address is {self._own_url}, but base_url is {self.base_url}"

    @property
    def region(self) -> str:
        """The region that the project id names, "" where it names none (docs/contract/descope.md 1)."""
        return self.project_id[1:5] if self._regional else ""

    @property
    def _regional(self) -> bool:
        return len(self.project_id) >= _REGIONAL_ID_LENGTH

    @property
    def host(self) -> str:
        """The address without its scheme, with the port unless that is the scheme's default."""
        return self.url.partition("://")[2]

    @property
    def limits(self) -> dict[str, int]:
        """Requests per 60 s for create, search, user and general; empty when nothing is to be paced."""
        if not self.rate_limits:
            return {}
        return dict([*self.rate_limits.items(), ("general", values.GENERAL_LIMIT)])
