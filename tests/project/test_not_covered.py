"""What is not covered: the list, the page made of it, and the errors that give its reasons."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

import minitorch
from benchmarks import not_covered
from minitorch._missing import did_you_mean
from minitorch._not_covered import reason, told
from minitorch._not_covered_names import GROUPS

ROOT = Path(__file__).resolve().parents[2]
NAMES = not_covered.listed()


def test_every_name_of_pytorch_is_either_there_or_listed_with_its_reason(torch: Any) -> None:
    missing = not_covered.missing(torch)
    assert len(missing) > 400
    assert sorted({*missing} - {*NAMES}) == []
    assert sorted({*NAMES} - {*missing}) == []  # there, or no name of PyTorch's


def test_a_name_is_listed_once() -> None:
    assert len(NAMES) == len(set(NAMES))


def test_the_page_is_fresh() -> None:
    assert not_covered.page() in (ROOT / not_covered.PAGE).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", [name for name in NAMES if name.split(".")[1].islower()])
def test_the_error_of_a_module_gives_the_reason(name: str) -> None:
    space, _, own = name.rpartition(".")
    module = not_covered.find(minitorch, space)
    if isinstance(module, type):
        return
    try:
        value = getattr(module, own)
    except AttributeError as error:
        assert told(name) in str(error) and "did you mean" not in str(error)
        return
    why = re.escape(str(reason(name)))
    with pytest.raises(NotImplementedError, match=why):  # it is there to say so
        minitorch.zeros(1, dtype=value) if isinstance(value, minitorch.dtype) else value(1, 2)


def test_the_error_of_a_tensor_gives_the_reason() -> None:
    x = minitorch.ones(2)
    for name in NAMES:
        if name.startswith("torch.Tensor."):
            with pytest.raises(AttributeError, match=re.escape(told(name))):
                getattr(x, name.rpartition(".")[2])


@pytest.mark.parametrize("name", [name for group in GROUPS for name in group.modules.split()])
def test_a_module_is_refused_in_use_with_its_reason(name: str) -> None:
    why = reason(f"torch.{name}")
    module = not_covered.find(minitorch, f"torch.{name}")
    with pytest.raises(NotImplementedError, match=re.escape(f"{name}.no_such is not covered")) as e:
        module.no_such(1)
    assert why and str(e.value).endswith(why)


KINDS = {
    "trunc": "function",
    "optim": "module",
    "random": "module",
    "rand": "function",
    "Tensor": "class",
    "float32": "dtype",
    "log10": "function",
}


@pytest.mark.parametrize(
    ("wanted", "nearest"),
    [
        ("func", None),
        ("opitm", "optim"),
        ("randm", "rand"),
        ("Tensr", "Tensor"),
        ("tensr", None),
        ("Trunc", None),
        ("flaot32", "float32"),
        ("log1O", "log10"),
    ],
)
def test_a_suggestion_is_of_the_same_kind(wanted: str, nearest: str | None) -> None:
    assert did_you_mean(wanted, KINDS) == (f"; did you mean {nearest!r}?" if nearest else "")
