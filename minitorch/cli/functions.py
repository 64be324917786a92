"""``minitorch check --with torch``: run a program on PyTorch, and check what it writes itself.

The program runs to its end as under plain Python. Of every custom ``autograd.Function`` that it
applies, the first call of each signature is kept, and checked after the program has ended: so its
numbers, random state, threads and gradients stay what they are.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from typing import Any

from minitorch._extras import MissingExtra, require
from minitorch.autograd.gradcheck.report import NodeFinding, Report, columns
from minitorch.autograd.gradcheck.whole import progress
from minitorch.cli import arguments, run

BUDGET = 60.0  # seconds


def main(options: argparse.Namespace) -> int:
    """Run the program, and return its exit code, or else 1 if a gradient is wrong."""
    try:
        require("torch", wanted_for="check --with torch", extra="")
    except MissingExtra:
        reason = "PyTorch is not installed: pip install torch"
        return arguments.failed("check", reason)
    from minitorch.autograd.gradcheck.libraries.torch_program import Collected

    collected = Collected()
    ending: BaseException | None = None
    try:
        with collected.watching():
            code = run.main(options)
    except (SystemExit, KeyboardInterrupt) as error:  # what it did until then is checked
        ending, code = error, 0
    if code:
        return code  # there is no such program
    if not collected.calls:
        said = "applied no custom autograd.Function to what requires grad"
        print(f"minitorch check: {options.program} {said}", file=sys.stderr)
    else:
        code = told(collected, options)
    if ending is not None and getattr(ending, "code", 1) not in (None, 0):
        raise ending
    return code if collected.calls else 2


def told(collected: Any, options: argparse.Namespace) -> int:
    """Check the Functions, print what was found, and return 1 if something is wrong."""
    started = time.monotonic()
    budget = options.budget or BUDGET
    checks = collected.check(until=started + budget)
    watched = progress(None, "gradcheck")(checks, len(collected.calls))
    rows: list[tuple[str, ...]] = [("Function", "inputs", "calls", "order 1", "order 2", "at")]
    findings: list[NodeFinding] = []
    notes: dict[str, None] = {}  # each once
    for checked in watched:
        first, second = checked.first, checked.second
        findings += checked.findings
        applied = checked.applied
        if checked.second and checked.second.problem:  # for what forward saves may be the reason
            notes |= dict.fromkeys(applied.notes)
        place = applied.place.rpartition(os.sep)[2]
        words = _word(first), "-" if first and first.problem else _word(second)
        rows.append((applied.name, applied.told_inputs, str(checked.count), *words, place))
    seconds = time.monotonic() - started
    report = Report(options.program, nodes=findings, notes=[*notes], seconds=seconds)
    print("", columns(rows), "", sep="\n")
    for finding in findings:
        if finding.problem:
            print(f"{finding.name} is WRONG\n  called at {finding.place}")
            if finding.written:
                print(f"  its backward at {finding.written}")
            print(f"  {finding.problem}\n")
        elif finding.note:
            print(f"{finding.name}: {finding.note}\n")
    for note in report.notes:
        print(f"Note: {note}\n")
    unchecked = sum(row[3] == "not checked" for row in rows)
    number = len(rows) - 1
    wrong = sum("WRONG" in row[3:5] for row in rows)
    print(
        f"{number} signature{'s' * (number > 1)} of custom Functions, {wrong} wrong"
        + (f", {unchecked} not checked within {budget:g} s" if unchecked else "")
        + f"; {report.seconds:.1f} s"
    )
    for name, count in collected.left_out.items():
        print(f"{name}: {count} calls with other signatures were left out")
    for path, write in ((options.html, report.to_html), (options.json, report.to_json)):
        if path is not None:
            with arguments.writing("check", path):
                write(path)
    return 1 if wrong else 0


def _word(finding: NodeFinding | None) -> str:
    if finding is None:
        return "not checked"
    if finding.note.startswith("second order"):
        return "none"
    return "WRONG" if finding.problem else "unknown" if finding.note else "right"
