"""The names of PyTorch's surface that are in scope: which of them stand in the op table."""

from __future__ import annotations

import json
import pathlib

import pytest
from cases import CASES

SURFACE = json.loads((pathlib.Path(__file__).parents[1] / "data" / "surface.json").read_text())
COVERED = {row.covers for row in CASES}


@pytest.mark.parametrize("part", SURFACE)
def test_a_name_stands_in_the_surface_once(part: str) -> None:
    names = [name for family in SURFACE[part].values() for name in family]
    assert len(names) == len(set(names))


def missing(part: str) -> dict[str, list[str]]:
    """By family, the names of 'first' or 'then' that no row covers."""
    return {
        family: absent
        for family, names in SURFACE[part].items()
        if (absent := [name for name in names if name not in COVERED])
    }


@pytest.mark.parametrize("part", ["first", "then"])
def test_every_name_in_scope_has_a_row(part: str) -> None:
    assert missing(part) == {}


if __name__ == "__main__":  # what is still to do
    for part in ("first", "then"):
        print(part, json.dumps(missing(part), indent=1))
