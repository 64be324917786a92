"""Every command as it is typed: options in any order, outputs tried first, ends without noise."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from test_digits_command import ROOT, WITHOUT, minitorch, python

from minitorch.__main__ import main, parser

BACKWARD = """
import sys
print(sys.argv[1:])
import torch
w = torch.tensor([1.0, -2.0], requires_grad=True)
(w * w).sum().backward()
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "prog.py").write_text(BACKWARD)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def one_line(done: Any, *words: str) -> None:
    assert done.returncode not in (0, None)
    assert done.stderr.count("\n") == 1 and done.stderr.startswith("minitorch"), done.stderr
    for word in words:
        assert word in done.stderr


# ---- options after the program ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "seen"),
    [
        (["prog.py", "--html", "g.html"], []),
        (["prog.py", "--html=g.html"], []),
        (["--html", "g.html", "prog.py"], []),
        (["prog.py", "-v", "--html", "g.html", "data.csv"], ["-v", "data.csv"]),
        (["prog.py", "data.csv", "--html", "g.html", "--step", "1"], ["data.csv"]),
        (["--step", "1", "prog.py", "--lr", "0.1", "--html", "g.html"], ["--lr", "0.1"]),
        (
            ["--html", "g.html", "prog.py", "--", "--html", "mine.html"],
            ["--html", "mine.html"],
        ),
        (["prog.py", "--html", "g.html", "--", "--step", "2"], ["--step", "2"]),
        (["prog.py", "--html", "g.html", "a", "--", "--step", "2"], ["a", "--", "--step", "2"]),
        (["prog.py", "--html", "g.html", "--", "--"], ["--"]),
        # What only looks like one of ours is the program's: no abbreviations there.
        (["prog.py", "--ht", "--html", "g.html", "--htmls=1", "-1"], ["--ht", "--htmls=1", "-1"]),
        (["prog.py", "--html", "g.html", "", "a b", "--x=--html"], ["", "a b", "--x=--html"]),
        (["prog.py", "--html", "g.html", "--help", "--version"], ["--help", "--version"]),
    ],
)
def test_options_of_ours_stand_before_or_after_the_program(
    arguments: list[str], seen: list[str], here: Path
) -> None:
    for command in ("graph", "check"):
        options = parser().parse_args([command, *arguments])
        assert (options.program, options.args) == ("prog.py", seen)
        assert (options.html, options.step) == (Path("g.html"), 1)


@pytest.mark.parametrize("command", ["graph", "check"])
def test_the_page_that_was_asked_for_after_the_program(command: str, here: Path) -> None:
    done = minitorch(command, "prog.py", "-v", "--html", "g.html", "data.csv", cwd=here)
    assert (done.returncode, done.stderr) == (0, "Wrote g.html\n")
    assert done.stdout.splitlines()[0] == "['-v', 'data.csv']"
    assert (here / "g.html").read_text().lower().startswith("<!doctype html>")
    assert sorted(path.name for path in here.iterdir()) == ["g.html", "prog.py"]


def test_every_option_of_ours_is_taken_after_the_program(here: Path) -> None:
    (here / "two.py").write_text(BACKWARD + "print('after')\n(w * w * w).sum().backward()\n")
    done = minitorch("graph", "two.py", "--step", "2", "--whole", "--replay", "r.html", cwd=here)
    assert done.returncode == 0 and "after" in done.stdout and (here / "r.html").exists()
    done = minitorch("check", "two.py", "--budget", "10", "--json", "r.json", cwd=here)
    assert done.returncode == 0 and (here / "r.json").read_text().startswith("{")


def test_the_seed_after_the_program(here: Path) -> None:
    (here / "draw.py").write_text("import torch, sys\nprint(sys.argv[1:], torch.rand(2))")
    before = minitorch("run", "--seed", "0", "draw.py", "a", cwd=here)
    assert before.stdout == "['a'] tensor([0.4963, 0.7682])\n"
    after = minitorch("run", "draw.py", "a", "--seed=0", "--", "--seed", "3", cwd=here)
    assert after.stdout == "['a', '--', '--seed', '3'] tensor([0.4963, 0.7682])\n"


