"""``python -m minitorch digits``: the table, the picture, what is refused, what is missing."""

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]

# What PyTorch 2.13.0 prints for examples/digits.py with `torch` in the place of minitorch.
PYTORCH_TABLE = """\
Epoch 1/10 loss=2.2981 val_acc=0.4250
Epoch 2/10 loss=2.0590 val_acc=0.7611
Epoch 3/10 loss=1.5767 val_acc=0.7194
Epoch 4/10 loss=1.0298 val_acc=0.6861
Epoch 5/10 loss=0.7146 val_acc=0.7944
Epoch 6/10 loss=0.5471 val_acc=0.8694
Epoch 7/10 loss=0.4500 val_acc=0.8278
Epoch 8/10 loss=0.3810 val_acc=0.8806
Epoch 9/10 loss=0.3365 val_acc=0.8972
Epoch 10/10 loss=0.3082 val_acc=0.8722
"""

# Stands in for an environment without the library in its argv[1]; the rest is the command's argv.
WITHOUT = """
import sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == sys.argv[1]:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Absent())
from minitorch.__main__ import main
sys.exit(main(sys.argv[2:]))
"""


def python(*arguments, cwd=None, text=True):
    return subprocess.run(
        [sys.executable, *map(str, arguments)],
        cwd=cwd,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=text,
        timeout=120,
    )


def minitorch(*arguments, **options):
    return python("-m", "minitorch", *arguments, **options)


def test_digits_prints_pytorchs_table():
    done = minitorch("digits")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == PYTORCH_TABLE


def test_the_example_prints_pytorchs_table():
    done = python(ROOT / "examples" / "digits.py")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == PYTORCH_TABLE


@pytest.mark.skipif(not importlib.util.find_spec("torch"), reason="PyTorch is not installed")
@pytest.mark.parametrize("seed", [1, 2])
def test_digits_prints_what_pytorch_prints(seed, tmp_path):
    source = (ROOT / "examples" / "digits.py").read_text()
    for ours, theirs in [
        ("import minitorch as torch", "import torch"),
        ("from minitorch import", "from torch import"),
        ("manual_seed(0)", f"manual_seed({seed})"),
        ("epochs, batch_size = 10, 64", "epochs, batch_size = 3, 50"),
    ]:
        assert ours in source
        source = source.replace(ours, theirs)
    assert "minitorch" not in source.partition('"""\n\n')[2]
    (tmp_path / "digits.py").write_text(source)
    expected = python("digits.py", cwd=tmp_path)
    assert expected.returncode == 0, expected.stderr
    done = minitorch("digits", "--seed", seed, "--epochs", 3, "--batch-size", 50)
    assert done.stdout == expected.stdout


def test_progress_bar_is_only_on_stderr_and_wiped():
    done = minitorch("digits", "--epochs", 1, "--progress", text=False)
    assert done.stdout == b"Epoch 1/1 loss=2.2981 val_acc=0.4250\n"
    *bars, wipe, rest = done.stderr.split(b"\r")
    assert b" 23/23 [" in bars[-1] and b"loss=" in bars[-1]  # one bar over the whole run
    assert re.search(rb"<\d\d:\d\d", bars[-1])  # and the time left
    assert (wipe.strip(), rest) == (b"", b"")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--epochs", "0"], "--epochs: expected a whole number of at least 1, got '0'"),
        (["--epochs", "2.5"], "--epochs: expected a whole number of at least 1, got '2.5'"),
        (["--batch-size", "0"], "--batch-size: expected a whole number of at least 1, got '0'"),
        (["--lr=-0.1"], "--lr: expected a finite number of at least 0, got '-0.1'"),
        (["--lr", "nan"], "--lr: expected a finite number of at least 0, got 'nan'"),
        (["--seed", str(2**64)], "--seed: expected a whole number from -2**63 to 2**64 - 1, got"),
        (["--plot", "no/such/dir/a.png"], "--plot: cannot write 'no/such/dir/a.png': there is no"),
        (["--plot", "."], "--plot: cannot write '.': expected a name that ends in"),
        (["--plot", "run.txt"], "--plot: cannot write 'run.txt': expected a name that ends in"),
    ],
)
def test_bad_arguments_are_refused_before_training(arguments, message, capsys, tmp_path):
    from minitorch.__main__ import main

    with pytest.raises(SystemExit) as exit:
        main(["digits", *arguments])
    assert exit.value.code == 2
    printed = capsys.readouterr()
    assert message in printed.err
    assert printed.out == ""


def test_a_directory_is_no_picture(tmp_path, capsys):
    from minitorch.__main__ import main

    (tmp_path / "a.png").mkdir()
    with pytest.raises(SystemExit) as exit:
        main(["digits", "--plot", str(tmp_path / "a.png")])
    assert exit.value.code == 2
    assert "it is a directory" in capsys.readouterr().err


def test_plot_is_a_picture(tmp_path):
    done = minitorch("digits", "--epochs", 2, "--plot", "run.png", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    picture = (tmp_path / "run.png").read_bytes()
    assert picture.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = np.frombuffer(picture[16:24], ">u4")
    assert (width, height) == (1950, 1290)
    assert 50_000 < len(picture) < 1_000_000


@pytest.mark.parametrize(
    ("library", "arguments", "user"),
    [
        ("sklearn", [], "minitorch digits"),
        ("matplotlib", ["--plot", "run.png"], "minitorch digits --plot"),
        ("tqdm", ["--progress"], "the progress bar"),
    ],
)
def test_a_missing_library_names_its_extra(library, arguments, user, tmp_path):
    done = python("-c", WITHOUT, library, "digits", *arguments, cwd=tmp_path)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr == (
        f"minitorch digits: error: {user} needs {library}, which is not installed: "
        'pip install "minitorch-numpy[digits]"\n'
    )


def test_without_a_plot_nothing_needs_matplotlib_or_tqdm():
    for library in ("matplotlib", "tqdm"):
        done = python("-c", WITHOUT, library, "digits", "--epochs", "1")
        assert (done.returncode, done.stderr) == (0, "")
