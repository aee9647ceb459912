"""Addresses in the configuration: one spelling each, nothing dangerous."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from config_files import ENV, SECTIONS, load_with, refusal_with

from migrator.config.schema import load_config


@pytest.mark.parametrize(
    ("url", "kept", "platform"),
    [
        ("https://acme.docebosaas.com", "https://acme.docebosaas.com", "acme.docebosaas.com"),
        ("https://acme.docebosaas.com/", "https://acme.docebosaas.com", "acme.docebosaas.com"),
        ("HTTPS://Acme.DoceboSaaS.com:443", "https://acme.docebosaas.com", "acme.docebosaas.com"),
        ("https://acme.docebosaas.com:8443", "https://acme.docebosaas.com:8443", "acme.docebosaas.com:8443"),
        ("https://10.0.0.5", "https://10.0.0.5", "10.0.0.5"),
        ("https://[2001:DB8::1]:444", "https://[2001:db8::1]:444", "[2001:db8::1]:444"),
        ("https://Bücher.example", "https://xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("https://xn--bcher-kva.example", "https://xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080", "127.0.0.1:8080"),
        ("http://127.8.9.10:80/", "http://127.8.9.10", "127.8.9.10"),
        ("http://localhost:443", "http://localhost:443", "localhost:443"),
        ("http://[::1]:8080", "http://[::1]:8080", "[::1]:8080"),
    ],
)
def test_an_address_has_one_spelling(tmp_path: Path, url: str, kept: str, platform: str) -> None:
    config = load_with(tmp_path, docebo={"base_url": url}, descope={"base_url": url})

    assert (config.docebo.base_url, config.docebo.platform, config.descope.url) == (kept, platform, kept)


def test_b14_the_platforms_name_is_its_host_unless_said_otherwise(tmp_path: Path) -> None:
    """A name of its own is kept to the letter; null is the same as no key, and a wrong address is one error."""
    renamed = {"base_url": "https://learn.acme.com"}

    assert load_with(tmp_path, docebo=renamed | {"platform": "Acme.docebosaas.com"}).docebo.platform == (
        "Acme.docebosaas.com"
    )
    assert load_with(tmp_path, docebo=renamed | {"platform": None}).docebo.platform == "learn.acme.com"
    assert len(refusal_with(tmp_path, docebo={"base_url": "acme"}).splitlines()) == 1


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://acme.docebosaas.com", "must begin with https://"),
        ("http://10.0.0.5", "must begin with https://"),
        ("http://128.0.0.1", "must begin with https://"),
        ("http://0.0.0.0", "must begin with https://"),
        ("http://[::ffff:127.0.0.1]", "must begin with https://"),
        ("http://localhost.evil.com", "must begin with https://"),
        ("http://127.0.0.1.evil.com", "must begin with https://"),
        ("file:///etc/passwd", "must begin with https://"),
        ("ftp://acme.com", "must begin with https://"),
        ("acme.docebosaas.com", "must begin with https://"),
        ("//acme.docebosaas.com", "must begin with https://"),
        ("https://", "must name a host"),
        ("https:///path", "must name a host"),
        ("https://user:pass@acme.com", "must not carry a user name or password"),
        ("https://@acme.com", "must not carry a user name or password"),
        ("https://acme.com?a=1", "must not carry a query"),
        ("https://acme.com/?", "must not carry a query"),
        ("https://acme.com#a", "must not carry a query"),
        ("https://acme.com/manage", "must end after the host"),
        ("https://acme.com//", "must end after the host"),
        ("https://acme.com:0", "must name a port"),
        ("https://acme.com:", "must name a port"),
        ("https://acme.com:99999", "must be an address"),
        ("https://acme.com:x", "must be an address"),
        ("https://[::1", "must be an address"),
        ("https://acme.com\\@evil.com", "must be an address without"),
        ("https://acme .com", "must be an address without"),
        ("https://acme.com\n", "must be an address without"),
        ("https://acme..com", "must name a valid host"),
        ("https://-acme.com", "must name a valid host"),
        ("https://acme%2ecom", "must name a valid host"),
        ("https://[fe80::1%25eth0]", "must name a valid host"),
        ("https://127.1", "must name a valid host"),
        ("https://2130706433", "must name a valid host"),
        ("https://0x7f000001", "must name a valid host"),
        ("https://a\u2024\u2488com", "must name a valid host"),
    ],
)
def test_a_dangerous_or_broken_address_is_refused(tmp_path: Path, url: str, expected: str) -> None:
    message = refusal_with(tmp_path, docebo={"base_url": url})

    assert "docebo.base_url: " in message
    assert expected in message


@pytest.mark.parametrize(
    ("project", "url"),
    [
        ("P2abcdefghijklmnopqrstuvwxyz1", "https://api.descope.com"),
        ("P" + "x" * 30, "https://api.descope.com"),
        ("Peuc1" + "x" * 27, "https://api.euc1.descope.com"),
        ("Puse1" + "x" * 28, "https://api.use1.descope.com"),
    ],
)
def test_the_project_id_tells_the_region(tmp_path: Path, project: str, url: str) -> None:
    assert load_with(tmp_path, descope={"project_id": project}).descope.url == url


@pytest.mark.parametrize(
    ("given", "limits"),
    [
        ("documented", {"create": 100, "search": 200, "user": 500, "general": 100}),
        ("none", {}),
        ({"create": 5}, {"create": 5, "search": 200, "user": 500, "general": 100}),
        ({"create": 1, "search": 2, "user": 3}, {"create": 1, "search": 2, "user": 3, "general": 100}),
    ],
)
def test_rate_limits_are_spelled_out(tmp_path: Path, given: Any, limits: dict[str, int]) -> None:
    assert load_with(tmp_path, descope={"rate_limits": given}).descope.limits == limits


@pytest.mark.parametrize("folder", ["plain", "with ?question", "with %20", "with #"])
def test_relative_paths_start_from_the_folder_of_the_file(
    tmp_path: Path, folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / folder
    home.mkdir()
    (home / "config.yaml").write_text(yaml.safe_dump(SECTIONS | {"checkpoint": {"url": "sqlite:///data/m.db"}}))
    monkeypatch.chdir(tmp_path)

    config = load_config(Path(folder) / "config.yaml", ENV)

    assert config.checkpoint.sqlalchemy_url.drivername == "sqlite"
    assert config.checkpoint.sqlalchemy_url.database == str(home / "data/m.db")
    assert config.report.path == home / "reports"


def test_absolute_paths_stay(tmp_path: Path) -> None:
    config = load_with(tmp_path, checkpoint={"url": "sqlite:////var/lib/m.db"}, report={"dir": "/var/reports"})

    assert config.checkpoint.sqlalchemy_url.database == "/var/lib/m.db"
    assert config.report.path == Path("/var/reports")


@pytest.mark.parametrize("scheme", ["postgresql+psycopg", "postgresql", "postgres"])
def test_postgres_has_one_driver(tmp_path: Path, scheme: str) -> None:
    url = load_with(
        tmp_path, checkpoint={"url": f"{scheme}://me:p%40ss@db:5433/m?sslmode=require"}
    ).checkpoint.sqlalchemy_url

    assert url.drivername == "postgresql+psycopg"
    assert (url.username, url.password, url.host, url.port, url.database) == ("me", "p@ss", "db", 5433, "m")
    assert url.query == {"sslmode": "require"}


@pytest.mark.parametrize(
    "url",
    [
        "sqlite://", "sqlite:///", "sqlite:///:memory:", "sqlite:///file::memory:?uri=true", "sqlite:///file:a",
        "sqlite:///a.db?mode=memory", "sqlite://host/a.db", "sqlite+aiosqlite:///a.db", "sqlite+pysqlite:///a.db",
        "postgresql+psycopg2://u:canary@h/d", "postgresql+asyncpg://u:canary@h/d", "mysql://u:canary@h/d",
        "postgresql://u:canary@h", "postgresql://u:canary@h/", "postgresql://u@h/d?password=canary",
        "postgresql://u:canary@h:port/d", "migrator.db", "", "http://h/d",
    ],
)  # fmt: skip
def test_other_databases_are_refused(tmp_path: Path, url: str) -> None:
    message = refusal_with(tmp_path, checkpoint={"url": url})

    assert "checkpoint.url: must " in message
    assert "canary" not in message


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("http://proxy.acme.com:3128", "http://proxy.acme.com:3128"),
        ("http://Proxy.ACME.com:80/", "http://proxy.acme.com:80"),
        ("http://[::1]:3128", "http://[::1]:3128"),
        ("http://10.0.0.1:8080", "http://10.0.0.1:8080"),
    ],
)
def test_a_proxy_is_kept_in_one_spelling(tmp_path: Path, url: str, kept: str) -> None:
    config = load_with(tmp_path, docebo={"proxy": url}, descope={"proxy": url})

    assert (config.docebo.proxy, config.descope.proxy) == (kept, kept)


@pytest.mark.parametrize(
    "url",
    [
        "", "proxy.acme.com:3128", "http://proxy.acme.com", "https://proxy.acme.com:3128", "socks5://proxy.acme.com:1080",
        "http://me:canary@proxy.acme.com:3128", "http://@proxy.acme.com:3128", "http://:3128", "http://proxy:0",
        "http://proxy:99999", "http://proxy:3128/path", "http://proxy:3128?a=b", "http://proxy:3128#a", "http://a b:1",
        "http://proxy:3128\n",
    ],
)  # fmt: skip
def test_whatever_is_no_proxy_is_refused_without_being_shown(tmp_path: Path, url: str) -> None:
    message = refusal_with(tmp_path, docebo={"proxy": url})

    assert "docebo.proxy: must " in message
    assert "canary" not in message


def test_a_file_of_authorities_starts_from_the_configurations_folder(tmp_path: Path) -> None:
    """The word system is no path."""
    config = load_with(tmp_path, docebo={"ca_file": "own.pem"}, descope={"ca_file": "system"})

    assert (config.docebo.ca_file, config.descope.ca_file) == (str(tmp_path / "own.pem"), "system")


@pytest.mark.parametrize(
    ("project_id", "base_url", "says"),
    [
        ("Peuc1abcdefghijklmnopqrstuvwxyz01", None, ""),
        ("Peuc1abcdefghijklmnopqrstuvwxyz01", "https://api.euc1.descope.com", ""),
        ("Peuc1abcdefghijklmnopqrstuvwxyz01", "https://api.descope.com", "the region euc1, whose address is"),
        ("Peuc1abcdefghijklmnopqrstuvwxyz01", "https://api.aps2.descope.com", "the region euc1, whose address is"),
        ("Peuc1abcdefghijklmnopqrstuvwxyz01", "https://auth.acme.com", "the region euc1, whose address is"),
        ("P2abc", None, ""),
        ("P2abc", "https://api.descope.com", ""),
        ("P2abc", "https://auth.acme.com", ""),
        ("P2abc", "https://api.euc1.descope.com", "names no region, whose address is https://api.descope.com, but"),
    ],
)
def test_an_address_of_another_region_is_known(
    tmp_path: Path, project_id: str, base_url: str | None, says: str
) -> None:
    """The id names the region; an address of one's own may be right, and is suspected only where the key is refused."""
    config = load_with(tmp_path, descope={"project_id": project_id, "base_url": base_url})

    assert says in config.descope.other_region
    assert bool(config.descope.other_region) == bool(says)