@pytest.mark.parametrize("command", ["run", "graph", "check"])
def test_the_help_says_where_options_stand(command: str, capsys: Any) -> None:
    with pytest.raises(SystemExit):
        main([command, "--help"])
    said = " ".join(capsys.readouterr().out.split())
    assert "before or after prog.py" in said and "--" in said


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["graph", "prog.py", "--html"], ["--html", "expected one argument"]),
        (["graph", "prog.py", "--step", "0"], ["--step", "at least 1"]),
        (["graph", "prog.py", "--step", "two"], ["--step", "at least 1"]),
        (["check", "prog.py", "--budget", "-3"], ["--budget", "at least 1"]),
        (["run", "prog.py", "--seed", "x"], ["--seed", "whole number"]),
        (["run", "--sed", "3", "prog.py"], ["--sed"]),
        (["run", "-m", "prog"], ["-m"]),
        (["run"], ["prog.py"]),
        (["run", "--"], ["prog.py"]),
        (["graph", "missing.py"], ["missing.py", "No such file"]),
        (["check", "missing.py"], ["minitorch check: error: cannot open", "missing.py"]),
        (["run", "folder"], ["__main__.py", "No such file"]),
        (["run", "prog.py/x"], ["Not a directory"]),
        (["run", "nul\0.py"], ["cannot open"]),
        (["nonsense"], ["nonsense", "choose from"]),
        (["--nonsense"], ["--nonsense"]),
        (["digits", "stray"], ["stray"]),
        (["convolution", "--operation", "conv9d"], ["conv9d"]),
        (["convolution", "--padding", "x"], ["--padding"]),
        (["convolution", "--padding", "-1"], ["padding"]),
        (["convolution", "--kernel-size", "99"], ["kernel"]),
        (["filters", "missing.png"], ["missing.png"]),
        (["filters", "folder"], ["folder"]),
        (["filters", "prog.py"], ["prog.py"]),
        (["explain"], ["formula"]),
        (["explain", "--htlm", "e.html", "x*w"], ["expected NAME=VALUE, as x=2, got 'x*w'"]),
        (["explain", "x*w", "--htlm", "e.html"], ["expected NAME=VALUE, as x=2, got '--htlm'"]),
        (["explain", "x^2"], ["a power is written with **"]),
    ],
    ids=" ".join,
)
def test_what_is_wrong_is_said_in_one_line(
    arguments: list[str], words: list[str], here: Path, capsys: Any
) -> None:
    (here / "folder").mkdir()
    if "\0" in arguments[-1]:  # no shell can type this one
        assert main(arguments) == 2
    else:
        try:
            assert main(arguments) == 2
        except SystemExit as stop:
            assert stop.code == 2
    said = capsys.readouterr()
    assert said.out == "" and said.err.startswith("minitorch")
    first, *place = said.err.splitlines()
    assert len(place) == (2 if arguments[-1] == "x^2" else 0), said.err  # the formula, and where
    for word in words:
        assert word in first


# ---- the formula --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments",
    [
        ["x*w", "x=2", "w=3", "--html", "e.html"],
        ["x*w", "--html", "e.html", "x=2", "w=3"],
        ["x*w", "x=2", "--html=e.html", "w=3"],
        ["--html", "e.html", "x*w", "x=2", "w=3"],
        ["--html", "e.html", "--", "x*w", "x=2", "w=3"],
    ],
)
def test_options_between_the_values(arguments: list[str], here: Path, capsys: Any) -> None:
    assert main(["explain", *arguments]) == 0
    assert "  d/dx = 3\n" in capsys.readouterr().out
    assert (here / "e.html").exists()


def test_a_formula_may_begin_with_a_minus(capsys: Any) -> None:
    assert main(["explain", "-x*w", "x=2", "w=3"]) == 0
    assert "  d/dx = -3\n" in capsys.readouterr().out


# ---- version, help, outputs ---------------------------------------------------------------------


