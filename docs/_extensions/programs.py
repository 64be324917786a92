"""The programs of ``examples/`` as pages: staged for sphinx-gallery, which wants a title.

The quick ones are run while the site is built, and their page shows what they print and draw. The
page of one that takes long shows its source, and the picture that is kept in docs/examples/.
"""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path
from typing import Any

DOCS = Path(__file__).parent.parent
EXAMPLES, STAGED = DOCS.parent / "examples", DOCS / "_staged"
QUICK = ("digits", "oscillator", "polynomial")
RUN = rf"(/plot_\w+|_staged/({'|'.join(QUICK)}))\.py$"
INDEX = "Programs\n========\n\nOne file each.\n"


def stage() -> None:
    """Write a copy of each example that sphinx-gallery takes, and take away those that are gone."""
    STAGED.mkdir(exist_ok=True)
    texts = {"GALLERY_HEADER.rst": INDEX}
    for file in sorted(EXAMPLES.glob("*.py")):
        texts[file.name] = titled(file.read_text(encoding="utf-8"), file.stem)
    for old in STAGED.glob("*.*"):
        if old.name not in texts:
            old.unlink()
    for name, text in texts.items():
        copy = STAGED / name
        if not copy.exists() or copy.read_text(encoding="utf-8") != text:
            copy.write_text(text, encoding="utf-8")


def titled(source: str, name: str) -> str:
    """Return `source` with its docstring in reStructuredText, and its picture if it is not run."""
    _, docstring, code = source.split('"""', 2)
    first, rest = docstring.split("\n", 1)
    title = f"{name}.py"
    rest = re.sub(r"\n\n((?:(?:    |python ).*\n)+)", quoted, "\n" + rest)
    if name not in QUICK:
        rest += f"\n.. image:: /examples/{name}.png\n   :alt: What the program draws\n"
    return f'"""{title}\n{"=" * len(title)}\n\n{first}\n{rest}"""{code}'


def quoted(match: re.Match[str]) -> str:
    """Return lines of commands or formulas as a literal block."""
    lines = (f"    {line.strip()}\n" for line in match[1].splitlines())
    return "\n\n::\n\n" + "".join(lines)


def arguments(gallery_conf: dict[str, Any], variables: dict[str, Any]) -> list[str]:
    """Return a script's arguments: an example is told to draw its picture."""
    file = Path(variables["src_file"])
    source = file.read_text(encoding="utf-8")
    variables["example_globals"]["__doc__"] = ast.get_docstring(ast.parse(source))
    if file.parent != STAGED or "--plot" not in source:
        return []
    return ["--plot", str(STAGED / "picture.png")]


_kept: dict[str, Any] = {}


def torch_is_minitorch(gallery_conf: dict[str, Any], file: str | None, when: str) -> None:
    """Let ``import torch`` mean minitorch while an example runs, and PyTorch again after it."""
    import minitorch
    import minitorch.nn.functional  # which it loads only when it is asked for

    if not file or not (STAGED / Path(file).name).exists():  # a name alone, or None for a folder
        return
    if when == "before":
        _kept.update({n: m for n, m in sys.modules.items() if n.partition(".")[0] == "torch"})
        for name in _kept:
            del sys.modules[name]
        for name, module in list(sys.modules.items()):
            if name.partition(".")[0] == "minitorch":
                sys.modules[name.replace("minitorch", "torch", 1)] = module
    else:
        for name in [n for n in sys.modules if n.partition(".")[0] == "torch"]:
            del sys.modules[name]
        sys.modules.update(_kept)
        _kept.clear()
        minitorch.set_default_dtype(minitorch.float32)


def link_to_pages(app: Any, name: str, text: list[str]) -> None:
    """Turn a page's links to scripts, which are files on disk, into links to their pages."""
    text[0] = re.sub(r"\]\(\.\./examples/(\w+)\.py\)", r"](programs/\1.rst)", text[0])
    text[0] = re.sub(r"\]\(lessons/(\w+)\.py\)", r"](course/\1.rst)", text[0])
    text[0] = text[0].replace("](lessons)", "](course/index.rst)")


def setup(app: Any) -> dict[str, Any]:
    """Sphinx's way in."""
    stage()
    app.connect("source-read", link_to_pages)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
