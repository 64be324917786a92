"""The functions that a test has checked: what is told of them at the end, and on a page."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from minitorch.autograd.gradcheck import Report
from minitorch.autograd.gradcheck.page import body


@dataclass
class Checked:
    """A function that a test has checked, at one point or several, and the worst report of it."""

    fn: Any
    orders: str
    report: Report
    times: int = 0
    seconds: float = 0.0
    told: bool = False

    @staticmethod
    def add_to(checks: dict[Any, Checked], fn: Any, orders: Iterable[int], report: Report) -> None:
        """Count a check among those of a test."""
        told = ", ".join(map(str, orders))
        checks.setdefault((place_of(fn), told), Checked(fn, told, report)).add(report)

    def add(self, report: Report) -> None:
        """Count one more, and keep it if it is worse; of those that failed, the last."""
        self.times, self.seconds, self.told = self.times + 1, self.seconds + report.seconds, False
        if not report.ok or (self.report.ok and report.error >= self.report.error):
            self.report = report

    def row(self, page: bool) -> dict[str, Any]:
        """Everything that the summary and the page say of it, in plain Python."""
        return {
            "place": place_of(self.fn),
            "function": self.report.name,
            "order": self.orders,
            "points": self.times,
            "verdict": self.report.verdict,
            "ok": self.report.ok,
            "error": self.report.error,
            "seconds": self.seconds,
            "body": body(self.report, 3) if page else "",
        }

    def again(self) -> str:
        """The table of the report, and a program that makes it again."""
        report = self.report
        (called,) = re.findall(r"gradcheck_report\(\(?(\w+)", report.call)
        functions = self.fn if isinstance(self.fn, tuple) else (self.fn,)
        program = [*report.imports, *map(_import, functions, (called, "vjp")), ""]
        program += [*report.inputs, report.call]
        return "\n".join([report.table(), "", "To see it again:", "", *program])


def owner_of(fn: Any) -> Any:
    """The class of a Function's ``apply``, or the function itself."""
    owner = getattr(fn, "__self__", None)
    return owner if isinstance(owner, type) and fn.__name__ == "apply" else fn


def place_of(fn: Any) -> str:
    """Where a function is defined, or both of a pair: one text for each."""
    if isinstance(fn, tuple):
        return " with ".join(map(place_of, fn))
    owner = owner_of(fn)
    code = getattr(owner, "__code__", None)
    name = getattr(owner, "__qualname__", type(owner).__qualname__)
    module = getattr(owner, "__module__", "")
    return f"{module}.{name}" + (f", line {code.co_firstlineno}" if code else "")


def _import(fn: Any, name: str) -> str:
    """The line that imports a function under a name, or what to fill in."""
    owner = owner_of(fn)
    module, own = getattr(owner, "__module__", ""), getattr(owner, "__name__", "")
    if own and getattr(sys.modules.get(module), own, None) is owner:
        return f"from {module} import {own}" + (f" as {name}" if name != own else "")
    return f"{name} = ...  # {place_of(fn)}"