def test_the_version(capsys: Any) -> None:
    import minitorch as package

    with pytest.raises(SystemExit) as stop:
        main(["--version"])
    assert stop.value.code == 0
    assert capsys.readouterr().out == f"minitorch {package.__version__}\n"


def test_the_bare_command_prints_its_help(capsys: Any) -> None:
    assert main([]) == 0
    said = capsys.readouterr()
    assert said.err == "" and said.out.startswith("usage: minitorch ")
    for command in ("digits", "run", "check", "graph", "explain", "convolution", "filters"):
        assert f"\n    {command}" in said.out


WRITERS = {
    "digits": (["digits", "--epochs", "1", "--plot"], ".png"),
    "check": (["check", "prog.py", "--html"], ".html"),
    "check as json": (["check", "prog.py", "--json"], ".json"),
    "graph": (["graph", "prog.py", "--html"], ".html"),
    "replay": (["graph", "prog.py", "--replay"], ".html"),
    "explain": (["explain", "x*w", "--html"], ".html"),
    "convolution": (["convolution", "-o"], ".html"),
    "filters": (["filters", "-o"], ".png"),
}


@pytest.mark.parametrize("writer", WRITERS)
@pytest.mark.parametrize("kind", ["no folder", "a folder", "a file for a folder", "too long"])
def test_an_output_is_tried_before_the_work(
    writer: str, kind: str, here: Path, capsys: Any
) -> None:
    arguments, suffix = WRITERS[writer]
    path = {
        "no folder": f"no/such/out{suffix}",
        "a folder": f"folder{suffix}",
        "a file for a folder": f"prog.py/out{suffix}",
        "too long": "x" * 300 + suffix,
    }[kind]
    (here / f"folder{suffix}").mkdir()
    with pytest.raises(SystemExit) as stop:
        main([*arguments, path])
    assert stop.value.code == 2
    said = capsys.readouterr()
    assert said.out == "" and said.err.count("\n") == 1
    assert "cannot write" in said.err and "picture:" not in said.err


