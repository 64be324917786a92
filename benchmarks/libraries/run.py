"""Install libraries, run them on PyTorch and on minitorch, and write what came of it."""

from __future__ import annotations

import argparse
import itertools
import os
import re
import shutil
import subprocess
import sys
import tarfile
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.pages import as_markdown, write
from minitorch.torch_alias import FOLDER

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
NUMBER = re.compile(r"-?\d+\.?\d*(?:e[+-]?\d+)?")


@dataclass(frozen=True)
class Library:
    """A library, and how it is tried.

    Args:
        name: as pip calls it.
        module: as it is imported.
        needs: what is installed beside it; nothing is installed by itself.
        tests: the folder of its tests in the wheel, ``""`` if it brings none.
        in_source: whether that is a folder of its source distribution instead.
        options: for pytest.
    """

    name: str
    module: str
    needs: tuple[str, ...] = ()
    tests: str = ""
    in_source: bool = False
    options: tuple[str, ...] = ()

    @property
    def use(self) -> Path:
        """The program of its typical use."""
        return HERE / "uses" / f"{self.module.partition('.')[0]}_use.py"


HUGGING = ("huggingface_hub", "filelock", "fsspec", "pyyaml", "httpx", "httpcore", "httpcore2")
HUGGING += ("h11", "anyio", "certifi", "idna")
SCIKIT = ("scikit-learn", "scipy", "joblib", "threadpoolctl", "narwhals")
LIBRARIES = [
    Library("einops", "einops", tests="einops/tests"),
    Library("torchdiffeq", "torchdiffeq", ("scipy",)),
    Library("torchinfo", "torchinfo"),
    Library(
        "skorch",
        "skorch",
        (*SCIKIT, "tabulate", "pandas", "flaky", "safetensors", "python-dateutil", "six"),
        "skorch/tests",
        options=("-k", "not (gpu or cuda or slow or hf or llm)", "--continue-on-collection-errors"),
    ),
    Library(
        "timm",
        "timm",
        ("torchvision==0.28.0", "pillow", "safetensors", *HUGGING),
    ),
    Library("entmax", "entmax"),
    Library("opt_einsum", "opt_einsum", tests="opt_einsum/tests"),
    Library("higher", "higher"),
    Library("torchmetrics", "torchmetrics", ("lightning_utilities", "packaging", "scipy")),
    Library(
        "vit-pytorch",
        "vit_pytorch",
        ("einops", "torchvision==0.28.0", "pillow", "torch-einops-utils"),
        "tests",
        in_source=True,
    ),
    Library("torchvision==0.28.0", "torchvision", ("pillow",)),
    Library("pytorch-crf", "torchcrf"),
]


@dataclass
class Outcome:
    """How a library fared."""

    version: str = ""
    imports: bool = False
    lines: int = 0  # of the typical use, as PyTorch prints it
    unlike: list[str] = field(default_factory=list)
    passed: int = 0  # tests that pass on PyTorch
    failed: list[str] = field(default_factory=list)  # of these, those that do not pass here
    seconds: tuple[float, float] = (0.0, 0.0)  # of the typical use: PyTorch's, minitorch's


def install(library: Library, folder: Path) -> None:
    """Install it with pip, and the tests in its source beside it."""
    if folder.exists():
        return
    pip = [sys.executable, "-m", "pip", "-q"]
    into = ["install", "--no-deps", "--target", str(folder), library.name, *library.needs]
    subprocess.run([*pip, *into], check=True)
    if library.in_source:
        with TemporaryDirectory() as place:
            options = ["--no-deps", "--no-build-isolation", "--no-binary", ":all:", "-d", place]
            subprocess.run([*pip, "download", *options, library.name], check=True)
            with tarfile.open(next(Path(place).glob("*.tar.gz"))) as packed:
                packed.extractall(place, filter="data")
            shutil.copytree(next(Path(place).glob(f"*/{library.tests}")), folder / library.tests)


