"""How the time of a step grows with its size: ``python -m benchmarks.scaling``.

Each point of a curve is timed as the benchmarks are: by processes that take turns, the best round
of each, and only if both compute the same.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
if __package__ in (None, ""):  # run as a file
    sys.path[0] = str(ROOT)

from benchmarks.curves import CURVES, exponent  # noqa: E402
from benchmarks.pages import as_markdown, write  # noqa: E402
from benchmarks.run import (  # noqa: E402
    FRAMEWORKS,
    add_options,
    measure,
    start_workers,
    told_of,
)

TOO_STEEP = 0.3  # above theory by more than this, and it is not only a cache left behind

Times = dict[str, dict[str, list[float]]]  # microseconds by curve and framework, a number a size


def exponents(times: Times) -> dict[str, dict[str, float]]:
    """The exponent of each curve on each framework."""
    return {
        name: {key: exponent(list(CURVES[name].sizes), values) for key, values in of.items()}
        for name, of in times.items()
    }


def table(times: Times) -> list[tuple[str, ...]]:
    """What was fitted; the first row is the head."""
    ours, theirs = FRAMEWORKS.values()
    head = ("what grows", "from", "to", "theory", ours, theirs)
    cells = [(*head, f"ms at most, {ours}", f"{theirs}")]
    for name, found in exponents(times).items():
        curve = CURVES[name]
        fitted = [f"{found[key]:.2f}" for key in FRAMEWORKS]
        last = [f"{times[name][key][-1] / 1e3:,.2f}" for key in FRAMEWORKS]
        ends = f"{curve.sizes[0]:,}", f"{curve.sizes[-1]:,}"
        cells.append(
            (f"{curve.grows}: {curve.title}", *ends, f"{curve.exponent:.0f}", *fitted, *last)
        )
    return cells


def too_steep(times: Times) -> list[str]:
    """What grows faster than it should."""
    return [
        f"{name} on {FRAMEWORKS[key]}: as size ** {value:.2f}, theory says {CURVES[name].exponent}"
        for name, found in exponents(times).items()
        for key, value in found.items()
        if value > CURVES[name].exponent + TOO_STEEP
    ]


def draw(path: Path, times: Times) -> None:
    """Every curve on logarithmic axes, with the slope that theory says."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    styles = {"minitorch": ("#0072B2", "o-"), "torch": ("#D55E00", "s-")}
    rows, columns = -(-len(times) // 3), min(len(times), 3)
    figure = Figure(figsize=(11, 3.2 * rows), layout="constrained", facecolor="white")
    grid = figure.subplots(rows, columns, squeeze=False).flat
    for axes, (name, of) in zip(grid, times.items(), strict=False):
        curve = CURVES[name]
        for framework, values in of.items():
            colour, style = styles[framework]
            label = FRAMEWORKS[framework]
            axes.plot(curve.sizes, [t / 1e3 for t in values], style, color=colour, label=label)
        last = of["minitorch"][-1] / 1e3
        theory = [last * (size / curve.sizes[-1]) ** curve.exponent for size in curve.sizes]
        axes.plot(curve.sizes, theory, "--", color="#777777", label="theory", zorder=0)
        axes.set_title(f"time ∝ {name}{'²' if curve.exponent == 2 else ''}", fontsize=10)
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.minorticks_off()
        lowest = min(min(values) for values in of.values()) / 1e3
        axes.set_ylim(bottom=lowest / 2)
        axes.set_xlabel(curve.grows)
        axes.set_ylabel("ms a step")
        axes.spines[["top", "right"]].set_visible(False)
        if axes is figure.axes[0]:
            axes.legend(frameon=False, fontsize=9)
    with rc_context({"svg.hashsalt": "minitorch", "svg.fonttype": "none"}):
        figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)


def main(argv: list[str] | None = None) -> int:
    """Run the command; 1 if something fails, is wrong, or grows too fast on minitorch."""
    parser = argparse.ArgumentParser(
        prog="benchmarks.scaling", description="How the time of a step grows with its size."
    )
    parser.add_argument("curve", nargs="*", help=f"of {', '.join(CURVES)}; by default all of them")
    add_options(parser, rounds=7)
    parser.add_argument("--markdown", type=Path, metavar="PATH", help="write into a page")
    parser.add_argument("--figure", type=Path, metavar="PATH", help="draw the curves")
    options = parser.parse_args(argv)
    names = options.curve or list(CURVES)
    for name in names:
        if name not in CURVES:
            parser.error(f"no curve {name!r}: choose from {', '.join(CURVES)}")

    from tqdm import tqdm

    workers = start_workers(options)
    times: Times = {name: {framework: [] for framework in FRAMEWORKS} for name in names}
    points = [(name, size) for name in names for size in CURVES[name].sizes]
    failed = []
    try:
        for name, size in tqdm(points, "points", disable=None, leave=False):
            row: dict[str, Any] = measure(workers, f"{name}={size}", options.rounds)
            failed += [f"{row['title']}: {key}: {error}" for key, error in row["errors"].items()]
            if not row["errors"]:
                for framework in FRAMEWORKS:
                    times[name][framework].append(row[framework]["best_us"])
    finally:
        for worker in workers.values():
            worker.close()
    if failed:
        print(*failed, sep="\n")
        return 1

    versions = ", ".join(f"{FRAMEWORKS[key]} {workers[key].version}" for key in FRAMEWORKS)
    told = f"{versions}; {told_of(options)}, the best counts."
    steep = too_steep(times)
    parts = [as_markdown(table(times)), told]
    if steep:
        parts.append(f"Steeper than theory by more than {TOO_STEEP}: {'; '.join(steep)}.")
    made = "\n\n".join(parts)
    print(made)
    command = f"python -m benchmarks.scaling --rounds {options.rounds}{' --busy' * options.busy}"
    if options.figure is not None:
        draw(options.figure, times)
        command += f" --figure {options.figure}"
        print(f"drawn: {options.figure}")
    if options.markdown is not None:
        write(options.markdown, made, f"{command} --markdown {options.markdown}")
        print(f"written into {options.markdown}")
    return int(any("minitorch" in line for line in steep))


if __name__ == "__main__":
    sys.exit(main())
