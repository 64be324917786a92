"""The pytest plugin: each test writes a small file of tests, and runs pytest on it."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browser import low_contrast, sideways

import _minitorch_pytest as plugin
from minitorch.autograd import gradcheck_report

ROOT = Path(__file__).resolve().parents[2]
PLUGIN = ("-p", "minitorch.pytest_plugin", "--strict-markers", "-p", "no:cacheprovider")
FILE = '''
import unittest
import minitorch as torch
import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from minitorch.testing import assert_gradients

class Half(torch.autograd.Function):
    """x², and half its gradient."""
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * x
    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        return grad * x

class Once(torch.autograd.Function):
    """x³, whose gradient is right but is not recorded."""
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x**3
    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        return grad * 3 * x.detach() ** 2

X = torch.tensor([1.0, 2.0], dtype=torch.float64, requires_grad=True)
'''


class Loaded:
    """What pytest loads within this process, and is to stay loaded: NumPy cannot be twice."""

    def __init__(self) -> None:
        self.modules: dict[str, Any] = {}

    def pytest_unconfigure(self) -> None:
        self.modules |= {n: m for n, m in sys.modules.items() if not n.startswith("test_")}


@pytest.fixture
def loaded() -> Iterator[Loaded]:
    """Begun before `pytester`, and so ended after it has taken the modules away."""
    loaded = Loaded()
    yield loaded
    sys.modules.update(loaded.modules)


@pytest.fixture
def check(loaded: Loaded, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run pytest on FILE and these lines; ``check(lines, *options)``."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))

    def run(lines: str, *options: str, apart: bool = False) -> pytest.RunResult:
        pytester.makepyfile(test_it=FILE + lines)
        if apart:
            done = pytester.runpytest_subprocess(*PLUGIN, *options)
        else:
            done = pytester.runpytest_inprocess(*PLUGIN, *options, plugins=[loaded])
        assert "INTERNALERROR" not in str(done.outlines) + str(done.errlines)
        return done

    return run


def text(done: pytest.RunResult) -> str:
    return "\n".join(done.outlines)


# ---- the fixture ------------------------------------------------------------------------------


def test_a_wrong_gradient_fails_the_test_with_the_report(check: Any, tmp_path: Path) -> None:
    done = check(
        """
def test_right(gradcheck):
    report = gradcheck(torch.sin, X)
    assert report.ok and {j.order for j in report.jacobians} == {1}
    assert {j.order for j in gradcheck(torch.sin, X, order=2).jacobians} == {1, 2}

def test_wrong(gradcheck):
    y = 3
    gradcheck(Half.apply, (X,))
"""
    )
    done.assert_outcomes(passed=1, failed=1)
    done.stdout.fnmatch_lines(
        [
            ">       gradcheck(Half.apply, (X,))",
            "E       AssertionError: gradients of Half.apply: WRONG (2 pass, 2 fail)",
            "E         likely cause: a constant factor of 1/2*",
            "E         called at *test_it.py:*, in test_wrong",
            "test_it.py:*: AssertionError",
            "*- gradients -*",
            "gradient of  by *",
            "gradients: 2 functions checked, 1 wrong",
        ]
    )
    assert "_minitorch_pytest" not in text(done)
    (program,) = re.findall(r"^import minitorch\n.*?^print.*?$", text(done), re.M | re.S)
    again = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=Path.cwd(), check=True
    )
    assert again.stdout.startswith("gradients of Half.apply: WRONG (2 pass, 2 fail)")


def test_bad_input_is_told_by_the_checkers_own_error(check: Any) -> None:
    done = check(
        """
def test_no_grad(gradcheck):
    gradcheck(torch.sin, X.detach())
def test_no_tensor(gradcheck):
    gradcheck(lambda x: 3, X)
def test_order(gradcheck):
    gradcheck(torch.sin, X, order=3)
def test_option(gradcheck):
    gradcheck(torch.sin, X, tolerance=3)
def test_own_error(gradcheck):
    gradcheck(lambda x: x + missing, X)
def test_never_the_same(gradcheck):
    gradcheck(lambda x: x * torch.rand(()), X)
"""
    )
    done.assert_outcomes(failed=6)
    done.stdout.fnmatch_lines(
        [
            "E       ValueError: gradcheck expects at least one input tensor to require gradient*",
            "E       ValueError: gradcheck: expected func to return a tensor*got int",
            "E       ValueError: gradcheck: order must be 1 or 2, got 3",
            "E       TypeError: *'tolerance'",
            "E   NameError: name 'missing' is not defined",
            "E       AssertionError: *deterministic*",
        ]
    )
    assert "minitorch/autograd" not in text(done)  # none of the checker's own lines


def test_functions_of_other_libraries_are_checked(check: Any, torch: Any) -> None:
    pytest.importorskip("jax")
    done = check(
        """
