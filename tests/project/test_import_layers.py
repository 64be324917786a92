"""Imports only point down: each layer may use those below it."""

from __future__ import annotations

import ast
import importlib
import pathlib
import re
import subprocess
import sys

import pytest

import minitorch

PACKAGE = pathlib.Path(minitorch.__file__).parent

# The first prefix that fits a module gives its layer.
LAYERS = {
    "minitorch.kernels": 0,
    "minitorch._dtypes": 0,
    "minitorch._extras": 0,
    "minitorch._missing": 0,
    "minitorch._not_covered": 0,
    "minitorch._not_covered_names": 0,
    "minitorch._checks": 0,
    "minitorch.torch_version": 0,
    "minitorch.return_types": 0,
    "minitorch.autograd.gradcheck": 1,
    "minitorch.autograd": 1,
    "minitorch.ops": 2.4,
    "minitorch.ops.support": 2,
    "minitorch.ops.math": 2.1,
    "minitorch.ops.shape": 2.1,
    "minitorch.ops.nn": 2.2,
    "minitorch.ops.losses": 2.3,
    "minitorch._format": 2,
    "minitorch._constructors": 2,
    "minitorch._storage": 1,
    "minitorch.storage": 1,
    "minitorch._tensor_types": 4,
    "minitorch._tensor": 3,
    "minitorch._tensor_methods": 3,
    "minitorch._type_info": 1,
    "minitorch._config": 1,
    "minitorch._predicates": 4,
    "minitorch._symbolic": 0,
    "minitorch._deprecated": 4,
    "minitorch._foreach": 4,
    "minitorch._in_place": 4,
    "minitorch.overrides": 4,
    "minitorch._C": 4,
    "minitorch.types": 4,
    "minitorch.library": 4,
    "minitorch.__config__": 2,
    "minitorch.compiler": 2,
    "minitorch._dynamo": 2,
    "minitorch.distributed": 5,
    "minitorch.futures": 5,
    "minitorch.fx": 5,
    "minitorch._utils": 4,
    "minitorch.functional": 5,
    "minitorch.profiler": 5,
    "minitorch.hub": 5,
    "minitorch.jit": 5,
    "minitorch.multiprocessing": 5,
    "minitorch.onnx": 5,
    "minitorch.as_torch": 6,
    "minitorch.torch_alias": 6,
    "minitorch.accelerator": 1,
    "minitorch.amp": 1,
    "minitorch.backends": 1,
    "minitorch.cpu": 1,
    "minitorch.cuda": 1,
    "minitorch.mps": 1,
    "minitorch.version": 0,
    "minitorch.xpu": 1,
    "minitorch.factory": 4,
    "minitorch.linalg": 4,
    "minitorch.random": 4,
    "minitorch.signal": 5,
    "minitorch.special": 4,
    "minitorch.pytest_plugin": 6,
    "minitorch.testing": 5,
    "minitorch.sampling": 4,
    "minitorch.nn": 5,
    "minitorch._pickles": 5,
    "minitorch.distributions": 5,
    "minitorch.safetensors": 5,
    "minitorch.serialization": 5,
    "minitorch.sklearn": 6,
    "minitorch.optim": 5,
    "minitorch.utils": 5,
    "minitorch.viz": 6,
    "minitorch.cli": 6,
    "minitorch.__main__": 6,
}


def layer(module: str) -> float:
    fits = [n for n in LAYERS if module == n or module.startswith(n + ".")]
    assert fits, f"{module} is in no layer: add it to LAYERS"
    return LAYERS[max(fits, key=len)]


def module_name(path: pathlib.Path) -> str:
    parts = ["minitorch", *path.relative_to(PACKAGE).with_suffix("").parts]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path: pathlib.Path) -> list[str]:
    """What a file imports of minitorch, but for type checking only."""
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            node.body = []
    found: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                is_module = (PACKAGE.parent / inner.replace(".", "/")).with_suffix(".py").exists()
                found.append(inner if is_module else node.module)
    return [name for name in found if name.startswith("minitorch") and name != "minitorch"]


def test_imports_point_down() -> None:
    wrong = []
    for path in sorted(PACKAGE.rglob("*.py")):
        module = module_name(path)
        if module == "minitorch":
            continue
        wrong += [
            f"{module} imports {name}" for name in imports(path) if layer(name) > layer(module)
        ]
    assert wrong == []


