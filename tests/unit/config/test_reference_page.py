"""The page of the configuration, made from the example's comments and the schema."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from migrator.config.reference_page import render_reference
from migrator.config.schema import Config

PAGE = Path(__file__).parents[3] / "docs" / "configuration.md"


def test_the_page_is_what_the_code_says() -> None:
    """`docs/configuration.md` is the rendered page; it says itself how it is made anew."""
    command = re.search(r"python (-m [\w.]+) > docs/configuration\.md", render_reference())
    assert command
    printed = subprocess.run(
        [sys.executable, *command[1].split()], capture_output=True, check=True, encoding="utf-8"
    ).stdout

    assert PAGE.read_text(encoding="utf-8") == render_reference() == printed


def test_every_key_of_the_schema_has_its_heading_in_the_order_of_the_example() -> None:
    """A key that the example leaves out, and one that the schema does not have, would show."""
    headings = re.findall(r"^### (.*)$", render_reference(), re.MULTILINE)
    keys = {
        f"{name}.{key}"
        for name, section in Config.model_fields.items()
        for key in section.annotation.model_fields  # type: ignore[union-attr] # each section is a model
    }

    assert len(headings) == len(set(headings))
    assert set(headings) == keys


def test_every_key_says_what_it_is_for_and_what_it_is_otherwise() -> None:
    """Below each heading stand a default or an example, the words to choose from, and the comment."""
    page = render_reference()
    value = r"(?: `[^`]+`\n\n|\n\n```yaml\n[^`]+```\n\n)"
    facts = re.compile(rf"[\w.]+\n\n(?:Default|Example):{value}(?:Values: .*\n\n)?\w.{{15}}")

    assert [part for part in re.split(r"^### ", page, flags=re.MULTILINE)[1:] if not facts.match(part)] == []
    assert "docebo.grant\n\nDefault: `password`\n\nValues: `password`, `client_credentials`\n\nHow to sign in" in page
    assert "docebo.client_secret\n\nExample: `${DOCEBO_CLIENT_SECRET}`\n\nRequired. The OAuth2 app" in page
    assert "serve.token\n\nExample: `${MIGRATOR_SERVE_TOKEN}`" in page
    assert "policy.update\n\nDefault:\n\n```yaml\ndefault: source_wins\n```\n\nValues: `source_wins`" in page
