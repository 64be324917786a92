"""How much of PyTorch's surface is covered: ``python -m benchmarks.surface``.

Every row of the op table is compared with PyTorch in four dtypes and checked at both orders. A name
of the surface passes if it has rows and all of them pass.
"""

from __future__ import annotations

import argparse
import sys
import warnings
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests"), str(ROOT / "tests" / "project")]

from cases import CASES  # noqa: E402
from oracle import as_inputs, outputs, same  # noqa: E402
from test_surface import SURFACE  # noqa: E402

import minitorch  # noqa: E402
from benchmarks.pages import write  # noqa: E402

DTYPES = ("float64", "float32", "int64", "bool")


def fault_of(case: Any) -> str:
    """The first check that a row fails; '' for none."""
    for dtype in DTYPES:
        if case.in_torch and dtype not in case.unlike:
            try:
                same(case.function, *case.arrays(dtype))
            except Exception as error:
                return f"{dtype}: {str(error).strip().splitlines()[0]}"
    if case.differentiable:

        def function(*xs: Any) -> Any:
            made = outputs(case.function(minitorch, *xs))
            return tuple(out for out in made if out.requires_grad)

        report = minitorch.autograd.gradcheck_report(
            function, as_inputs(minitorch, tuple(case.arrays()), True), progress_bar=False
        )
        if not report:
            return report.summary()
    return ""


def faults(show: bool) -> dict[str, list[str]]:
    """For each name that has rows, what its rows fail at."""
    from tqdm import tqdm

    found: dict[str, list[str]] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for case in tqdm(CASES, "rows of the op table", disable=not show, leave=False):
            held = found.setdefault(case.covers, [])
            if fault := fault_of(case):
                held.append(f"{case}: {fault}")
    return found


def table(found: dict[str, list[str]]) -> str:
    """The tables for the page."""
    rows = {name: 0 for name in found}
    for case in CASES:
        rows[case.covers] += 1
    lines = []
    for part in ("first", "then"):
        families = SURFACE[part]
        names = [name for family in families.values() for name in family]
        passed = [name for name in names if name in found and not found[name]]
        lines += [
            "",
            f"## {part.capitalize()}: {len(passed)} of {len(names)}",
            "",
            "| family | names | pass | rows | not yet |",
            "|---|--:|--:|--:|---|",
        ]
        for family, members in families.items():
            good = [name for name in members if name in found and not found[name]]
            rest = ", ".join(f"`{name}`" for name in members if name not in good)
            count = sum(rows.get(name, 0) for name in members)
            lines.append(f"| {family} | {len(members)} | {len(good)} | {count} | {rest} |")
    return "\n".join(lines[1:])


def main() -> int:
    """Run the command; 1 if a row fails."""
    parser = argparse.ArgumentParser(prog="benchmarks.surface", description=__doc__)
    parser.add_argument("--markdown", type=Path, metavar="PATH", help="write into a page")
    options = parser.parse_args()
    found = faults(sys.stderr.isatty())
    made = table(found)
    print(made)
    for held in found.values():
        print(*held, sep="\n", end="\n" if held else "")
    if options.markdown is not None:
        command = "python -m benchmarks.surface --markdown docs/surface.md"
        write(options.markdown, made, command)
    return int(any(found.values()))


if __name__ == "__main__":
    sys.exit(main())
