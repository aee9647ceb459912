"""The configuration (README.md, "Configuration"): what may be written, and what the program reads from it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, TypeAlias

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    PrivateAttr,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError
from sqlalchemy import URL  # noqa: TC002 -- pydantic reads the annotation at run time

from migrator.config import values
from migrator.config.mapped_attribute import MappedAttribute  # noqa: TC001 -- pydantic reads it at run time
from migrator.config.messages import report_problems, schema_problems
from migrator.config.section import (
    FieldName,
    FingerprintedSection,
    LimitedSection,
    PlacedSection,
    Section,
    folder_of,
)
from migrator.config.yaml_file import read_document
from migrator.core.fields import UPDATE_FIELDS
from migrator.core.model import DOCEBO_USERNAME, Json, SourceStatus, TargetStatus, canonical_json, text_hash
from migrator.core.sso import ClaimName  # noqa: TC001 -- pydantic reads the annotation at run time

if TYPE_CHECKING:
    from collections.abc import Mapping

UpdateRule: TypeAlias = Literal["source_wins", "fill_if_empty", "target_wins"]
Text: TypeAlias = Annotated[str, AfterValidator(values.text)]
Secret: TypeAlias = Annotated[SecretStr, AfterValidator(values.secret)]
BaseUrl: TypeAlias = Annotated[str, AfterValidator(values.base_url)]
AttributeName: TypeAlias = Annotated[str, AfterValidator(values.attribute_name)]
# strict=False takes YAML's list where a tuple is kept, which cannot change; the items stay strict.
FieldNames: TypeAlias = Annotated[tuple[FieldName, ...], Field(strict=False), AfterValidator(values.distinct)]
Statuses: TypeAlias = Annotated[
    tuple[SourceStatus, ...], Field(strict=False), AfterValidator(values.some), AfterValidator(values.distinct)
]
NoRules: TypeAlias = Annotated[tuple[Json, ...], Field(strict=False)]

_REGIONAL_ID_LENGTH = 32


def _at(text: str, *keys: list[str]) -> PydanticCustomError:
    """A complaint about several keys below the one that is checked."""
    return PydanticCustomError("at", "{text}", {"text": text, "at": keys})


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

    @model_validator(mode="after")
    def _each_in_its_place(self) -> DescopeConfig:
        """Ids begin with P and keys with K, so that a mix-up is known before anything is sent."""
        if not self.project_id.startswith("K"):
            return self
        if self.management_key.get_secret_value().startswith("P"):
            text = "project id and management key are swapped: an id begins with P, a key with K"
            raise _at(text, ["project_id"], ["management_key"])
        raise _at("this is a management key; a project id begins with P", ["project_id"])

    @property
    def url(self) -> str:
        """The API's address: `base_url`, else that of the project id's region (docs/contract/descope.md 1)."""
        if self.base_url is not None:
            return self.base_url
        return f"https://api.{self.project_id[1:5]}.descope.com" if self._regional else "https://api.descope.com"

    @property
    def address_setting(self) -> str:
        """The key that `url` comes from, with its place, and how it was derived."""
        if self.base_url is not None:
            return self.place_of("descope.base_url")
        region = "derived from the region in it" if self._regional else "used for every id that names no region"
        return f"{self.place_of('descope.project_id')}: the address {self.url} is {region}"

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


class CheckpointConfig(Section):
    """Where progress is kept. `url` may hold a password, so it prints as stars."""

    url: SecretStr = SecretStr("sqlite:///migrator.db")
    keep_profiles: Literal["until_done", "always"] = "until_done"
    key: Annotated[str, AfterValidator(values.checkpoint_key)] = "default"

    _resolved: URL = PrivateAttr()

    @field_validator("url")
    @classmethod
    def _valid_url(cls, value: SecretStr, info: ValidationInfo) -> SecretStr:
        values.database_url(value.get_secret_value(), folder_of(info.context))
        return value

    def model_post_init(self, context: Any, /) -> None:  # noqa: ANN401 -- pydantic's own signature
        """Resolve the URL once; as text it could not hold every folder's name."""
        self._resolved = values.database_url(self.url.get_secret_value(), folder_of(context))

    @property
    def sqlalchemy_url(self) -> URL:
        """`sqlite` with an absolute path, or `postgresql+psycopg`."""
        return self._resolved


