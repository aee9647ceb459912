"""The configuration (README.md, "Configuration"): what may be written, and what the program reads from it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, TypeAlias

from pydantic import (
    AfterValidator,
    Field,
    PrivateAttr,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from sqlalchemy import URL  # noqa: TC002 -- pydantic reads the annotation at run time

from migrator.config import values
from migrator.config.mapped_attribute import MappedAttribute  # noqa: TC001 -- pydantic reads it at run time
from migrator.config.messages import report_problems, schema_problems
from migrator.config.rules import RoleRule, TenantRule
from migrator.config.secret_files import read_secret_files
from migrator.config.section import (
    FieldName,
    FingerprintedSection,
    PlacedSection,
    Secret,
    Section,
    Text,
    folder_of,
    problem_at,
)
from migrator.config.servers import DescopeConfig, DoceboConfig  # noqa: TC001 -- pydantic reads them at run time
from migrator.config.yaml_file import read_document
from migrator.core.fields import UPDATE_FIELDS
from migrator.core.grants import ROLES, TENANTS, Grant, in_order
from migrator.core.model import DOCEBO_USERNAME, Json, SourceStatus, TargetStatus, canonical_json, text_hash
from migrator.core.sso import ClaimName  # noqa: TC001 -- pydantic reads the annotation at run time

if TYPE_CHECKING:
    from collections.abc import Mapping

    from migrator.core.member_lists import MemberList

UpdateRule: TypeAlias = Literal["source_wins", "fill_if_empty", "target_wins"]
AttributeName: TypeAlias = Annotated[str, AfterValidator(values.attribute_name)]
# strict=False takes YAML's list where a tuple is kept, which cannot change; the items stay strict.
FieldNames: TypeAlias = Annotated[tuple[FieldName, ...], Field(strict=False), AfterValidator(values.distinct)]
Statuses: TypeAlias = Annotated[
    tuple[SourceStatus, ...], Field(strict=False), AfterValidator(values.some), AfterValidator(values.distinct)
]
TenantRules: TypeAlias = Annotated[tuple[TenantRule, ...], Field(strict=False)]
RoleRules: TypeAlias = Annotated[tuple[RoleRule, ...], Field(strict=False)]


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
    tenants: TenantRules = ()
    roles: RoleRules = ()

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
            raise problem_at(text, [DOCEBO_USERNAME])
        return value

    @field_validator("roles")
    @classmethod
    def _roles_or_tenants(cls, value: RoleRules, info: ValidationInfo) -> RoleRules:
        if value and info.data.get("tenants"):
            raise ValueError(
                "cannot stand beside mapping.tenants: Descope takes no user with tenants and roles of the project;"
                " give roles in a tenant there"
            )
        return value

    @property
    def rules(self) -> tuple[TenantRule | RoleRule, ...]:
        """All rules, in the order of writing."""
        return (*self.tenants, *self.roles)

    @property
    def grants(self) -> tuple[Grant, ...]:
        """Everything that the rules can give."""
        return in_order(grant for rule in self.rules for grant in rule.grants)

    def keyed_rules(self) -> list[tuple[str, TenantRule | RoleRule]]:
        """All rules, each with its key, as in `tenants[0]`."""
        return [
            (f"{name}[{number}]", rule) for name in (TENANTS, ROLES) for number, rule in enumerate(getattr(self, name))
        ]

    def rules_asking(self, asked: MemberList) -> list[str]:
        """The keys of the rules that ask for these members, as in `mapping.tenants[0].when.branch`."""
        return [
            f"mapping.{key}.when.{asked.kind}"
            for key, rule in self.keyed_rules()
            if asked in (*rule.when.branches, *rule.when.groups)
        ]

    @property
    def member_lists(self) -> tuple[MemberList, ...]:
        """The branches and groups that the rules name, each once."""
        asked = (one for rule in self.rules for one in (*rule.when.branches, *rule.when.groups))
        return tuple(dict.fromkeys(asked))


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


class ServeConfig(Section):
    """The just-in-time endpoint (docs/serve.md): only `migrator serve` needs the token."""

    listen: Annotated[str, AfterValidator(values.socket_address)] = "127.0.0.1:8484"
    token: Annotated[Secret, AfterValidator(values.token)] | None = None
    docebo_calls_per_hour: Annotated[int, values.at_least(1)] = 300
    metrics_listen: Annotated[str, AfterValidator(values.socket_address)] = "127.0.0.1:8485"
    public_key: Text | None = None

    @field_validator("public_key")
    @classmethod
    def _resolve_key(cls, value: str | None, info: ValidationInfo) -> str | None:
        return None if value is None else str(folder_of(info.context) / value)


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
    serve: ServeConfig

    @model_validator(mode="before")
    @classmethod
    def _fill_sections(cls, data: Json) -> Json:
        """A section that is left out, or whose keys are all commented out, has its defaults."""
        if not isinstance(data, dict):
            return data
        sections = {name: section for name, section in data.items() if section is not None}
        optional = ("checkpoint", "mapping", "policy", "run", "sso", "report", "metrics", "serve")
        return {name: {} for name in optional} | sections

    @field_validator("policy")
    @classmethod
    def _known_update_fields(cls, policy: PolicyConfig, info: ValidationInfo) -> PolicyConfig:
        if "mapping" not in info.data:
            return policy  # the attributes are not known while their own section is wrong
        if policy.update.get(DOCEBO_USERNAME, "source_wins") != "source_wins":
            text = "always follows Docebo: people with another one lose their Docebo account; take the line out"
            raise problem_at(text, ["update", DOCEBO_USERNAME])
        known = {"default", DOCEBO_USERNAME, *UPDATE_FIELDS, *info.data["mapping"].attributes}
        unknown = [name for name in policy.update if name not in known]
        if unknown:
            text = f"is neither a mapped attribute nor one of default, {', '.join(UPDATE_FIELDS)}"
            raise problem_at(text, *(["update", name] for name in unknown))
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

    def sharing(self, descope: float) -> Config:
        """The same for a run beside sign-ins: without their calls to Docebo and this share of Descope's limits."""
        calls = self.docebo.calls_per_hour
        left = calls and max(1, calls - self.serve.docebo_calls_per_hour)
        docebo = self.docebo.model_copy(update={"calls_per_hour": left})
        return self.model_copy(update={"docebo": docebo, "descope": self.descope.leaving(descope)})

    def for_sign_ins(self, descope: float) -> Config:
        """The same for sign-ins alone, with their calls to Docebo and this share of Descope's limits."""
        calls = self.serve.docebo_calls_per_hour
        docebo = self.docebo.model_copy(update={"calls_per_hour": calls, "concurrency": 1})
        return self.model_copy(update={"docebo": docebo, "descope": self.descope.leaving(1 - descope)})

    def secrets(self) -> list[str]:
        """Every secret in clear, for the redaction of logs; nothing else may use it."""
        hidden = (self.docebo.client_secret, self.docebo.password, self.descope.management_key, self.serve.token)
        texts = [secret.get_secret_value() for secret in hidden if secret is not None]
        database_password = self.checkpoint.sqlalchemy_url.password
        return [*texts, database_password] if database_password else texts


