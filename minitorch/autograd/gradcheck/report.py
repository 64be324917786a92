"""Reports of a check: as an object, in the terminal, as a page, as JSON."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from minitorch.autograd.gradcheck.contracts import Violation
from minitorch.autograd.gradcheck.numeric import Array, place_of
from minitorch.autograd.gradcheck.patterns import FLAT, ZERO
from minitorch.autograd.gradcheck.verdict import Verdict

Shape = tuple[int, ...]
WORDS = {
    Verdict.PASS: "pass",
    Verdict.FAIL: "fail",
    Verdict.KINK: "at a kink",
    Verdict.UNSURE: "inconclusive",
    Verdict.MEET: "where kinks meet",
}


class GradcheckError(RuntimeError):
    """A gradient that is wrong, or a function that cannot be checked.

    Attributes:
        report: the `Report`, where there is one.
    """

    report: Report | None = None


@dataclass
class Element:
    """One element of a Jacobian, and what was found of it."""

    input: tuple[int, ...]
    output: tuple[int, ...]
    expected: float
    bar: float
    got: float

    @property
    def ratio(self) -> float:
        """Got over expected."""
        if self.expected == 0:
            return float("nan") if not abs(self.got) > 0 else float(np.copysign(np.inf, self.got))
        return self.got / self.expected + 0.0  # no -0


@dataclass
class Jacobian:
    """The derivatives of one output by one input, element by element.

    Attributes:
        order: 1, or 2 where the function checked is itself a gradient.
        input, output: their numbers.
        input_name: what to call the input.
        input_shape, output_shape: their shapes.
        analytical, numerical, bars: (input elements, output elements).
        verdicts: likewise, of `Verdict`.
        cause: the likely mistake, if it looks like one.
        rows: None; or the input elements that were looked at, each against the outputs weighted at
            random into one number; -1 for a random direction in all elements.
        forward: whether they come from forward mode.
    """

    order: int
    input: int
    output: int
    input_name: str
    input_shape: Shape
    output_shape: Shape
    analytical: Array
    numerical: Array
    bars: Array
    verdicts: Array
    cause: str | None = None
    rows: Array | None = None
    forward: bool = False

    def count(self, verdict: Verdict) -> int:
        """Count the elements that got this verdict."""
        return int((self.verdicts == verdict).sum())

    @property
    def ok(self) -> bool:
        """Whether no element failed, most could be told, and of those that are not 0 some."""
        unsure = self.verdicts == Verdict.UNSURE
        due = self.analytical != 0
        lost = (unsure & due).any() and not (due & ~unsure).any()
        return not (self.count(Verdict.FAIL) or lost or 2 * unsure.sum() > unsure.size)

    def worst(self) -> Element | None:
        """The failed element with the largest difference."""
        failed = self.verdicts == Verdict.FAIL
        if not failed.any():
            return None
        with np.errstate(all="ignore"):
            off = np.abs(self.analytical - self.numerical)
        excess = np.where(failed, np.where(np.isnan(off), np.inf, off), -1)
        return self.element(*place_of(np.argmax(excess), excess.shape))

    def element(self, row: int, column: int) -> Element:
        """The element at a row and a column."""
        at = row if self.rows is None else int(self.rows[row])
        by = place_of(at, self.input_shape) if at >= 0 else ()
        values = (float(a[row, column]) for a in (self.numerical, self.bars, self.analytical))
        return Element(by, place_of(column, self.output_shape), *values)

    def relative_error(self) -> float:
        """The largest difference over the largest derivative that is more than rounding, if any."""
        known = np.abs(self.numerical) > self.bars
        size = np.abs(self.numerical[np.isfinite(self.numerical) & known]).max(initial=0)
        smooth = (self.verdicts != Verdict.KINK) & (self.verdicts != Verdict.MEET)
        off = np.abs(self.analytical - self.numerical)[smooth]
        off = off[np.isfinite(off)].max(initial=0)
        return float(off / size) if size else float(off)


@dataclass
class NodeFinding:
    """Finding about one recorded operation, checked by itself.

    Attributes:
        name: the Function's name.
        place: the user's file, line and function.
        shapes: of its inputs.
        problem: what is wrong; '' for nothing.
        at_kink: whether some output stands at a kink.
        note: why it could not be checked; '' if it was.
        written: where its backward is, as ``file:line``, if that is known.
    """

    name: str
    place: str
    shapes: tuple[Shape, ...]
    problem: str = ""
    note: str = ""
    at_kink: bool = False
    written: str = ""

    @property
    def told_shapes(self) -> str:
        """The shapes as a table has them."""
        return " ".join(str(list(shape)) for shape in self.shapes)


@dataclass
class Report:
    """The outcome of a check: true if nothing was found wrong.

    Attributes:
        name: what was checked.
        jacobians: one for each order, input and output.
        breaches: contracts that backward broke, each with the order at which.
        nodes: the recorded operations, in order, where each was checked by itself.
        notes: what else there is to say.
        kinks: the operations whose kinks meet, if there are such.
        seed: of the random cotangents.
        inputs: source lines that make the inputs again.
        imports: those that these need before them.
    """

    name: str
    jacobians: list[Jacobian] = field(default_factory=list)
    breaches: list[tuple[int, Violation]] = field(default_factory=list)
    nodes: list[NodeFinding] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    kinks: list[str] = field(default_factory=list)
    seed: int = 0
    call: str = ""
    inputs: list[str] = field(default_factory=list)
    imports: list[str] = field(default_factory=lambda: ["import minitorch"])
    seconds: float = 0.0

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong, and most could be told."""
        return not self.breaches and not self.culprit and all(j.ok for j in self.jacobians)

    def __bool__(self) -> bool:
        return self.ok

    def count(self, verdict: Verdict) -> int:
        """Count the elements that got this verdict."""
        return sum(j.count(verdict) for j in self.jacobians)

    @property
    def verdict(self) -> str:
        """The verdict in a word: right, WRONG or INCONCLUSIVE."""
        return "right" if self.ok else "WRONG" if self._is_wrong() else "INCONCLUSIVE"

    @property
    def error(self) -> float:
        """The largest relative error of a Jacobian."""
        return max((j.relative_error() for j in self.jacobians), default=0.0)

    @property
    def culprit(self) -> NodeFinding | None:
        """The first operation that is wrong by itself."""
        return next((node for node in self.nodes if node.problem), None)

    def raise_if_wrong(self) -> None:
        """Raise what was found.

        Raises:
            GradcheckError: with the report as its text, and as its attribute `report`.
        """
        __tracebackhide__ = True  # of pytest, which shows the user's own line then
        if not self.ok:
            error = GradcheckError(str(self))
            error.report = self
            raise error

    # ---- in the terminal ---------------------------------------------------------------------

    def summary(self) -> str:
        """One line: how many elements got which verdict."""
        words = {**WORDS, Verdict.MEET: f"where kinks of {listed(self.kinks)} meet"}
        counts = [f"{self.count(v)} {words[v]}" for v in Verdict if self.count(v)]
        if self.breaches:
            counts.append(f"{len(self.breaches)} broken contract{'s' * (len(self.breaches) > 1)}")
        if self.nodes and not counts:
            wrong = sum(bool(node.problem) for node in self.nodes)
            counts.append(f"{wrong} of {len(self.nodes)} checks failed")
        told = ", ".join(counts) or "nothing to compare"
        return f"gradients of {self.name}: {self.verdict} ({told})"

    def _is_wrong(self) -> bool:
        return bool(self.breaches or self.count(Verdict.FAIL) or self.culprit)

    def _advice(self) -> str:
        """Advice for where no operation is wrong by itself."""
        wrong = [j.analytical[j.verdicts == Verdict.FAIL] for j in self.jacobians]
        if any(values.size and not np.isfinite(values).all() for values in wrong):
            return (
                "Together they give no finite number: an infinite derivative, as of sqrt at 0, is "
                "multiplied by 0. Keep its input away from there, as by clamp or where."
            )
        return (
            "Part of the function is outside the graph, then: look for detach(), .data, .item(), "
            ".numpy(), no_grad, stop_gradient."
        )

    def __str__(self) -> str:
        lines = [self.summary()]
        for jacobian in self.jacobians:
            lines += _told(jacobian)
        for order, violation in self.breaches:
            at = "" if order == 1 else " (of the gradient's gradient)"
            lines.append(f"\nBroken contract{at}: backward {violation.contract}.")
            lines.append(f"  {violation.detail}")
        culprit = self.culprit
        if culprit is not None:
            lines += ["", f"First faulty operation: {culprit.name}"]
            if culprit.place:
                lines.append(f"  called at {culprit.place}{_source(culprit.place)}")
            if culprit.written:
                lines.append(f"  its backward at {culprit.written}")
            lines.append(f"  {culprit.problem}")
        elif self.nodes and self.count(Verdict.FAIL):
            lines += ["", "Each recorded operation is right by itself. " + self._advice()]
        lines += [f"Note: {note}" for note in dict.fromkeys(self.notes)]
        if self.count(Verdict.MEET):
            lines.append(
                f"Note: kinks of {listed(self.kinks)} meet here, so that nothing can be said of "
                f"{self.count(Verdict.MEET)} elements at this point. Each operation is right by "
                "itself, and so is the whole at points nearby."
            )
        if not self.ok and self.call:
            lines += ["", "To see it again:"]
            lines += [f"    {line}" for line in [*self.inputs, self.call]]
        return "\n".join(lines)

    def table(self) -> str:
        """A line for each Jacobian, and one for each operation that was checked by itself."""
        verdicts = (verdict.name.lower() for verdict in Verdict)
        rows: list[tuple[str, ...]] = [("gradient of", "by", "elements", *verdicts, "error")]
        for j in self.jacobians:
            of = f"output {j.output}" + (" (order 2)" if j.order == 2 else "")
            counts = map(str, (j.verdicts.size, *map(j.count, Verdict)))
            rows.append((of, j.input_name, *counts, f"{j.relative_error():.1e}"))
        text = columns(rows) if self.jacobians else ""
        if self.nodes:
            found: list[tuple[str, ...]] = [("operation", "inputs", "found", "at")]
            for node in self.nodes:
                said = "WRONG" if node.problem else node.note or "right"
                at = node.place.rpartition(os.sep)[2]
                found.append((node.name, node.told_shapes, said, at))
            text += "\n\n" * bool(text) + columns(found)
        return text

    # ---- as JSON and as a page ---------------------------------------------------------------

    def to_dict(self) -> dict[str, Any]:
        """The report in plain Python, for JSON."""
        return {
            "name": self.name,
            "ok": self.ok,
            "seed": self.seed,
            "seconds": self.seconds,
            "jacobians": [
                {
                    "order": j.order,
                    "input": j.input,
                    "input_name": j.input_name,
                    "output": j.output,
                    "input_shape": list(j.input_shape),
                    "output_shape": list(j.output_shape),
                    "counts": {verdict.name.lower(): j.count(verdict) for verdict in Verdict},
                    "relative_error": j.relative_error(),
                    "cause": j.cause,
                    "worst": None if (worst := j.worst()) is None else vars(worst),
                }
                for j in self.jacobians
            ],
            "breaches": [{"order": order, **vars(violation)} for order, violation in self.breaches],
            "nodes": [vars(node) for node in self.nodes],
            "notes": self.notes,
            "kinks": self.kinks,
            "reproduce": [*self.inputs, self.call] if self.call else [],
        }

    def to_json(self, path: str | os.PathLike[str] | None = None) -> str:
        """The report as JSON text; also written to `path` if there is one."""
        import json

        text = json.dumps(self.to_dict(), indent=2)
        if path is not None:
            Path(path).write_text(text + "\n", encoding="utf-8")
        return text

    def to_html(self, path: str | os.PathLike[str]) -> None:
        """Write the report as one page that needs nothing else, with a heat map a Jacobian."""
        from minitorch.autograd.gradcheck.page import page

        Path(path).write_text(page(self), encoding="utf-8")