class StatusConfig(Section):
    """Descope's status for each status of a Docebo user."""

    active: TargetStatus = "enabled"
    suspended: TargetStatus = "disabled"
    expired: TargetStatus = "disabled"


class MappingConfig(FingerprintedSection):
    """How a Docebo record becomes a Descope user (README.md, "What is sent, and what never is")."""

    login_id: Literal["email", "username"] = "email"
    extra_login_ids: FieldNames = ()
    missing_email: Literal["reject", "synthesize"] = "reject"
    synthesize_domain: Annotated[str, AfterValidator(values.email_domain)] | None = None
    phone_field: FieldName | None = None
    phone_region: Annotated[str, AfterValidator(values.phone_region)] | None = None
    status: StatusConfig = Field(default_factory=StatusConfig)
    attributes: dict[AttributeName, MappedAttribute] = Field(default_factory=dict)
    tenants: NoRules = ()
    roles: NoRules = ()

    @field_validator("synthesize_domain")
    @classmethod
    def _needed_to_synthesize(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is None and info.data.get("missing_email") == "synthesize":
            raise ValueError("is required with mapping.missing_email: synthesize")
        return value

    @field_validator("attributes")
    @classmethod
    def _username_as_it_is(cls, value: dict[str, MappedAttribute]) -> dict[str, MappedAttribute]:
        """Mapped to Docebo's user name as text, it says what happens anyway; so people wrote before it did."""
        mapped = value.get(DOCEBO_USERNAME)
        if mapped is not None and (mapped.field, mapped.type) != ("username", "text"):
            text = "this attribute always holds Docebo's user name, without being mapped; choose another name"
            raise _at(text, [DOCEBO_USERNAME])
        return value

    @field_validator("tenants", "roles")
    @classmethod
    def _no_rules(cls, value: tuple[Json, ...], info: ValidationInfo) -> tuple[Json, ...]:
        if value:
            kind = (info.field_name or "").removesuffix("s")
            raise ValueError(f"{kind} rules are not available in this version; leave the list empty")
        return value


class PolicyConfig(FingerprintedSection):
    """What to do where a choice is needed."""

    include: Statuses = ("active", "suspended", "expired")
    duplicate_email: Literal["conflict", "oldest", "newest_login"] = "conflict"
    existing: Literal["conflict", "link"] = "conflict"
    update: dict[str, UpdateRule] = Field(default_factory=dict)
    vanished: Literal["report", "disable"] = "report"

    def fingerprint(self) -> str:
        """Of what a conflict is judged by: a user who is gone is no reason to judge others anew."""
        return text_hash(canonical_json(self.model_dump(mode="json", exclude={"vanished"})))

    @field_validator("include")
    @classmethod
    def _in_one_order(cls, value: tuple[SourceStatus, ...]) -> tuple[SourceStatus, ...]:
        return tuple(sorted(value))  # the fingerprint must not depend on the order of writing

    @field_validator("update")
    @classmethod
    def _with_default(cls, value: dict[str, UpdateRule]) -> dict[str, UpdateRule]:
        return {"default": "source_wins", **value}


class SsoConfig(Section):
    """How people reach Docebo after the migration: what it matches with its user names (docs/decisions/0028)."""

    claim: ClaimName = "doceboUsername"
    match: Literal["exact", "ignore_case"] = "exact"


class RunConfig(Section):
    """How fast, and when to give up."""

    concurrency: Annotated[int, values.between(1, values.MOST_CONCURRENT)] = 4
    max_errors: Annotated[int, values.at_least(1)] | None = None


class ReportConfig(Section):
    """Where the reports go."""

    dir: Text = "reports"

    @field_validator("dir")
    @classmethod
    def _resolve_dir(cls, value: str, info: ValidationInfo) -> str:
        return str(folder_of(info.context) / value)

    @property
    def path(self) -> Path:
        """The folder of the reports, absolute."""
        return Path(self.dir)


class MetricsConfig(Section):
    """Where a monitoring system finds the numbers of a run."""

    file: Text | None = None

    @field_validator("file")
    @classmethod
    def _resolve_file(cls, value: str | None, info: ValidationInfo) -> str | None:
        return None if value is None else str(folder_of(info.context) / value)

    @property
    def path(self) -> Path | None:
        """The text file, absolute; None for none."""
        return None if self.file is None else Path(self.file)


class Config(PlacedSection, FingerprintedSection):
    """A whole, valid configuration."""

    docebo: DoceboConfig
    descope: DescopeConfig
    checkpoint: CheckpointConfig
    mapping: MappingConfig
    policy: PolicyConfig
    run: RunConfig
    sso: SsoConfig
    report: ReportConfig
    metrics: MetricsConfig

    @model_validator(mode="before")
    @classmethod
    def _fill_sections(cls, data: Json) -> Json:
        """A section that is left out, or whose keys are all commented out, has its defaults."""
        if not isinstance(data, dict):
            return data
        sections = {name: section for name, section in data.items() if section is not None}
        optional = ("checkpoint", "mapping", "policy", "run", "sso", "report", "metrics")
        return {name: {} for name in optional} | sections

    @field_validator("policy")
    @classmethod
    def _known_update_fields(cls, policy: PolicyConfig, info: ValidationInfo) -> PolicyConfig:
        if "mapping" not in info.data:
            return policy  # the attributes are not known while their own section is wrong
        if policy.update.get(DOCEBO_USERNAME, "source_wins") != "source_wins":
            text = "always follows Docebo: people with another one lose their Docebo account; take the line out"
            raise _at(text, ["update", DOCEBO_USERNAME])
        known = {"default", DOCEBO_USERNAME, *UPDATE_FIELDS, *info.data["mapping"].attributes}
        unknown = [name for name in policy.update if name not in known]
        if unknown:
            text = f"is neither a mapped attribute nor one of default, {', '.join(UPDATE_FIELDS)}"
            raise _at(text, *(["update", name] for name in unknown))
        return policy

    @property
    def path(self) -> Path:
        """The file this was read from."""
        return self._places.path

    @property
    def unlimited(self) -> list[str]:
        """The names of the APIs for which no rate limit is set."""
        limits = {"Docebo": self.docebo.calls_per_hour, "Descope": self.descope.limits}
        return [api for api, found in limits.items() if not found]

    def leaving(self, share: float) -> Config:
        """The same configuration with this share of every rate limit (0 to 0.9) free for others."""
        return self.model_copy(update={"docebo": self.docebo.leaving(share), "descope": self.descope.leaving(share)})

    def steered(self, rate: float | None, concurrency: int | None) -> Config:
        """The same configuration as a run goes by it that was steered; None for what was not set.

        Args:
            rate: the share (0.01 to 1) of what it would otherwise use of every rate limit.
            concurrency: write batches in flight.
        """
        config = self if rate is None else self.leaving(1 - rate * (1 - self.docebo.leave))
        if concurrency is None:
            return config
        return config.model_copy(update={"run": config.run.model_copy(update={"concurrency": concurrency})})

    def secrets(self) -> list[str]:
        """Every secret in clear, for the redaction of logs; nothing else may use it."""
        hidden = (self.docebo.client_secret, self.docebo.password, self.descope.management_key)
        texts = [secret.get_secret_value() for secret in hidden if secret is not None]
        database_password = self.checkpoint.sqlalchemy_url.password
        return [*texts, database_password] if database_password else texts


# Secrets that only the two servers ask for.
_CREDENTIALS: Final = (("docebo", "client_secret"), ("docebo", "password"), ("descope", "management_key"))


def load_config(path: Path, env: Mapping[str, str], *, offline: bool = False) -> Config:
    """Read, complete and check a configuration file.

    Args:
        path: the YAML file; relative paths inside it start from its folder.
        env: the variables that `${NAME}` may name.
        offline: neither server will be asked, so that the variables of their secrets may be missing.

    Raises:
        ConfigError: with everything that is wrong, one line each: file, line, key and what to write
            instead. Values are never shown, since any of them may be a secret.
    """
    document = read_document(path, env, _CREDENTIALS if offline else ())
    problems = list(document.problems)
    try:
        config = Config.model_validate(document.data, context={"path": path, "lines": document.lines})
    except ValidationError as error:
        problems += schema_problems(error, document, Config)
    if problems:
        raise report_problems(path, problems)
    return config
