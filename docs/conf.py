"""The documentation site, which `make docs` builds from the pages of this repository without the network.

The repository itself is the folder of the sources, so that a link between two pages is the same on the site and on a
plain page of the repository.
"""

from __future__ import annotations

import re
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from pygments.lexers.special import TextLexer

from migrator import __version__

if TYPE_CHECKING:
    from collections.abc import Iterator

    from click import Context
    from sphinx.application import Sphinx

project = "Docebo → Descope migrator"
html_title = f"{project} {__version__}"
extensions = ["myst_parser", "sphinx_click"]
root_doc = "docs/index"
include_patterns = ["*.md", "docs/**.md", "examples/**/README.md"]
# Folders without pages are named so that they are not searched.
exclude_patterns = [".*", "build", "demo", "dist", "migrations", "migrator", "mutants", "tests"]
nitpicky = True

myst_heading_anchors = 4
myst_enable_extensions = ["html_image"]  # pictures with a width
default_role = "literal"  # `code` in help texts
highlight_language = "text"

html_theme = "furo"
html_copy_source = html_show_copyright = html_show_sourcelink = False

# The links of these pages are the site's table of contents, each heading a part of it.
CONTENTS = {root_doc, "docs/contract/README", "docs/decisions/README"}
_PAGE_LINK = re.compile(r"\[([^]]+)\]\(([^):#]+)\.md\)")
_FOLDER_LINK = re.compile(r"\]\(([^):#]+)\)")
_HEADING = re.compile(r"^## (.*)$", re.MULTILINE)
_HOME = """<!DOCTYPE html>
<meta charset="utf-8"><title>{0}</title><meta http-equiv="refresh" content="0; url={1}"><a href="{1}">{0}</a>
"""


def setup(app: Sphinx) -> None:
    """What Sphinx calls to let us take part."""
    app.add_lexer("mermaid", TextLexer)  # drawing it takes a script from elsewhere
    app.connect("source-read", _adapt)
    app.connect("sphinx-click-process-description", _keep_columns)
    app.connect("build-finished", _add_home)


def _adapt(app: Sphinx, docname: str, source: list[str]) -> None:
    """Let links to folders lead to their README, and a page of contents carry what it lists."""
    folder = Path(app.srcdir, docname).parent

    def readme(found: re.Match[str]) -> str:
        return f"]({found[1]}/README.md)" if (folder / found[1] / "README.md").is_file() else found[0]

    text = _FOLDER_LINK.sub(readme, source[0])
    source[0] = "\n".join([text, *_contents(text, named=docname == root_doc)]) if docname in CONTENTS else text


def _contents(text: str, *, named: bool) -> Iterator[str]:
    """The tables of contents of a page; `named`: by the words of its links, else by the pages' own titles."""
    first, *parts = _HEADING.split(text)
    for heading, part in zip(["", *parts[::2]], [first, *parts[1::2]], strict=True):
        pages = {page: f"{words.strip('`')} <{page}>" if named else page for words, page in _PAGE_LINK.findall(part)}
        if pages:
            caption = [f":caption: {heading}"] if heading else []
            yield "\n".join(
                ["", "```{toctree}", ":hidden:", *caption, "", *(pages.values() if named else sorted(pages)), "```"]
            )


def _keep_columns(_app: Sphinx, _ctx: Context, lines: list[str]) -> None:
    """Show examples and lists of a help text as the terminal does; a single line may be broken."""
    blocks = groupby(list(lines), key=lambda line: line.startswith("| "))
    lines.clear()
    for kept, block in blocks:
        shown = list(block)
        lines += ["::", "", *(line.replace("| ", "   ", 1) for line in shown), ""] if kept and shown[1:] else shown


def _add_home(app: Sphinx, exception: Exception | None) -> None:
    """The site opens at its root, too."""
    if exception is None:
        Path(app.outdir, "index.html").write_text(_HOME.format(project, f"{root_doc}.html"), encoding="utf-8")