def listed(names: Sequence[str]) -> str:
    """Names as a sentence lists them."""
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))


def _told(jacobian: Jacobian) -> Iterator[str]:
    """Describe a Jacobian that is not all right."""
    if jacobian.ok:
        return
    what, order = ("output", "") if jacobian.order == 1 else ("gradient", " (second order)")
    order += ", in forward mode" if jacobian.forward else ""
    where = f"{what} {jacobian.output} with respect to {jacobian.input_name}{order}"
    total, worst = jacobian.verdicts.size, jacobian.worst()
    yield ""
    if worst is None:
        yield (
            f"Inconclusive for {where}: the numerical derivative of "
            f"{jacobian.count(Verdict.UNSURE)} of {total} elements is too uncertain to compare "
            "with. Is the function noisy, or not finite around here?"
        )
        if lost := int((~np.isfinite(jacobian.analytical)).sum()):
            yield f"  Backward gives no finite number for {lost} of them."
        return
    failed = jacobian.count(Verdict.FAIL)
    yield f"Jacobian mismatch for {where}: {failed} of {total} elements differ."
    of, by = told_output(jacobian, worst), told_input(jacobian, worst)
    yield f"  worst     d {of} / d {by}"
    yield f"  expected  {worst.expected:.10g}  (numerical, +- {worst.bar:.1g})"
    yield f"  got       {worst.got:.10g}  (analytical)"
    yield f"  ratio     {worst.ratio:.6g}"
    if jacobian.cause:
        yield f"  likely cause: {jacobian.cause}"
    if jacobian.order == 2 and jacobian.cause in (FLAT, ZERO):
        yield (
            "    A constant to the second derivative? In backward look for detach(), .data and "
            ".numpy(), and for what forward saved that is neither input nor output."
        )
    elif jacobian.cause == FLAT:
        yield "    A straight-through estimator is not the derivative, and cannot be checked."


def told_output(jacobian: Jacobian, element: Element) -> str:
    """Name the output that an element is the derivative of."""
    if jacobian.rows is not None:
        return "the outputs' random weighted sum"
    return f"output {jacobian.output} {list(element.output)}"


def told_input(jacobian: Jacobian, element: Element) -> str:
    """Name the input element that an element is the derivative by."""
    if len(element.input) < len(jacobian.input_shape):
        return f"{jacobian.input_name} along a random direction"
    return f"{jacobian.input_name} {list(element.input)}"


def _source(place: str) -> str:
    """The line of source at a place, on a line of its own; '' if it is not to be had."""
    import linecache

    file, _, rest = place.rpartition(":")
    linecache.checkcache(file)  # a notebook's may have been written anew
    number = rest.partition(",")[0]
    line = linecache.getline(file, int(number)).strip() if number.isdigit() else ""
    return f"\n    {line}" if line else ""


def columns(rows: list[tuple[str, ...]]) -> str:
    """A table for a terminal, its first row the head."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    return "\n".join([lines[0], "-" * max(map(len, lines)), *lines[1:]])
