"""The reference leaves no public name out. (That the site builds is tested by building it.)"""

from __future__ import annotations

import ast
import doctest
import importlib
import pathlib
import pkgutil
import re
import sys
import types

import pytest

import minitorch

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "docs" / "_extensions"))

import api

DOCS = pathlib.Path(__file__).resolve().parents[2] / "docs"


def public_modules() -> list[types.ModuleType]:
    """Every module that says what is public in it."""
    found = [minitorch]
    for info in pkgutil.walk_packages(minitorch.__path__, "minitorch."):
        if not any(part.startswith("_") for part in info.name.split(".")[1:]):
            try:
                module = importlib.import_module(info.name)
            except ImportError:
                continue  # it needs an extra that is not installed
            found += [module] * hasattr(module, "__all__")
    return found


def test_every_public_name_is_on_a_page() -> None:
    pytest.importorskip("sklearn", reason="the reference has scikit-learn's estimators too")
    pages = api.place(api.collect())
    entries = [entry for page in pages for found in page.entries.values() for entry in found]
    shown = {id(entry.value) for entry in entries}
    names = {name for entry in entries for name in entry.names}
    modules = public_modules()
    assert len(modules) > 15
    left_out = [
        f"{module.__name__}.{name}"
        for module in modules
        for name in module.__all__
        if not isinstance(getattr(module, name), types.ModuleType)
        and id(getattr(module, name)) not in shown
        and f"{module.__name__}.{name}" not in names
    ]
    assert left_out == []
    assert [page.slug for page in pages] == [page.slug for page in api.PAGES], "a page is empty"
    for page in api.PAGES:
        for module in page.modules.split():
            importlib.import_module(f"minitorch.{module}")  # it is still there


def test_a_page_shows_its_names_with_their_other_names() -> None:
    pytest.importorskip("sklearn", reason="the reference has scikit-learn's estimators too")
    api.write()
    text = (api.FOLDER / "activation.rst").read_text()
    assert ".. autofunction:: minitorch.relu\n" in text
    assert "   Also: ``minitorch.nn.functional.selu``\n" in text
    assert ":py:func:`~minitorch.relu`" in (api.FOLDER / "tensor.rst").read_text()
    names = (api.FOLDER / "names.rst").read_text()
    assert ":py:obj:`selu <minitorch.selu>`" in names.partition("minitorch.nn.functional``")[2]


def test_what_a_page_loads_from_elsewhere_is_seen() -> None:
    pytest.importorskip("sphinx", reason="the site needs the extra `docs`")
    import checks

    page = (
        """<a href="http://a.b">no</a> <script async src="https://c.d/e.js"></script>"""
        """<img src="f.png"> <link rel='stylesheet' href='//g.h/i.css'>"""
        """<style> p { background: url("http://j.k/l") } </style>"""
    )
    assert checks.fetched_from_elsewhere(page) == [
        "https://c.d/e.js",
        "//g.h/i.css",
        "http://j.k/l",
    ]


def test_the_reading_path_names_what_the_files_define() -> None:
    import source

    text = (source.ROOT / "docs" / "reading.md").read_text()
    named = 0
    for stop in re.split(r"\n###? ", text)[1:]:
        defined = set().union(*(source.defined_in(path) for path in source.files_named(stop)))
        for name in re.findall(r"`(\w+)`", source.ROLE.sub("", stop)):
            assert name in defined, f"{name} is not defined at {stop.splitlines()[0]}"
            named += 1
    assert named > 20


def test_the_picture_of_the_layers_shows_all_of_them() -> None:
    import source
    from project.test_import_layers import LAYERS

    drawing = source.drawing()
    assert set(source.LAYER_NAMES) == {int(layer) for layer in LAYERS.values()}
    assert all(f">{module.removeprefix('minitorch.')}</text>" in drawing for module in LAYERS)


def test_lengths_are_counted() -> None:
    import source

    walk = "minitorch/autograd/walk.py"
    assert source.lines_of(walk) == len((source.ROOT / walk).read_text().splitlines())
    assert source.lines_of("minitorch/autograd") > source.lines_of(walk)


def test_a_dead_link_is_seen(tmp_path: pathlib.Path) -> None:
    pytest.importorskip("sphinx", reason="the site needs the extra `docs`")
    import checks

    (tmp_path / "there.html").touch()
    page = """<a href="there.html#x">1</a> <a class="a" href="gone.html">2</a> <b id="here">3</b>
    <a href="#here">4</a> <a href="#nowhere">5</a>
    <a href="https://a.b/c">6</a> <a href="#">7</a>"""
    assert checks.dead_links(page, tmp_path) == ["#nowhere", "gone.html"]


def test_the_examples_of_the_extensions_run() -> None:
    pytest.importorskip("sphinx", reason="the site needs the extra `docs`")
    import checks
    import source

    for module in (checks, source):
        tried = doctest.testmod(module)
        assert tried.attempted and not tried.failed


@pytest.mark.parametrize(
    "file", sorted((DOCS.parent / "examples").glob("*.py")), ids=lambda file: file.stem
)
def test_an_example_on_the_site_is_the_example(file: pathlib.Path) -> None:
    import programs

    source = file.read_text()
    staged = programs.titled(source, file.stem)
    assert staged.split('"""', 2)[2] == source.split('"""', 2)[2]
    told = (ast.get_docstring(ast.parse(staged)) or "").splitlines()
    assert told[:2] == [file.name, "=" * len(file.name)]
    assert file.stem in programs.QUICK or any("image::" in line for line in told)


def test_torch_means_minitorch_only_while_an_example_runs() -> None:
    import programs

    before = {name: module for name, module in sys.modules.items() if name.startswith("torch")}
    programs.stage()
    file = "digits.py"  # sphinx-gallery gives a name alone, and None for a folder
    programs.torch_is_minitorch({}, None, "before")
    programs.torch_is_minitorch({}, "plot_01_tensor.py", "before")
    assert sys.modules.get("torch") is before.get("torch")
    programs.torch_is_minitorch({}, file, "before")
    assert sys.modules["torch"] is minitorch
    assert sys.modules["torch.nn.functional"] is minitorch.nn.functional
    programs.torch_is_minitorch({}, file, "after")
    after = {name: module for name, module in sys.modules.items() if name.startswith("torch")}
    assert after == before