import jax
import torch as pytorch
jnp = jax.numpy
@jax.custom_vjp
def wrong(x): return x**2
wrong.defvjp(lambda x: (x**2, x), lambda x, g: (g * x,))
def test_jax(gradcheck):
    gradcheck(jnp.sin, jnp.array([1.0, 2.0]))
    gradcheck(wrong, (jnp.array([1.0, 2.0]),))
class Wrong(pytorch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x**2
    @staticmethod
    def backward(ctx, g):
        return g * ctx.saved_tensors[0]
@pytest.mark.gradients(order=2)
def test_torch():
    x = pytorch.tensor([1.0, 2.0], requires_grad=True)
    return [(pytorch.sin, x), (pytorch.cos, x), (Wrong.apply, (x,))]
"""
    )
    done.assert_outcomes(failed=2)
    done.stdout.fnmatch_lines(
        [
            ">       gradcheck(wrong, (jnp.array([[]1.0, 2.0]),))",
            "E       AssertionError: gradients of wrong: WRONG*",
            "import minitorch",
            "import jax.numpy as jnp",
            "from test_it import wrong",
            ">       return [[](pytorch.sin, x), (pytorch.cos, x), (Wrong.apply, (x,))]",
            "E         called at *test_it.py:*, in test_torch",
            "import minitorch",
            "import torch",
            "from test_it import Wrong",
            "x0 = torch.tensor(*",
            "gradients: 5 functions checked, 2 wrong",
        ]
    )


# ---- the marker -------------------------------------------------------------------------------


def test_the_closest_marker_gives_the_defaults(check: Any) -> None:
    done = check(
        """
pytestmark = pytest.mark.gradients(order=2)
def test_of_the_module(gradcheck):
    with pytest.raises(AssertionError, match="WRONG"):
        gradcheck(Once.apply, X)
    gradcheck(Once.apply, X, order=1)
@pytest.mark.gradients(order=1)
class TestOfTheClass:
    def test_it(self, gradcheck):
        gradcheck(Once.apply, X)
    @pytest.mark.gradients(order=2)
    def test_of_the_test(self):
        return Once.apply, X
    @pytest.mark.gradients(atol=100.0)
    def test_options(self, gradcheck):
        gradcheck(Half.apply, X)
        with pytest.raises(AssertionError):
            gradcheck(Half.apply, X, atol=0.0)
"""
    )
    done.assert_outcomes(passed=3, failed=1)
    done.stdout.fnmatch_lines(["*_ TestOfTheClass.test_of_the_test _*", "*(second order)*"])


def test_what_is_returned_is_checked(check: Any) -> None:
    done = check(
        """
pytestmark = pytest.mark.gradients
@pytest.mark.parametrize("fn", [torch.sin, Half.apply], ids=["sin", "half"])
def test_pair(fn):
    if fn is None:
        return None
    return fn, X
def test_several():
    return [(torch.sin, X), (lambda x, y: x * y, (X, X))]
def cube(x): return x**3
def half(g, x): return g * 1.5 * x**2
def test_pairs():
    x = np.array([1.0, 2.0])
    return ((cube, lambda g, x: g * 3 * x**2), x), ((cube, half), (x,))
def test_lazily():
    return ((fn, X) for fn in (torch.sin, Half.apply))
def test_no_pair():
    return [(torch.sin, X), X]
def test_a_number():
    return 3
""",
        "-Werror::pytest.PytestReturnNotNoneWarning",
    )
    done.assert_outcomes(passed=2, failed=5)
    done.stdout.fnmatch_lines(
        [
            "*_ test_pair?half? _*",
            ">       return fn, X",
            "E       AssertionError: gradients of Half.apply: WRONG*",
            "E         called at *test_it.py:*, in test_pair",
            "*_ test_pairs _*",
            "import minitorch",
            "import numpy as np",
            "from test_it import cube",
            "from test_it import half as vjp",
            "",
            "x0 = np.array([[]1.0, 2.0], np.float64)",
            "print(minitorch.autograd.gradcheck_report((cube, vjp), (x0,), seed=0))",
            "*_ test_lazily _*",
            ">       return ((fn, X) for fn in (torch.sin, Half.apply))",
            "*_ test_no_pair _*",
            "E       TypeError: a test that is marked gradients returns*got tensor(*",
            "*_ test_a_number _*",
            "E       TypeError: *got 3",
        ]
    )


def test_a_marked_test_that_checks_nothing_fails(check: Any) -> None:
    done = check(
        """
pytestmark = pytest.mark.gradients
def test_idle():
    pass
def test_none():
    return []
def test_by_assertion():
    assert_gradients(torch.sin, X)
class TestOld(unittest.TestCase):
    def test_old(self):
        assert_gradients(torch.sin, X)
    def test_old_and_idle(self):
        pass
def test_skipped():
    pytest.skip()
@pytest.mark.xfail
def test_expected():
    pass
def test_with_an_error():
    1 / 0
"""
    )
    done.assert_outcomes(passed=2, failed=4, skipped=1, xfailed=1)
    done.stdout.fnmatch_lines(
        ["test_idle is marked gradients, but checked nothing: call the fixture `gradcheck`*"]
    )
    said = re.findall(
        r"^test_\w+ is marked gradients, but checked nothing", text(done), re.MULTILINE
    )
    assert len(said) == 3  # not of the last, which has an error


@pytest.mark.parametrize(
    ("arguments", "said"),
    {
        "order=3": "takes order=1 or order=2, got 3",
        "ordr=1": "takes order, atol, eps, fast_mode, nondet_tol, rtol, seed; got ordr",
        "2": "takes keywords alone, as in order=2; got 2",
    }.items(),
)
def test_a_wrong_marker_is_one_error(check: Any, arguments: str, said: str) -> None:
    done = check(
        f"@pytest.mark.gradients({arguments})\nclass TestIt:\n"
        "    def test_one(self):\n        pass\n    def test_other(self):\n        pass\n"
    )
    done.assert_outcomes(errors=1)
    done.stdout.fnmatch_lines([f"test_it.py::TestIt::test_one: @pytest.mark.gradients {said}"])


def test_the_markers_options_are_the_checkers() -> None:
    parameters = set(inspect.signature(gradcheck_report).parameters)
    assert parameters == {*plugin.OPTIONS, "func", "inputs", "orders", "progress_bar"}


# ---- Hypothesis -------------------------------------------------------------------------------


def test_it_goes_with_given(check: Any) -> None:
    done = check(
        """
values = st.integers(1, 9).map(lambda n: torch.tensor([n / 4], requires_grad=True))
few = settings(max_examples=8, database=None, derandomize=True)
@few
@given(x=values)
def test_fixture(gradcheck, x):
    gradcheck(torch.exp, x)
@pytest.mark.gradients
@few
@given(values)
def test_returned(x):
    return (Half.apply if x.item() > 1 else torch.exp), x
@pytest.mark.gradients
class TestIt:
    @few
    @given(values)
    def test_method(self, x):
        return torch.log, x
""",
        "--gradients-html=page.html",
    )
    done.assert_outcomes(passed=2, failed=1)
    done.stdout.fnmatch_lines(
        [
            ">       return (Half.apply if x.item() > 1 else torch.exp), x",
            "E       Failing test case: test_returned(",
            "*- gradients -*",
            "x0 = minitorch.tensor([[]1.25]*",  # the simplest that fails, and it alone
            "gradients: 3 functions checked, 1 wrong (report: page.html)",
        ]
    )
    assert text(done).count("- gradients -") == 1
    assert '<td class="n">8</td>' in Path("page.html").read_text()


# ---- the page ---------------------------------------------------------------------------------

SEVERAL = """
@pytest.mark.parametrize("name", ["exp", "log", "sin", "tanh"])
def test_right(gradcheck, name):
    gradcheck(getattr(torch, name), X)
def test_wrong(gradcheck):
    gradcheck(Half.apply, X)
@pytest.mark.gradients(order=2)
def test_markup():
    return (lambda x: x * x), X
"""


@pytest.mark.parametrize("workers", [(), ("-n2",)], ids=["alone", "xdist"])
def test_the_page_has_every_check(check: Any, workers: tuple[str, ...]) -> None:
    if workers:
        pytest.importorskip("xdist")
    done = check(SEVERAL, "--gradients-html=made/for/it.html", *workers, apart=bool(workers))
    done.assert_outcomes(passed=5, failed=1)
    done.stdout.fnmatch_lines(
        ["gradients: 6 functions checked, 1 wrong (report: made/for/it.html)"]
    )
    page = Path("made/for/it.html").read_text()
    assert page.count("<html") == page.count("</html>") == 1
    assert "6 functions checked, 1 wrong" in page
    rows = re.findall(r'<tr><td><a href="#(\w+)">(.*?)</a>.*?</tr>', page)
    assert len(rows) == 6
    assert rows[0][1] == "test_it.py::test_wrong"  # it comes first
    assert all(f'id="{anchor}"' in page for anchor, _ in rows)
    assert page.count("<details open>") == 1
    assert page.count("<svg") == 8  # one, and at order 2 two more
    assert "test_markup.&lt;locals&gt;.&lt;lambda&gt;" in page and "<lambda>" not in page


def test_the_page_can_be_read_in_the_dark(check: Any, visit: Any) -> None:
    check(SEVERAL, "--gradients-html=page.html")
    for dark in (False, True):
        page = visit(Path("page.html"), dark=dark, width=390, height=700)
        assert low_contrast(page) == []
        assert sideways(page) == 0
        page.click("text=test_it.py::test_right[tanh]")
        assert page.locator("details[open]").count() == 2  # the link opens what it leads to


def test_nothing_checked_makes_an_empty_page_and_says_so(check: Any) -> None:
    done = check("def test_idle(): pass", "--gradients-html=page.html")
    done.stdout.fnmatch_lines(["gradients: 0 functions checked, none wrong (report: page.html)"])
    assert "0 functions checked" in Path("page.html").read_text()


def test_a_folder_is_no_page(check: Any) -> None:
    Path("there").mkdir()
    done = check("def test_idle(): pass", "--gradients-html=there")
    assert done.ret == pytest.ExitCode.USAGE_ERROR
    done.stderr.fnmatch_lines(["ERROR: --gradients-html: there is a folder; name a file in it"])


# ---- installed --------------------------------------------------------------------------------


def install(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have pytest find the plugin as in an environment where the package is installed."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    found = project["project"]["entry-points"]["pytest11"]
    assert project["tool"]["setuptools"]["py-modules"] == list(found.values())
    installed = pytester.mkdir("installed") / "there-1.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text("Name: there\nVersion: 1\n")
    lines = [f"{name} = {module}\n" for name, module in found.items()]
    (installed / "entry_points.txt").write_text("".join(["[pytest11]\n", *lines]))
    monkeypatch.setenv("PYTHONPATH", f"{installed.parent}:{ROOT}")


IDLE = """
import sys
def test_idle(pytestconfig):
    assert pytestconfig.pluginmanager.has_plugin("minitorch")
    loaded = {"minitorch", "numpy", "torch"} & set(sys.modules)
    assert loaded == (set() if INERT else {"minitorch", "numpy"})
"""


@pytest.mark.parametrize(
    "named", ["nowhere", "-pminitorch", "-pminitorch.pytest_plugin", "conftest"]
)
def test_it_is_found_once_and_loads_nothing(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, named: str
) -> None:
    install(pytester, monkeypatch)
    inert = named in ("nowhere", "-pminitorch")  # else the package is asked for
    pytester.makepyfile(IDLE.replace("INERT", str(inert)))
    if named == "conftest":
        pytester.makeconftest("pytest_plugins = ['minitorch.pytest_plugin']")
    options = ("-pno:hypothesispytest", "-pno:xdist", "-Werror")
    if named.startswith("-p"):
        options += (named,)
    done = pytester.runpytest_subprocess(*options)
    done.assert_outcomes(passed=1)
    assert "gradients:" not in text(done)


def test_who_follows_the_page_gets_what_it_shows(
    torch: Any, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(pytester, monkeypatch)
    page = (ROOT / "docs" / "pytest.md").read_text()
    files = re.findall(r"In `([\w/.]+)`:\n\n```\w+\n(.*?)```", page, re.DOTALL)
    assert len(files) == 3
    for name, lines in files:
        file = pytester.path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(lines)
    right, wrong = re.findall(r"```text\n(.*?)```", page, re.DOTALL)
    assert shown(pytester, right) in shown(
        pytester, pytester.run(sys.executable, "-m", "pytest").stdout.str()
    )
    (mistaken,) = re.findall(r"is `(return .*?)`", page)
    source = pytester.path / "src" / "squares" / "__init__.py"
    source.write_text(source.read_text().replace(f"return 2 * {mistaken[7:]}", mistaken))
    (selected,) = re.findall(r"`python -m pytest (-k \w+)`", page)
    (option,) = re.findall(r"^    pytest (--\S+)$", page, re.MULTILINE)
    done = pytester.run(sys.executable, "-m", "pytest", *selected.split(), option)
    assert shown(pytester, wrong) in shown(pytester, done.stdout.str())
    assert (pytester.path / option.partition("=")[2]).read_text().startswith("<!doctype html>")


def shown(pytester: pytest.Pytester, text: str) -> str:
    """A text without what depends on the place, the machine, and blanks at ends of lines."""
    text = text.replace(str(pytester.path), "/home/ada/squares")
    return re.sub(r" +$", "", re.sub(r"\+- [\d.e-]+", "+- ...", text), flags=re.MULTILINE)