# Secrets that only the two servers ask for, and those who ask `migrator serve`.
_CREDENTIALS: Final = (("docebo", "client_secret"), ("docebo", "password"), ("descope", "management_key"))
_TOKEN: Final = ("serve", "token")


def load_config(
    path: Path,
    env: Mapping[str, str],
    *,
    offline: bool = False,
    without_docebo: bool = False,
    serving: bool = False,
) -> Config:
    """Read, complete and check a configuration file.

    Args:
        path: the YAML file; relative paths inside it start from its folder.
        env: the variables that `${NAME}` may name.
        offline: neither server will be asked, so that the variables and files of their secrets may be missing.
        without_docebo: Docebo will not be asked; the same for its secrets alone.
        serving: the token is needed, which may be missing otherwise.

    Raises:
        ConfigError: with everything that is wrong, one line each: file, line, key and what to write
            instead. Values are never shown, since any of them may be a secret.
    """
    unasked = [one for one in _CREDENTIALS if offline or (without_docebo and one[0] == "docebo")]
    if not serving:
        unasked.append(_TOKEN)
    document = read_document(path, env, unasked)
    read_secret_files(document, Config, folder_of({"path": path}), unasked)
    problems = list(document.problems)
    try:
        config = Config.model_validate(document.data, context={"path": path, "lines": document.lines})
    except ValidationError as error:
        problems += schema_problems(error, document, Config)
    if problems:
        raise report_problems(path, problems)
    return config