def test_kernels_know_numpy_only() -> None:
    for path in sorted((PACKAGE / "kernels").glob("*.py")):
        assert all(n.startswith("minitorch.kernels") for n in imports(path)), path
        assert "grad_fn" not in path.read_text(), path


def test_numba_is_loaded_by_compiled_kernels_alone() -> None:
    loads = {
        path.parent.name
        for path in PACKAGE.rglob("*.py")
        for node in ast.parse(path.read_text()).body
        if "numba" in ast.unparse(node) and isinstance(node, (ast.Import, ast.ImportFrom))
    }
    assert loads == {"compiled"}


def test_importing_takes_numpy_alone() -> None:
    program = (
        "import sys, minitorch; "
        "print(sorted(m for m in ('torch', 'sklearn', 'matplotlib', 'tqdm', 'scipy', 'numba', "
        "'numpy.random', 'concurrent.futures') if m in sys.modules))"  # of NumPy's, what is quick
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr


# Put together from what the modules below list, where it is defined: no second list.
TOGETHER = ["minitorch", "minitorch.nn", "minitorch.nn.functional", "minitorch.nn.modules"]


def written_lists() -> dict[str, list[str]]:
    """By module, the ``__all__`` that is written out in its source."""
    return {
        module_name(path): ast.literal_eval(node.value)
        for path in sorted(PACKAGE.rglob("*.py"))
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"
    }


def test_public_names_are_sorted() -> None:
    lists = written_lists() | {name: importlib.import_module(name).__all__ for name in TOGETHER}
    assert len(lists) > 80
    for module, names in lists.items():
        assert names == sorted(set(names)), module


def test_what_an_operation_or_a_layer_lists_is_at_the_top() -> None:
    lists = written_lists()
    assert not set(TOGETHER) & set(lists)
    del lists["minitorch.nn.modules.module"]  # it has PyTorch's global hooks, too
    packages = [importlib.import_module(name) for name in TOGETHER]
    top = {id(value) for package in packages for value in vars(package).values()}
    for module, names in lists.items():
        if module.startswith(("minitorch.ops.", "minitorch.nn.modules.")):
            home = importlib.import_module(module)
            assert [name for name in names if id(getattr(home, name)) not in top] == [], module


@pytest.mark.slow
def test_a_type_checker_sees_every_public_name(tmp_path: pathlib.Path) -> None:
    pytest.importorskip("mypy")
    packages = [importlib.import_module(name) for name in TOGETHER]
    # Made by a loop, or loaded only when asked for: of these it sees that they are not listed.
    made = {*minitorch._in_place.NAMES, *minitorch._dtypes.ABSENT, *minitorch._later}
    made |= {f"{name}_copy" for name in minitorch.ops.shape.copies.VIEWS}
    made -= {"distributions", "nn", "optim", "serialization", "testing", "utils", "load", "save"}
    names = [
        f"{package.__name__}.{name}"
        for package in packages
        for name in package.__all__
        if package is not minitorch or (name not in made and not name.startswith("_foreach_"))
    ]
    program = tmp_path / "names.py"
    program.write_text(
        "\n".join(f"import {package}" for package in TOGETHER)
        + "".join(f"\nreveal_type({name})" for name in names)
    )
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "mypy",
            "--cache-dir",
            tmp_path,
            program,
        ],  # strict by pyproject.toml
        cwd=PACKAGE.parent,
        capture_output=True,
        text=True,
    )
    revealed = re.findall(r'note: Revealed type is "(.*)"', done.stdout)
    assert "error" not in done.stdout
    assert len(revealed) == len(names)
    assert [n for n, kind in zip(names, revealed, strict=True) if kind in ("Any", "object")] == []


OPERATIONS = ["ops", "ops/math", "ops/shape", "ops/nn", "ops/losses", "ops/support"]


@pytest.mark.parametrize(
    "package", ["kernels", "autograd", "autograd/gradcheck", *OPERATIONS, "viz"]
)
def test_the_map_in_a_packages_docstring_is_whole(package: str) -> None:
    folder = PACKAGE / package
    told = ast.get_docstring(ast.parse((folder / "__init__.py").read_text())) or ""
    modules = {path.stem for path in folder.glob("*.py")} - {"__init__"}
    modules |= {path.parent.name for path in folder.glob("*/__init__.py")}
    assert {name for name in modules if f"`{name}`" not in told} == set()
