"""The pytest plugin: gradient checks as tests. How it is used is told in docs/pytest.md.

It stands beside the package and not inside, for pytest loads it in every run, and is not to load
the package and NumPy before a gradient is checked. `minitorch.pytest_plugin` is its other name.
"""

from __future__ import annotations

import functools
import inspect
import os
import sys
from collections.abc import Callable, Generator, Iterable
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from minitorch.autograd.gradcheck import Report

OPTIONS = ("atol", "eps", "fast_mode", "nondet_tol", "rtol", "seed")  # of gradcheck_report
MARKER = (
    "gradients(order=1, **options): check the gradients of the (function, inputs) that the test "
    "returns, and set what the fixture `gradcheck` takes by default"
)
CHECKS = pytest.StashKey[dict[Any, Any]]()  # of `minitorch.testing.checked.Checked`


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.getgroup("minitorch", "gradient checks").addoption(
        "--gradients-html",
        metavar="FILE",
        help="write one page with every gradient check of this run",
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", MARKER)
    config.pluginmanager.register(Session(config), "minitorch-session")


@pytest.fixture(scope="session")  # so that Hypothesis does not mind; the test is known by hooks
def gradcheck(request: pytest.FixtureRequest) -> Callable[..., Report]:
    """Check gradients: `gradcheck(fn, inputs, order=1, **options)` fails the test, or reports."""
    session: Any = request.config.pluginmanager.get_plugin("minitorch-session")
    return session


class Session:
    """One run of pytest: the fixture's value, and what the tests have checked with it."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.item: pytest.Item | None = None
        self.rows: dict[Any, dict[str, Any]] = {}
        name = config.getoption("gradients_html")
        self.page = config.invocation_params.dir / name if name else None
        if self.page:
            if self.page.is_dir():
                raise pytest.UsageError(f"--gradients-html: {name} is a folder; name a file in it")
            self.page.parent.mkdir(parents=True, exist_ok=True)

    # ---- a check ---------------------------------------------------------------------------

    def __repr__(self) -> str:
        return "gradcheck"  # as it stands among a failed test's arguments

    def __call__(self, fn: Any, inputs: Any, order: int | None = None, **options: Any) -> Report:
        """Check `fn`'s gradients at `inputs`; see `minitorch.autograd.gradcheck_report`.

        Args:
            fn, inputs: as for `gradcheck_report`.
            order: 2 for the gradients' gradients too; by default the marker's, or 1.
            options: atol, eps, fast_mode, nondet_tol, rtol, seed; by default the marker's.

        Raises:
            AssertionError: with the report, if something is wrong.
            ValueError: for another order; and as `gradcheck_report`.
        """
        __tracebackhide__ = True
        self.listen()
        mark = _mark(self.item)
        options = {**(mark.kwargs if mark else {}), **options}
        marked = options.pop("order", 1)
        order = marked if order is None else order
        if order not in (1, 2):
            raise ValueError(f"gradcheck: order must be 1 or 2, got {order!r}")
        from minitorch.autograd import GradcheckError, gradcheck_report

        try:
            orders = range(1, order + 1)
            report = gradcheck_report(fn, inputs, orders=orders, progress_bar=False, **options)
        except GradcheckError as error:
            raise AssertionError(str(error)) from None
        except Exception as error:
            _cut_checkers_frames(error)
            raise
        if not report.ok:
            raise AssertionError(str(report))
        return report

    def listen(self) -> None:
        """Have the checker tell of each check."""
        from minitorch.autograd.gradcheck.check import listeners

        if self.record not in listeners:
            listeners.append(self.record)

    def record(self, fn: Any, orders: Iterable[int], report: Report) -> None:
        """Count a check as one of the test that is running, if it is one that we look after."""
        item = self.item
        if item is None or not (_mark(item) or "gradcheck" in getattr(item, "fixturenames", ())):
            return
        from minitorch.testing.checked import Checked

        Checked.add_to(item.stash.setdefault(CHECKS, {}), fn, orders, report)

    # ---- a test ----------------------------------------------------------------------------

    @pytest.hookimpl(wrapper=True)
    def pytest_pycollect_makeitem(self, collector: Any) -> Generator[None, Any, Any]:
        made = yield
        for item in made if isinstance(made, list) else ():
            if wrong := _fault(_mark(item)):
                raise collector.CollectError(f"{item.nodeid}: @pytest.mark.gradients {wrong}")
        return made

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, Any, Any]:
        self.item = item
        try:
            return (yield)
        finally:
            self.item = None

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, Any, Any]:
        if _mark(item):
            self.listen()
        done = yield
        if _mark(item) and not item.stash.get(CHECKS, {}):
            pytest.fail(
                f"{item.name} is marked gradients, but checked nothing: call the fixture "
                "`gradcheck`, or return (function, inputs) or a list of such pairs",
                pytrace=False,
            )
        return done

    @pytest.hookimpl(wrapper=True)
    def pytest_pyfunc_call(self, pyfuncitem: pytest.Function) -> Generator[None, Any, Any]:
        if not _mark(pyfuncitem) or inspect.iscoroutinefunction(pyfuncitem.obj):
            return (yield)
        given = getattr(pyfuncitem.obj, "hypothesis", None)  # @given calls the test many times
        holder, name = (given, "inner_test") if given else (pyfuncitem, "obj")
        test = getattr(holder, name)
        setattr(holder, name, self.checking(test))
        try:
            return (yield)
        finally:
            setattr(holder, name, test)

    def checking(self, test: Callable[..., Any]) -> Callable[..., None]:
        """A test that checks what `test` returns."""

        @functools.wraps(test)
        def run(*args: Any, **kwargs: Any) -> None:
            __tracebackhide__ = True
            returned = test(*args, **kwargs)
            if returned is not None:
                from minitorch.testing.returned import check_returned

                check_returned(test, returned, self)

        return run

    # ---- what is told ----------------------------------------------------------------------

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item) -> Generator[None, Any, Any]:
        report = yield
        new = [checked for checked in item.stash.get(CHECKS, {}).values() if not checked.told]
        if new:  # as an attribute, which xdist sends along
            report.gradients = [checked.row(page=self.page is not None) for checked in new]
        for checked in new:
            checked.told = True
            if not checked.report.ok:
                report.sections.append(("gradients", checked.again()))
        return report

    def pytest_runtest_logreport(self, report: Any) -> None:
        for row in getattr(report, "gradients", ()):
            self.rows[report.nodeid, row["place"], row["order"]] = {"test": report.nodeid, **row}

    @property
    def summary(self) -> str:
        """How many functions were checked, and how many of them are wrong."""
        by_verdict: dict[str, set[str]] = {"right": set(), "WRONG": set(), "INCONCLUSIVE": set()}
        for row in self.rows.values():
            by_verdict[row["verdict"]].add(row["place"])
        count = len(set().union(*by_verdict.values()))
        told = [f"{count} function{'' if count == 1 else 's'} checked"]
        told.append(f"{len(by_verdict['WRONG']) or 'none'} wrong")
        unsure = len(by_verdict["INCONCLUSIVE"])
        return ", ".join([*told, f"{unsure} inconclusive"] if unsure else told)

    def pytest_sessionfinish(self) -> None:
        if self.page and not hasattr(self.config, "workerinput"):
            from minitorch.autograd.gradcheck.page import pages

            self.page.write_text(pages(self.summary, [*self.rows.values()]), encoding="utf-8")

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        if self.rows or self.page:
            where = f" (report: {self.config.getoption('gradients_html')})" if self.page else ""
            good = all(row["ok"] for row in self.rows.values())
            terminalreporter.write_line(
                f"gradients: {self.summary}{where}", green=good, red=not good
            )

    def pytest_unconfigure(self) -> None:
        checker: Any = sys.modules.get("minitorch.autograd.gradcheck.check")
        if checker and self.record in checker.listeners:
            checker.listeners.remove(self.record)


def _mark(item: Any) -> pytest.Mark | None:
    return item.get_closest_marker("gradients") if item is not None else None


def _fault(mark: pytest.Mark | None) -> str:
    """What is wrong with a marker's arguments; '' if nothing is."""
    if mark is None:
        return ""
    if mark.args:
        return f"takes keywords alone, as in order=2; got {', '.join(map(repr, mark.args))}"
    if unknown := [name for name in mark.kwargs if name not in ("order", *OPTIONS)]:
        return f"takes order, {', '.join(OPTIONS)}; got {', '.join(unknown)}"
    order = mark.kwargs.get("order", 1)
    return "" if order in (1, 2) else f"takes order=1 or order=2, got {order!r}"


def _cut_checkers_frames(error: Exception) -> None:
    """Have `error` not tell the way through the checker to where it was raised."""
    way: Any = error.__traceback__
    checker = (__file__, sys.modules["minitorch"].__path__[0] + os.sep)
    while way and way.tb_frame.f_code.co_filename.startswith(checker):
        way = way.tb_next
    error.__traceback__ = way
