"""Compiled kernels: which are in use, and that each stands beside one in NumPy."""

from __future__ import annotations

import importlib
import inspect
import os
import pkgutil
import subprocess
import sys
from types import ModuleType

import pytest

from minitorch.kernels import choice


def run(program: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | environment,
        capture_output=True,
        text=True,
    )


USED = "import minitorch; minitorch.show_config()"
WITHOUT_NUMBA = "import sys; sys.modules['numba'] = None; " + USED


def test_show_config_says_why_kernels_are_not_compiled() -> None:
    done = run(USED, MINITORCH_KERNELS="numpy")
    assert "turned off by MINITORCH_KERNELS=numpy" in done.stdout, done.stderr
    done = run(WITHOUT_NUMBA, MINITORCH_KERNELS="")
    assert 'pip install "minitorch-numpy[fast]"' in done.stdout, done.stderr


def test_a_wish_that_cannot_be_met_is_an_error() -> None:
    done = run(WITHOUT_NUMBA, MINITORCH_KERNELS="compiled")
    assert 'ImportError: MINITORCH_KERNELS=compiled needs Numba: pip install "min' in done.stderr
    done = run(USED, MINITORCH_KERNELS="fast")
    assert "ValueError: MINITORCH_KERNELS must be 'numpy' or 'compiled', but it is 'fast'" in (
        done.stderr
    )


def test_numba_is_loaded_by_the_first_kernel() -> None:
    pytest.importorskip("numba")
    program = (
        "import sys, minitorch; x = minitorch.zeros(3, 4); print('numba' in sys.modules); "
        "x.softmax(1); print('numba' in sys.modules)"
    )
    assert run(program, MINITORCH_KERNELS="").stdout.split() == ["False", "True"]
    assert run(program, MINITORCH_KERNELS="numpy").stdout.split() == ["False", "False"]


def test_numba_that_compiles_nothing_is_not_used() -> None:
    pytest.importorskip("numba")
    done = run(USED, MINITORCH_KERNELS="", NUMBA_DISABLE_JIT="1")
    assert "kernels: NumPy's; Numba compiles nothing, by NUMBA_DISABLE_JIT" in done.stdout


def test_kernels_are_compiled_where_they_cannot_be_kept() -> None:
    pytest.importorskip("numba")
    program = (
        "from numba.core import caching; caching.CacheImpl._locator_classes = []; "
        "import minitorch; print(minitorch.arange(4.0).softmax(0).sum().item()); "
        "from minitorch.kernels import compiled; print(compiled.KEEP)"
    )
    done = run(program, MINITORCH_KERNELS="compiled")
    assert done.stdout.split() == ["1.0", "False"], done.stderr


def modules(name: str) -> list[ModuleType]:
    package = importlib.import_module(name)
    names = [module.name for module in pkgutil.iter_modules(package.__path__)]
    return [importlib.import_module(f"{package.__name__}.{name}") for name in names]


def test_every_compiled_kernel_stands_beside_one_in_numpy() -> None:
    pytest.importorskip("numba")
    modules("minitorch.kernels")
    marked = {(kernel.__module__, kernel.__name__): kernel for kernel in choice.MARKED}
    assert marked
    for (place, name), kernel in marked.items():
        twin = getattr(
            importlib.import_module(place.replace(".kernels.", ".kernels.compiled.")), name
        )
        ours, theirs = inspect.signature(twin), inspect.signature(kernel)
        assert ours.parameters == theirs.parameters, (place, name)
    for module in modules("minitorch.kernels.compiled"):
        beside = module.__name__.replace(".compiled.", ".")
        for name, value in vars(module).items():
            own = inspect.isfunction(value) and value.__module__ == module.__name__
            if own and not name.startswith("_") and "NotImplemented" in inspect.getsource(value):
                assert (beside, name) in marked, f"{beside} does not mark {name}"