@pytest.mark.parametrize("writer", WRITERS)
def test_an_output_that_is_not_writable(
    writer: str, here: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    arguments, suffix = WRITERS[writer]
    (here / f"old{suffix}").write_text("old")

    def denied(path: Path, *_: Any) -> None:  # root may write whatever it likes
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", denied)
    for name in ("old", "new"):
        with pytest.raises(SystemExit):
            main([*arguments, f"{name}{suffix}"])
        said = capsys.readouterr()
        assert said.out == "" and said.err.count("\n") == 1
        assert f"cannot write '{name}{suffix}': Permission denied" in said.err
    monkeypatch.undo()
    assert (here / f"old{suffix}").read_text() == "old"


@pytest.mark.parametrize(
    ("arguments", "path"),
    [
        (["graph", "fails.py", "--html"], "old.html"),
        (["check", "fails.py", "--json"], "old.json"),
        (["explain", "x*(", "--html"], "old.html"),
        (["convolution", "--padding", "-1", "-o"], "old.html"),
        (["filters", "prog.py", "-o"], "old.png"),
    ],
)
def test_a_file_that_is_there_outlives_a_failure(
    arguments: list[str], path: str, here: Path
) -> None:
    (here / "fails.py").write_text("raise ValueError('mine')")
    (here / path).write_text("old")
    for target in (path, path.replace("old", "new")):
        assert minitorch(*arguments, target, cwd=here).returncode != 0
    assert (here / path).read_text() == "old"
    assert not (here / path.replace("old", "new")).exists()


def test_filters_does_not_blame_the_picture_for_the_output(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    pytest.importorskip("matplotlib")
    image = pytest.importorskip("matplotlib.image")
    image.imsave(here / "photo.png", [[0.0, 1.0], [1.0, 0.0]])

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(SystemExit) as stop:
        main(["filters", "photo.png", "-o", "out.png"])
    assert stop.value.code == 1
    said = capsys.readouterr().err
    assert said == "minitorch filters: error: cannot write 'out.png': No space left on device\n"


# ---- ends ---------------------------------------------------------------------------------------


@pytest.mark.skipif(os.name != "posix", reason="signals are POSIX's")
def test_an_interrupt_saves_the_picture_of_what_is_done(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    process = started("digits", "--epochs", "100000", "--plot", "run.png", cwd=tmp_path)
    lines = [process.stdout.readline() for _ in range(2)]
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert lines[1].startswith("Epoch 2/100000 ")
    assert err == "Wrote run.png\nminitorch digits: interrupted\n"
    assert (tmp_path / "run.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.skipif(os.name != "posix", reason="signals are POSIX's")
@pytest.mark.parametrize("command", ["check", "graph"])
def test_an_interrupt_is_one_line(command: str, tmp_path: Path) -> None:
    (tmp_path / "slow.py").write_text("import time\nprint('on', flush=True)\ntime.sleep(60)")
    process = started(command, "slow.py", "--html", "x.html", cwd=tmp_path)
    process.stdout.readline()
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (130, f"minitorch {command}: interrupted\n")
    assert not (tmp_path / "x.html").exists()


def started(*arguments: str, cwd: Path) -> Any:
    """A command that hears Ctrl-C, as it does not by default in a shell's background."""
    heard = "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
    program = "from minitorch.__main__ import main\nsys.exit(main(sys.argv[1:]))"
    return subprocess.Popen(
        [sys.executable, "-c", heard + program, *arguments],
        cwd=cwd,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.skipif(os.name != "posix", reason="the shell is POSIX's")
@pytest.mark.parametrize(
    "arguments",
    ["explain 'x*w + b*x + w'", "graph prog.py", "check prog.py", "digits --epochs 3"],
)
def test_a_closed_pipe_ends_quietly(arguments: str, here: Path) -> None:
    (here / "many.py").write_text("for n in range(100_000): print(n)")
    script = f"{sys.executable} -m minitorch {arguments} | head -n 1; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=here,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stderr == ""
    first, code = done.stdout.splitlines()
    assert first and code in ("0", "141")


@pytest.mark.skipif(os.name != "posix", reason="pipes are POSIX's")
@pytest.mark.parametrize("arguments", [["run", "many.py"], ["explain", "x*w"]])
def test_a_pipe_that_is_closed_from_the_start(arguments: list[str], here: Path) -> None:
    (here / "many.py").write_text("for n in range(100_000): print(n)")
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [sys.executable, "-m", "minitorch", *arguments],
        cwd=here,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=write,
        stderr=subprocess.PIPE,
        text=True,
        timeout=60,
    )
    os.close(write)
    assert (done.returncode, done.stderr) == (141, "")


# ---- the program's own ways ---------------------------------------------------------------------


@pytest.mark.parametrize("command", ["graph", "check"])
@pytest.mark.parametrize(
    ("source", "code", "end"),
    [
        ("def f():\n    raise ValueError('mine')\nf()", 1, "ValueError: mine\n"),
        ("import sys; sys.exit('a message')", 1, "a message\n"),
        ("x = = 1", 1, "SyntaxError: invalid syntax\n"),
    ],
)
def test_what_the_program_raises_is_shown_from_its_own_file(
    command: str, source: str, code: int, end: str, here: Path
) -> None:
    (here / "bad.py").write_text(source)
    done = minitorch(command, "bad.py", cwd=here)
    assert done.returncode == code and done.stderr.endswith(end)
    if done.stderr.startswith("Traceback"):
        assert "bad.py" in done.stderr.splitlines()[1]
    assert "cli/" not in done.stderr and "<frozen" not in done.stderr


@pytest.mark.parametrize("command", ["graph"])
def test_programs_with_a_parser_standard_input_and_a_main(command: str, here: Path) -> None:
    (here / "whole.py").write_text("""
import argparse, sys
import torch
def train():
    parser = argparse.ArgumentParser()
    parser.add_argument("--lr", type=float, required=True)
    parser.add_argument("--html", help="the program's own")
    options = parser.parse_args()
    w = torch.tensor(float(sys.stdin.readline()), requires_grad=True)
    print(options)
    (w * options.lr).square().backward()
if __name__ == "__main__":
    train()
""")
    arguments = ["--html", "ours.html", "--", "--lr", "2", "--html", "theirs"]
    done = subprocess.run(
        [sys.executable, "-m", "minitorch", command, "whole.py", *arguments],
        cwd=here,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        input="3\n",
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "Namespace(lr=2.0, html='theirs')" in done.stdout and (here / "ours.html").exists()


def test_extras_that_are_missing_are_one_line(here: Path) -> None:
    for library, arguments in [("matplotlib", ["filters"]), ("sklearn", ["filters"])]:
        done = python("-c", WITHOUT, library, *arguments, cwd=here)
        one_line(done, library, "pip install")


@pytest.mark.parametrize("command", ["check", "graph"])
def test_a_backward_in_a_thread_is_found(command: str, here: Path) -> None:
    (here / "threaded.py").write_text(
        "import threading, torch\n"
        "w = torch.ones(2, requires_grad=True)\n"
        "thread = threading.Thread(target=lambda: (w * w).sum().backward())\n"
        "thread.start()\n"
        "thread.join()\n"
    )
    done = minitorch(command, "threaded.py")
    assert done.returncode == 0 and "Mul" in done.stdout, done.stderr


def test_a_program_that_never_goes_backward(here: Path) -> None:
    (here / "forward.py").write_text("import torch\ntorch.ones(1)")
    one_line(minitorch("graph", "forward.py", cwd=here), "forward.py never called backward()")


# ---- programs that do not stop where they are stopped -------------------------------------------


@pytest.mark.parametrize("command", ["graph", "check"])
@pytest.mark.parametrize("ending", ["sys.exit(0)", "raise SystemExit(False)", ""])
def test_a_program_that_ends_before_its_backward(command: str, ending: str, here: Path) -> None:
    (here / "ends.py").write_text(f"import sys, torch\n{ending}\n")
    one_line(minitorch(command, "ends.py", cwd=here), "ends.py never called backward()")
    (here / "ends.py").write_text(f"{BACKWARD}\n{ending}\n")
    one_line(
        minitorch(command, "ends.py", "--step", 2, cwd=here), "called backward() 1 times, and not 2"
    )


def test_a_program_that_fails_before_its_backward_keeps_its_exit_code(here: Path) -> None:
    (here / "ends.py").write_text("import sys\nsys.exit(3)\n")
    done = minitorch("check", "ends.py", cwd=here)
    assert done.returncode == 3 and "ends.py never called backward()" in done.stderr


@pytest.mark.parametrize("command", ["graph", "check"])
@pytest.mark.parametrize("then", ["", "sys.exit(0)"])
def test_a_program_that_goes_on_after_it_was_stopped(command: str, then: str, here: Path) -> None:
    body = BACKWARD.replace("(w * w)", "try:\n    (w * w)") + f"except:\n    pass\n{then}\n"
    (here / "on.py").write_text(body)
    done = minitorch(command, "on.py", cwd=here)
    assert (done.returncode, done.stderr) == (0, "")
    wrong = body.replace("w * w", "Wrong.apply(w)").replace("try:", WRONG + "try:")
    (here / "on.py").write_text(wrong)
    if command == "check":  # a gradient that is wrong stays wrong
        assert minitorch(command, "on.py", cwd=here).returncode == 1


WRONG = """
class Wrong(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x * 2
    @staticmethod
    def backward(ctx, grad):
        return grad * 3
"""


def test_two_pages_in_one_file(here: Path) -> None:
    one_line(
        minitorch("graph", "prog.py", "--html", "a.html", "--replay", "./a.html", cwd=here),
        "--html and --replay",
        "a.html",
    )
    assert not (here / "a.html").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["e * x", "e=2"], ["'e' is the constant 2.71828"]),
        (["x.sum"], ["x.sum()"]),
        (["x", "x=1", "x=2"], ["'x' is given two values"]),
        ([], ["required: formula\n"]),
    ],
)
def test_what_explain_says_is_true(arguments: list[str], words: list[str], here: Path) -> None:
    done = minitorch("explain", *arguments, cwd=here)
    assert done.returncode == 2
    for word in words:
        assert word in done.stderr