def python(folder: Path, ours: bool, *words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run Python with the library, on minitorch if it is `ours`, else on PyTorch."""
    path = [FOLDER, str(ROOT), str(folder)] if ours else [str(folder), str(HERE)]
    return subprocess.run(
        [sys.executable, "-W", "ignore", *words],
        cwd=cwd,
        env=os.environ
        | {"PYTHONPATH": os.pathsep.join(path), "EINOPS_TEST_BACKENDS": "numpy,torch"},
        capture_output=True,
        text=True,
        timeout=3000,
    )


def alike(one: str, other: str) -> bool:
    """Whether two lines are the same but for spaces, and their numbers but for rounding."""
    words = [NUMBER.sub("#", line).replace(" ", "") for line in (one, other)]
    numbers = [[float(x) for x in NUMBER.findall(line)] for line in (one, other)]
    return words[0] == words[1] and all(
        abs(x - y) <= 1e-3 * max(abs(x), abs(y)) + 2e-4 for x, y in zip(*numbers, strict=True)
    )


def passed(report: Path) -> set[str]:
    """The tests that passed, from pytest's report in XML."""
    if not report.exists():
        return set()
    cases = ElementTree.parse(report).iter("testcase")
    return {f"{c.get('classname')}::{c.get('name')}" for c in cases if len(c) == 0}


def run_tests(library: Library, folder: Path, ours: bool, cwd: Path) -> set[str]:
    """Run the library's own tests; those that passed."""
    report = cwd / f"{library.module}-{'minitorch' if ours else 'pytorch'}.xml"
    report.unlink(missing_ok=True)
    options = ("-q", "-n0", "-p", "no:cacheprovider", "-p", "no:minitorch", "--tb=no")
    options += () if ours else ("-p", "on_pytorch")
    words = ("-m", "pytest", *options, f"--junitxml={report}", *library.options)
    python(folder, ours, *words, str(folder / library.tests), cwd=cwd)
    return passed(report)


def attempt(library: Library, work: Path, tests: bool = True) -> Outcome:
    """Try a library."""
    folder = work / library.module
    install(library, folder)
    work = work / "run"  # no module lies beside a program
    work.mkdir(exist_ok=True)
    made = Outcome()
    made.imports = python(folder, True, "-c", f"import {library.module}", cwd=work).returncode == 0
    printed, seconds = [], []
    for ours, words in ((False, (str(HERE / "on_pytorch.py"),)), (True, ())):
        start = time.perf_counter()
        done = python(folder, ours, *words, str(library.use), cwd=work)
        seconds.append(time.perf_counter() - start)
        printed.append((done.stdout + done.stderr).splitlines())
    pairs = list(itertools.zip_longest(*printed, fillvalue="(nothing)"))
    made.lines, made.seconds = len(printed[0]), (seconds[0], seconds[1])
    made.unlike = [f"PyTorch {x!r}, minitorch {y!r}" for x, y in pairs if not alike(x, y)]
    found = python(folder, False, "-c", _VERSION.format(library.name.partition("=")[0]), cwd=work)
    made.version = found.stdout.strip()
    if tests and library.tests:
        theirs = run_tests(library, folder, False, work)
        made.passed, made.failed = (
            len(theirs),
            sorted(theirs - run_tests(library, folder, True, work)),
        )
    return made


_VERSION = "from importlib.metadata import version; print(version({!r}))"


def table(outcomes: dict[str, Outcome]) -> list[list[str]]:
    """A row a library."""
    head = ["Library", "version", "imports", "typical use: lines alike", "own tests that pass"]
    rows = [[*head, "seconds, PyTorch", "seconds, minitorch"]]
    for name, o in outcomes.items():
        tests = f"{o.passed - len(o.failed)} of {o.passed}" if o.passed else "it brings none"
        lines = f"{o.lines - len(o.unlike)} of {o.lines}"
        cells = [o.version, "yes" if o.imports else "no", lines, tests]
        rows.append([name, *cells, *(f"{s:.1f}" for s in o.seconds)])
    return rows


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; 1 if a typical use prints something else."""
    names = [library.name.partition("=")[0] for library in LIBRARIES]
    parser = argparse.ArgumentParser(prog="benchmarks.libraries", description=__doc__)
    parser.add_argument("--only", action="append", choices=names, help="may be given again")
    parser.add_argument("--no-tests", action="store_true", help="the typical uses alone")
    parser.add_argument(
        "--work", type=Path, default=ROOT / "build" / "libraries", help="where to install"
    )
    parser.add_argument("--markdown", type=Path, metavar="PATH", help="write the table into a page")
    options = parser.parse_args(argv)
    from tqdm import tqdm

    options.work.mkdir(parents=True, exist_ok=True)
    wanted = [
        library
        for name, library in zip(names, LIBRARIES, strict=True)
        if not options.only or name in options.only
    ]
    outcomes = {}
    bar = tqdm(wanted, "libraries", disable=not sys.stderr.isatty(), leave=False)
    for library in bar:
        name = library.name.partition("=")[0]
        outcomes[name] = outcome = attempt(library, options.work.resolve(), not options.no_tests)
        print(*table({name: outcome})[1], sep="  ", flush=True)
        for line in [*outcome.unlike, *outcome.failed]:
            print("   ", line)
    if options.markdown is not None:
        part = as_markdown(table(outcomes))
        left = [f"- {name}: `{test}`" for name, o in outcomes.items() for test in o.failed]
        if left:
            part += "\n\nTests that pass on PyTorch, and not on minitorch:\n\n" + "\n".join(left)
        part += f"\n\nWith minitorch {version('minitorch-numpy')}, PyTorch {version('torch')}."
        write(options.markdown, part, "python -m benchmarks.libraries")
    return int(any(o.unlike or not o.imports for o in outcomes.values()))
