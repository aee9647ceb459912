"""Configuration files for tests, and the refusals of broken ones."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from migrator.config.schema import Config, load_config
from migrator.core.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

EXAMPLE = Path(__file__).parents[2] / "config.example.yaml"
ENV = {
    "DOCEBO_CLIENT_SECRET": "canary-client",
    "DOCEBO_PASSWORD": "canary-password",
    "DESCOPE_PROJECT_ID": "P2abcdefghijklmnopqrstuvwxyz",
    "DESCOPE_MANAGEMENT_KEY": "K2canary-key",
}
SECTIONS: dict[str, dict[str, Any]] = {
    "docebo": {
        "base_url": "https://acme.docebosaas.com",
        "client_id": "migrator",
        "client_secret": "${DOCEBO_CLIENT_SECRET}",
        "username": "svc",
        "password": "${DOCEBO_PASSWORD}",
    },
    "descope": {"project_id": "P2abc", "management_key": "${DESCOPE_MANAGEMENT_KEY}"},
}


def load_text(folder: Path, text: str | bytes, env: Mapping[str, str] | None = None) -> Config:
    path = folder / "config.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8"))
    return load_config(path, ENV if env is None else env)


def load_with(folder: Path, env: Mapping[str, str] | None = None, **sections: dict[str, Any]) -> Config:
    merged = {name: SECTIONS.get(name, {}) | sections.get(name, {}) for name in {*SECTIONS, *sections}}
    return load_text(folder, yaml.safe_dump(merged), env)


def refusal(folder: Path, text: str | bytes, env: Mapping[str, str] | None = None) -> str:
    """The refusal of a file, with the folder left out of it."""
    with pytest.raises(ConfigError) as caught:
        load_text(folder, text, env)
    assert caught.value.fix
    assert caught.value.exit_code == 2
    return caught.value.message.replace(f"{folder}/", "")


def refusal_with(folder: Path, env: Mapping[str, str] | None = None, **sections: dict[str, Any]) -> str:
    with pytest.raises(ConfigError) as caught:
        load_with(folder, env, **sections)
    return caught.value.message
