"""Libraries of others: their typical use prints what it prints on PyTorch, and their tests pass."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks.libraries.run import LIBRARIES, alike, attempt, passed, table

SMALL = ("einops", "entmax", "opt_einsum")


def test_numbers_may_differ_by_rounding_alone() -> None:
    assert alike("loss 0.50001 [1, 2]", "loss  0.50002 [1,2]")
    for other in (
        "loss 0.51 [1, 2]",
        "gain 0.5 [1, 2]",
        "loss 0.5 [1, 2, 3]",
        "",
        "loss nan [1, 2]",
    ):
        assert not alike("loss 0.5 [1, 2]", other)


def test_every_library_has_a_program_of_its_use() -> None:
    uses = {library.use.name for library in LIBRARIES}
    assert uses == {path.name for path in LIBRARIES[0].use.parent.glob("*.py")}
    assert len({library.name for library in LIBRARIES}) == len(LIBRARIES) >= 12


def test_passed_tests_are_read_from_a_report(tmp_path: Path) -> None:
    assert passed(tmp_path / "none.xml") == set()
    (tmp_path / "r.xml").write_text(
        "<testsuites><testsuite><testcase classname='a' name='one'/>"
        "<testcase classname='a' name='two'><failure/></testcase></testsuite></testsuites>"
    )
    assert passed(tmp_path / "r.xml") == {"a::one"}


@pytest.mark.slow
@pytest.mark.parametrize("name", SMALL)
def test_a_small_library(name: str, torch: Any, tmp_path: Path) -> None:
    library = next(library for library in LIBRARIES if library.name == name)
    probe = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", str(tmp_path), name]
    if subprocess.run(probe, capture_output=True).returncode:
        pytest.skip(f"pip cannot get {name}")
    outcome = attempt(library, tmp_path)
    assert outcome.imports and not outcome.unlike, table({name: outcome})
    assert outcome.lines > 5
    if library.tests:
        assert outcome.passed > 50
        assert len(outcome.failed) <= 0.05 * outcome.passed, outcome.failed
