"""Put every planted bug and every right function before every checker, and count.

    python -m benchmarks.gradcheckers
    python -m benchmarks.gradcheckers --checker minitorch --only "changes grad_output"

A planted bug should be rejected, a right function should pass. Whatever exception a checker ends
with counts as a rejection. Bugs, points and random directions come from `--seed`.
"""

import argparse
import json
import sys
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.gradcheckers.case import Backward, Case
from benchmarks.gradcheckers.checkers import CHECKERS, Checker, Verdict
from benchmarks.gradcheckers.correct import correct, networks
from benchmarks.gradcheckers.mutants import Mutant, is_wrong, mutants
from benchmarks.gradcheckers.subjects import subjects
from benchmarks.pages import as_markdown, write

PACKAGES = {
    "minitorch-numpy": "minitorch",
    "torch": "PyTorch",
    "autograd": "HIPS autograd",
    "jax": "JAX",
}


@dataclass(frozen=True)
class Trial:
    """One case before all checkers. `planted`: whether there is a bug to be found."""

    planted: bool
    group: str  # the kind of bug, or what is hard about the right function
    name: str
    case: Case
    backward: Backward
    verdicts: dict[str, Verdict] = field(default_factory=dict)

    def failed(self, checker: str) -> bool:
        """Whether the checker was wrong here."""
        return self.verdicts[checker].accepted == self.planted


def planted(seed: int = 0, sample: int | None = None, only: str | None = None) -> list[Trial]:
    """The bugs: all, or a `sample` of so many of each kind, or of the kind `only` alone."""
    by_kind: dict[str, list[Mutant]] = {}
    for mutant in mutants([*subjects(seed), *networks()], seed):
        by_kind.setdefault(mutant.kind, []).append(mutant)
    if only is not None and only not in by_kind:
        raise ValueError(f"no kind of bug {only!r}: choose from {', '.join(sorted(by_kind))}")
    made = []
    for kind, found in sorted(by_kind.items()):
        if only is not None and kind != only:
            continue
        if sample is not None and sample < len(found):
            picks = np.random.default_rng(seed).choice(len(found), sample, replace=False)
            found = [found[i] for i in sorted(picks)]
        for m in found:
            made.append(Trial(True, kind, f"{m.case.name}: {m.name}", m.case, m.backward))
    return made


def right(seed: int = 0) -> list[Trial]:
    """The functions that have no bug; those that bugs are planted in are among them."""
    groups = correct(seed) | {"those with bugs planted in": subjects(seed)}
    return [
        Trial(False, group, case.name, case, case.backward)
        for group, cases in groups.items()
        for case in cases
    ]


def that_show(trials: Sequence[Trial], checkers: Sequence[Checker]) -> list[Trial]:
    """The trials without the bugs that some checker's library keeps from it."""
    views = [checker.shown for checker in checkers if checker.shown is not None]
    return [
        t for t in trials if not t.planted or all(is_wrong(t.case, v(t.backward)) for v in views)
    ]


def run(trials: Sequence[Trial], checkers: Sequence[Checker], progress: bool = False) -> None:
    """Fill in the verdicts."""
    steps: Iterable[Trial] = trials
    if progress:
        from minitorch._extras import require

        tqdm = require("tqdm", wanted_for="the progress bar", extra="test").tqdm
        steps = tqdm(trials, unit="case", leave=False, file=sys.stderr)
    for trial in steps:
        for checker in checkers:
            trial.verdicts[checker.name] = checker.judge(trial.case, trial.backward)


# ---- what comes out ---------------------------------------------------------------------------

Row = list[str]
TOTALS = ("all", "all, in functions that pass")


def count(trials: Sequence[Trial], checkers: Sequence[Checker]) -> Row:
    """How many of the trials each checker objects to."""
    return [str(sum(not t.verdicts[c.name].accepted for t in trials)) for c in checkers]


def earned(trials: Sequence[Trial], checkers: Sequence[Checker]) -> Row:
    """As `count` of the bugs, without the functions that a checker refuses with no bug in them."""
    cells = []
    for c in checkers:
        hopeless = {t.case.name for t in trials if not t.planted and t.failed(c.name)}
        fair = [t for t in trials if t.planted and t.case.name not in hopeless]
        cells.append(f"{sum(not t.failed(c.name) for t in fair)} of {len(fair)}")
    return cells


def tables(trials: Sequence[Trial], checkers: Sequence[Checker]) -> list[list[Row]]:
    """Bugs by kind, right functions by group: each table a header, its rows and the total."""
    made = []
    for is_planted, head, number, verb in (
        (True, "Planted bug", "planted", "rejects"),
        (False, "Right function", "functions", "refuses"),
    ):
        chosen = [t for t in trials if t.planted == is_planted]
        if not chosen:
            continue
        rows = [[head, number, *(f"{c.name} {verb}" for c in checkers)]]
        for group in dict.fromkeys(t.group for t in chosen):
            ours = [t for t in chosen if t.group == group]
            rows.append([group, str(len(ours)), *count(ours, checkers)])
        rows.append([TOTALS[0], str(len(chosen)), *count(chosen, checkers)])
        if is_planted and len(chosen) < len(trials):
            rows.append([TOTALS[1], "", *earned(trials, checkers)])
        made.append(rows)
    seconds = [sum(t.verdicts[c.name].seconds for t in trials) for c in checkers]
    made[-1].append(["seconds, in all", "", *(f"{s:.1f}" for s in seconds)])
    return made


