"""Files of the repository as pages with numbered lines, and a picture of the layers they lie in.

``{source}`minitorch/autograd/walk.py``` links to the file's page and says how long it is; with
``{source}`the engine <minitorch/autograd/walk.py>``` it only links, and so does an ordinary link
to ``../minitorch/autograd/walk.py``. ``{layers}`` draws the layers. All is counted while the site
is built.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent.parent
LINK = re.compile(r"\[([^\]]*)\]\(\.\./((?:minitorch|benchmarks|tests)/[\w/]+\.py)\)")
NO_PAGE = re.compile(r"\[([^\]]*)\]\(\.\./(?:[\w/]+|README\.md)(?:#[\w-]*)?\)")  # folders
ROLE = re.compile(r"\{source\}`(?:[^`<]*<)?([\w./]+\.py)>?`")

SESSION = re.compile(r"(```python\n>>>(?:(?!```).)*?)\n+```", re.DOTALL)

LAYER_NAMES = {
    6: "commands and views",
    5: "networks, training, files",
    4: "making tensors",
    3: "the class Tensor",
    2: "operations, each with its gradient",
    1: "the graph, and the walk back",
    0: "NumPy in, NumPy out",
}


def lines_of(path: str) -> int:
    """Return how many lines a file of the repository has, or all files of a package."""
    found = ROOT / path
    files = [found] if found.is_file() else sorted(found.rglob("*.py"))
    return sum(len(file.read_text(encoding="utf-8").splitlines()) for file in files)


def files_named(text: str) -> list[str]:
    """Return the files that a page's text links to.

    >>> files_named("{source}`a/b.py`, {source}`this <c.py>`, [that](../tests/oracle.py)")
    ['a/b.py', 'c.py', 'tests/oracle.py']
    """
    return ROLE.findall(text) + [path for _, path in LINK.findall(text)]


def as_role(link: re.Match[str]) -> str:
    """Return the role that does what a link to a file does.

    >>> LINK.sub(as_role, "[the oracle](../tests/oracle.py), [`a file`](../tests/a.py)")
    '{source}`the oracle <tests/oracle.py>`, {source}`a file <tests/a.py>`'
    """
    return "{source}`" + link[1].strip("`") + f" <{link[2]}>`"


def links_to_roles(app: Any, name: str, text: list[str]) -> None:
    """Link to the pages of files, not of folders; drop the blank line that ends a session."""
    text[0] = SESSION.sub(r"\1\n```", text[0])
    text[0] = NO_PAGE.sub(r"\1", LINK.sub(as_role, text[0]))


def written() -> list[Path]:
    """Return the pages that are written by hand, in Markdown."""
    docs = ROOT / "docs"
    return sorted([*docs.glob("*.md"), *(docs / "decisions").glob("*.md")])


def defined_in(path: str) -> set[str]:
    """Return the names that a file defines: classes, functions, variables, attributes.

    >>> sorted({"ReferenceRole", "Source", "ROOT"} & defined_in("docs/_extensions/source.py"))
    ['ROOT', 'Source']
    """
    found = set()
    for node in ast.walk(ast.parse((ROOT / path).read_text(encoding="utf-8"))):
        match node:
            case ast.ClassDef() | ast.FunctionDef():
                found.add(node.name)
            case ast.Name(ctx=ast.Store()):
                found.add(node.id)
            case ast.Attribute(ctx=ast.Store()):
                found.add(node.attr)
    return found


def pages(app: Any) -> Iterator[tuple[str, dict[str, Any], str]]:
    """Yield a page for each file that some page links to."""
    named = {path for page in written() for path in files_named(page.read_text())}
    for path in sorted(named):
        code = (ROOT / path).read_text(encoding="utf-8")
        body = app.builder.highlighter.highlight_block(
            code, "python", linenos="inline", lineanchors="line", anchorlinenos=True
        )
        shown = path.replace("/", "/<wbr>")
        context = {"title": path, "body": f'<div class="source"><h1>{shown}</h1>{body}</div>'}
        yield f"source/{path}", context, "page.html"


# ---- the picture ------------------------------------------------------------------------------


def layers() -> dict[int, list[str]]:
    """Return the modules of each layer, the highest first, as the test of imports has them."""
    table_of = ROOT / "tests" / "project" / "test_import_layers.py"
    tree = ast.parse(table_of.read_text(encoding="utf-8"))
    (table,) = (
        node.value
        for node in tree.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "LAYERS"
    )
    found: dict[int, list[str]] = {}
    for module, layer in ast.literal_eval(table).items():
        found.setdefault(int(layer), []).append(module.removeprefix("minitorch."))
    return dict(sorted(found.items(), reverse=True))


def drawing() -> str:
    """Return the layers as SVG, in the colours of the page: light or dark, as that is."""
    width, chip, gap, glyph = 440, 24, 6, 7.3
    parts, y = [], 8
    for layer, modules in layers().items():
        top, x, row = y, 16.0, y + 30
        chips = []
        for module in sorted(modules, key=lambda name: (name.startswith("_"), name)):
            length = len(module) * glyph + 14
            if x + length > width - 16:
                x, row = 16.0, row + chip + gap
            chips.append(
                f'<rect x="{x:.0f}" y="{row}" width="{length:.0f}" height="{chip}" rx="4" '
                'fill="var(--color-background-primary)" stroke="var(--color-background-border)"/>'
                f'<text x="{x + length / 2:.0f}" y="{row + 16}" text-anchor="middle" '
                f'class="module">{escape(module)}</text>'
            )
            x += length + gap
        y = row + chip + 12
        parts.append(
            f'<rect x="8" y="{top}" width="{width - 16}" height="{y - top}" rx="6" '
            'fill="var(--color-background-secondary)" stroke="var(--color-background-border)"/>'
            f'<text x="16" y="{top + 20}" class="layer">{layer}  {LAYER_NAMES[layer]}</text>'
            + "".join(chips)
        )
        y += 8
    return (
        f'<svg class="layers" viewBox="0 0 {width} {y}" role="img" '
        'aria-label="The layers of the package, the lowest at the bottom; imports point down">'
        + "".join(parts)
        + "</svg>"
    )


def setup(app: Any) -> dict[str, Any]:
    """Sphinx's way in."""
    from docutils import nodes
    from docutils.parsers.rst import Directive
    from sphinx.util.docutils import ReferenceRole

    class Source(ReferenceRole):
        """Link to a file's page; without a text of its own, say how many lines it has."""

        def run(self) -> tuple[list[Any], list[Any]]:
            count = lines_of(self.target)
            up = "../" * self.env.docname.count("/")
            link = nodes.reference("", "", refuri=f"{up}source/{self.target}.html", internal=True)
            if self.has_explicit_title:
                named = self.title == self.target
                link += nodes.literal("", self.title) if named else nodes.Text(self.title)
                return [link], []
            link += nodes.literal("", self.target)
            return [link, nodes.Text(f" ({count} lines)")], []

    class Layers(Directive):
        """Draw the layers."""

        def run(self) -> list[Any]:
            return [nodes.raw("", drawing(), format="html")]

    app.add_role("source", Source())
    app.add_directive("layers", Layers)
    app.connect("source-read", links_to_roles)
    app.connect("html-collect-pages", pages)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
