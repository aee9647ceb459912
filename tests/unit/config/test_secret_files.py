"""Secrets from files: `file:PATH` as the whole value of a secret key."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from config_files import ENV, load_with, refusal_with
from pydantic import BaseModel, SecretStr

from migrator.config.schema import Config, load_config
from migrator.config.secret_files import MOST_BYTES, secret_keys

if TYPE_CHECKING:
    from pathlib import Path

FROM_FILES = {
    "docebo": {"client_secret": "file:client", "password": "file:secrets/password"},
    "descope": {"management_key": "file:key"},
    "checkpoint": {"url": "file:url"},
}


def plant(folder: Path) -> None:
    (folder / "secrets").mkdir()
    (folder / "client").write_text("canary-client-file\n")
    (folder / "secrets" / "password").write_bytes("canary pässword\r\n".encode())
    (folder / "key").write_text("K2canary-file")
    (folder / "url").write_text("postgresql://me:canary-db-file@h/d\n")


def test_each_secret_may_stand_in_a_file_of_its_own(tmp_path: Path) -> None:
    """Relative paths start from the configuration's folder, one newline at the end is no part of the secret."""
    plant(tmp_path)
    config = load_with(tmp_path, {}, **FROM_FILES)

    assert config.docebo.client_secret.get_secret_value() == "canary-client-file"
    assert config.docebo.password is not None
    assert config.docebo.password.get_secret_value() == "canary pässword"
    assert config.descope.management_key.get_secret_value() == "K2canary-file"
    assert config.checkpoint.sqlalchemy_url.host == "h"
    assert config.secrets() == ["canary-client-file", "canary pässword", "K2canary-file", "canary-db-file"]
    assert "canary" not in f"{config!r} {config.model_dump()} {config.checkpoint.sqlalchemy_url!r}"


def test_every_key_of_a_secret_type_is_found() -> None:
    """Also below a section that may be left out, so that no later secret is forgotten."""

    class Inner(BaseModel):
        token: SecretStr | None = None

    class Outer(BaseModel):
        inner: Inner | None = None
        name: str = ""

    assert list(secret_keys(Outer)) == [("inner", "token")]
    assert {".".join(map(str, key)) for key in secret_keys(Config)} == {
        "docebo.client_secret", "docebo.password", "descope.management_key", "checkpoint.url",
        "serve.token",
    }  # fmt: skip


def test_a_path_may_be_absolute_and_hold_variables(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "key").write_text("K2canary-elsewhere")
    env = {**ENV, "DIR": str(tmp_path / "elsewhere")}

    config = load_with(tmp_path, env, descope={"management_key": "file:${DIR}/key"})

    assert config.descope.management_key.get_secret_value() == "K2canary-elsewhere"


def test_a_secret_in_a_variable_is_never_taken_for_a_path(tmp_path: Path) -> None:
    """A password may begin with `file:`; only what stands in the configuration itself names a file."""
    config = load_with(tmp_path, {**ENV, "DOCEBO_PASSWORD": "file:canary"})

    assert config.docebo.password is not None
    assert config.docebo.password.get_secret_value() == "file:canary"


def test_other_keys_name_no_files(tmp_path: Path) -> None:
    assert load_with(tmp_path, docebo={"username": "file:client"}).docebo.username == "file:client"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param(None, "does not exist", id="missing"),
        pytest.param(b"", "is empty", id="nothing"),
        pytest.param(b"\n", "is empty", id="a newline"),
        pytest.param(b"K2canary\nK2canary\n", "holds several lines", id="two lines"),
        pytest.param(b"K2canary\n\n", "holds several lines", id="an empty second line"),
        pytest.param(b"K2canary\rcanary", "holds several lines", id="a carriage return"),
        pytest.param(b"K2canary\xff", "is not UTF-8 text", id="latin-1"),
        pytest.param(b"k" * MOST_BYTES + b"\n", "is larger than 64 KiB", id="large"),
        pytest.param(b"K2canary canary", "must be ASCII letters", id="no key"),
        pytest.param(b"K2canary\x00", "must be one line without control characters", id="NUL"),
    ],
)
def test_what_is_wrong_with_a_file_names_line_key_and_path_and_never_the_content(
    tmp_path: Path, content: bytes | None, expected: str
) -> None:
    if content is not None:
        (tmp_path / "key").write_bytes(content)

    message = refusal_with(tmp_path, descope={"management_key": "file:key"})

    line = (tmp_path / "config.yaml").read_text().splitlines().index("  management_key: file:key") + 1
    assert message.startswith(f"{tmp_path / 'config.yaml'} line {line}: descope.management_key: ")
    assert expected in message
    assert f"the file {tmp_path / 'key'}" in message
    assert "canary" not in message
    assert message.count("\n") == 0


def test_a_folder_and_a_pipe_are_no_secrets(tmp_path: Path) -> None:
    """A pipe without a writer would be waited for."""
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")

    assert "is a directory" in refusal_with(tmp_path, docebo={"password": "file:folder"})
    assert "is not a regular file" in refusal_with(tmp_path, docebo={"password": "file:pipe"})
    assert "is a directory" in refusal_with(tmp_path, docebo={"password": "file:"})


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("K2canary")
    (tmp_path / "key").chmod(0)

    assert "cannot be read (Permission denied)" in refusal_with(tmp_path, descope={"management_key": "file:key"})


def test_a_file_that_others_may_read_is_no_error(tmp_path: Path) -> None:
    """Containers mount secrets so; whoever may read there is for their owner to say."""
    (tmp_path / "key").write_text("K2canary")
    (tmp_path / "key").chmod(0o644)

    assert load_with(tmp_path, descope={"management_key": "file:key"}).descope.management_key


def test_commands_without_credentials_need_no_files_of_them(tmp_path: Path) -> None:
    """The checkpoint's own address is needed all the same."""
    plant(tmp_path)
    load_with(tmp_path, {}, **FROM_FILES)
    for name in ("client", "key", "secrets/password"):
        (tmp_path / name).unlink()
    path = tmp_path / "config.yaml"

    assert load_config(path, {}, offline=True).checkpoint.sqlalchemy_url.host == "h"
    assert "descope.management_key" in refusal_without_docebo(path)
    (tmp_path / "url").unlink()
    assert "checkpoint.url" in refusal_with(tmp_path, {"DOCEBO_CLIENT_SECRET": "x"}, **FROM_FILES)


def refusal_without_docebo(path: Path) -> str:
    with pytest.raises(Exception, match=r"management_key: the file .* does not exist") as caught:
        load_config(path, {}, without_docebo=True)
    assert "docebo." not in str(caught.value)
    return str(caught.value)