def as_text(rows: list[Row]) -> str:
    """A table for a terminal."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        cells = zip(row, widths, strict=True)
        first, *rest = (f"{c:<{w}}" if i == 0 else f"{c:>{w}}" for i, (c, w) in enumerate(cells))
        lines.append("  ".join([first, *rest]).rstrip())
    lines.insert(1, "-" * max(map(len, lines)))
    return "\n".join(lines)


def versions() -> dict[str, str]:
    """Of the packages that are installed."""
    found = {}
    for package, name in PACKAGES.items():
        with suppress(PackageNotFoundError):
            found[name] = version(package)
    return found


def as_document(trials: Sequence[Trial], seed: int) -> dict[str, Any]:
    """Everything, for ``--json``."""
    return {
        "seed": seed,
        "versions": versions(),
        "trials": [
            {
                "planted": t.planted,
                "group": t.group,
                "name": t.name,
                "checkers": {
                    name: {"objection": v.objection, "seconds": v.seconds}
                    for name, v in t.verdicts.items()
                },
            }
            for t in trials
        ],
    }


def wrong_of(trials: Sequence[Trial], checker: str) -> list[str]:
    """A line for each case in which the checker was wrong."""
    return [
        f"accepted  {t.group}: {t.name}"
        if t.planted
        else f"refused   {t.name}: {t.verdicts[checker].objection.splitlines()[0]}"
        for t in trials
        if t.failed(checker)
    ]


def main(argv: list[str] | None = None) -> int:
    """Run the command; 1 if minitorch accepts a bug or refuses a right function."""
    parser = argparse.ArgumentParser(
        prog="benchmarks.gradcheckers", description="Gradient checkers on planted bugs."
    )
    parser.add_argument(
        "--checker",
        action="append",
        choices=CHECKERS,
        help="may be given again; by default all that are installed and are shown every bug",
    )
    parser.add_argument("--only", metavar="KIND", help="only planted bugs, and of this kind")
    parser.add_argument(
        "--networks",
        action="store_true",
        help="only the programs in which kinks meet, and the bugs planted there",
    )
    parser.add_argument("--sample", type=int, metavar="N", help="at most N bugs of each kind")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of the bugs; default 0")
    parser.add_argument("--verbose", action="store_true", help="list each wrong verdict")
    parser.add_argument("--json", action="store_true", help="print every verdict as JSON")
    parser.add_argument(
        "--markdown", type=Path, metavar="PATH", help="write the tables into a page"
    )
    options = parser.parse_args(argv)

    whole = [name for name, checker in CHECKERS.items() if checker.shown is None]
    checkers = [CHECKERS[name] for name in options.checker or whole]
    for checker in list(checkers):
        if lacks := checker.missing():
            print(lacks, file=sys.stderr)
            checkers.remove(checker)
    if options.checker and len(checkers) < len(options.checker):
        return 2  # what was asked for by name is not left out in silence
    try:
        trials = planted(options.seed, options.sample, options.only)
    except ValueError as error:
        parser.error(str(error))
    if options.only is None:
        trials += right(options.seed)
    if options.networks:
        names = {case.name for case in networks()}
        trials = [t for t in trials if t.case.name in names]
    trials = that_show(trials, checkers)
    run(trials, checkers, progress=sys.stderr.isatty())

    made = tables(trials, checkers)
    if options.json:
        print(json.dumps(as_document(trials, options.seed), indent=1))
    else:
        print("\n\n".join(map(as_text, made)))
        print(", ".join(f"{name} {number}" for name, number in versions().items()))
    if options.verbose:
        for checker in checkers:
            print(f"\n{checker.name}:", *wrong_of(trials, checker.name), sep="\n  ")
    if options.markdown is not None:
        chosen = [
            f"--checker {key}" for key in options.checker or ()
        ]  # a page has tables of several
        chosen += ["--networks"] * options.networks
        words = 3 + len(" ".join(chosen).split())
        further = [f"--sample {options.sample}"] * (options.sample is not None)
        further += [f"--seed {options.seed}"] * (options.seed != 0)
        command = " ".join(["python -m benchmarks.gradcheckers", *chosen, *further])
        part = "\n\n".join(as_markdown(rows, TOTALS) for rows in made)
        part += "\n\nWith " + ", ".join(f"{n} {v}" for n, v in versions().items()) + "."
        write(options.markdown, part, command, words)
    ours = [c.name for key, c in CHECKERS.items() if key.startswith("minitorch") and c in checkers]
    return int(any(t.failed(name) for t in trials for name in ours))
