"""``python -m minitorch run``: a PyTorch program sees minitorch, and otherwise plain Python."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def run(tmp_path):
    """Write `source` as prog.py and run it; `plain` is the same under Python alone."""

    def run(source, *arguments, options=(), plain=False, name="prog.py"):
        (tmp_path / name).write_text(dedent(source))
        command = [sys.executable] if plain else [sys.executable, "-m", "minitorch", "run"]
        return subprocess.run(
            [*command, *options, name, *arguments],
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=60,
        )

    return run


def test_every_way_to_import_gives_minitorchs_own_modules(run):
    done = run("""
        import importlib, sys
        import torch
        import torch.nn as nn
        import torch.nn.functional as F
        import torch.nn.utils
        from torch import optim, Tensor
        from torch.nn import Linear, functional
        from torch.optim.optimizer import Optimizer
        from torch.nn.utils import clip_grad_norm_
        import minitorch, minitorch.nn.utils, minitorch.optim.optimizer

        assert torch.ones is minitorch.ones and Tensor is minitorch.Tensor
        assert nn is torch.nn is minitorch.nn and Linear is minitorch.nn.Linear
        assert F is functional is minitorch.nn.functional
        assert optim is minitorch.optim
        assert Optimizer is minitorch.optim.optimizer.Optimizer
        assert clip_grad_norm_ is minitorch.nn.utils.clip_grad_norm_
        assert importlib.import_module("torch.nn") is nn
        assert importlib.import_module("torch") is sys.modules["torch"] is torch
        assert torch.__spec__.name == torch.__name__ == "torch"
        assert nn.__spec__.name == "minitorch.nn"
        x = torch.tensor([1.0, 2.0], requires_grad=True)
        (x * x).sum().backward()
        print(x.grad)
    """)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "tensor([2., 4.])\n"


@pytest.mark.parametrize(
    ("statement", "error", "name"),
    [
        ("import torch.no_such_module", "ModuleNotFoundError", "torch.no_such_module"),
        ("import torch.cuda.no_such", "ModuleNotFoundError", "torch.cuda.no_such"),
        ("import torch.nn.no_such", "ModuleNotFoundError", "torch.nn.no_such"),
        ("from torch import no_such", "ImportError", "torch.no_such"),
        ("from torch.nn import NoSuch", "ImportError", "torch.nn.NoSuch"),
        ("from torch.nn.functional import nope", "ImportError", "torch.nn.functional.nope"),
        ("from torch import nn; from torch.optim import No", "ImportError", "torch.optim.No"),
        ("import torch; torch.no_such", "AttributeError", "torch.no_such"),
        ("import torch; torch.nn.NoSuch", "AttributeError", "torch.nn.NoSuch"),
        ("from torch import nn; nn.functional.no", "AttributeError", "torch.nn.functional.no"),
        ("import torch; torch.fft.rfft(torch.ones(2))", "NotImplementedError", "torch.fft.rfft"),
        ("from torch.fft import rfft; rfft(1)", "NotImplementedError", "torch.fft.rfft"),
        ("import torch; torch.jit.load('x')", "NotImplementedError", "torch.jit.load"),
        (
            "from torch.ao.quantization import QuantStub; QuantStub()",
            "NotImplementedError",
            "torch.ao.quantization.QuantStub",
        ),
    ],
)
def test_what_is_not_covered_is_named(run, statement, error, name):
    done = run(f"""
        try:
            {statement}
        except {error} as error:
            print(error)
    """)
    assert (done.returncode, done.stderr) == (0, "")
    assert f"{name} is not covered by minitorch" in done.stdout


def test_an_installed_pytorch_is_never_reached(run, tmp_path):
    (tmp_path / "torch").mkdir()
    (tmp_path / "torch" / "__init__.py").write_text("REAL = True")
    (tmp_path / "torch" / "real.py").write_text("")
    done = run("""
        import torch
        assert not hasattr(torch, "REAL")
        try:
            import torch.real
        except ImportError as error:
            print(error)
    """)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "torch.real is not covered by minitorch\n"


SEEN = """
import os, sys
print(sys.argv, __name__, __file__, os.path.realpath(sys.path[0]), __package__, __spec__)
print(sys.modules["__main__"].__dict__ is globals(), __doc__)
print(sorted({*globals()} - {"__annotations__"}))  # which Python 3.14 leaves out
import neighbour
"""


def test_the_program_sees_what_plain_python_shows_it(run, tmp_path):
    (tmp_path / "neighbour.py").write_text("print('hello from', __file__)")
    arguments = ["--lr", "0.1", "--", "-x", "--seed", "7"]
    ours, plain = run(SEEN, *arguments), run(SEEN, *arguments, plain=True)
    assert (ours.returncode, ours.stderr) == (0, "")
    assert ours.stdout == plain.stdout


def test_a_program_in_a_subdirectory(run, tmp_path):
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "neighbour.py").write_text("print('hello from', __file__)")
    ours, plain = (run(SEEN, plain=plain, name="package/prog.py") for plain in (False, True))
    assert (ours.returncode, ours.stderr) == (0, "")
    assert ours.stdout == plain.stdout


def test_a_directory_with_a_main_module(run, tmp_path):
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "neighbour.py").write_text("print('hello')")
    run("import sys, neighbour; print(sys.argv)", name="package/__main__.py")
    done = subprocess.run(
        [sys.executable, "-m", "minitorch", "run", "package", "a"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert (done.stdout, done.stderr) == ("hello\n['package', 'a']\n", "")


@pytest.mark.parametrize(
    "source",
    [
        "raise SystemExit(3)",
        "import sys; sys.exit('a message')",
        "import sys; sys.exit()",
        "def f():\n    return 1 / 0\n\nf()",
        "try:\n    1 / 0\nexcept ZeroDivisionError as e:\n    raise ValueError('so') from e",
        "x = = 1",
        "import sys\nsys.excepthook = lambda *a: print('mine', a[2].tb_lineno)\nraise KeyError",
        "import atexit\natexit.register(print, 'bye')\nassert False, 'why'",
        "import no_such_module_anywhere",
        "# coding: latin-1\nprint(__debug__)\nprint(undefined)",
    ],
)
def test_exit_codes_and_tracebacks_are_plain_pythons(run, source):
    ours, plain = run(source), run(source, plain=True)
    assert (ours.stdout, ours.stderr, ours.returncode) == (
        plain.stdout,
        plain.stderr,
        plain.returncode,
    )


@pytest.mark.skipif(os.name != "posix", reason="signals are POSIX's")
def test_interrupt_ends_the_process_as_an_interrupt(run):
    # What is started in the background of a shell inherits that SIGINT is ignored.
    heard = "signal.signal(signal.SIGINT, signal.default_int_handler)"
    done = run(f"import os, signal; {heard}; os.kill(os.getpid(), signal.SIGINT)")
    assert done.returncode == -signal.SIGINT
    assert "minitorch" not in done.stderr


def test_missing_program_is_a_clean_error(tmp_path):
    for name in ("missing.py", "."):
        done = subprocess.run(
            [sys.executable, "-m", "minitorch", "run", name],
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 2
        assert done.stderr.startswith("minitorch run: error: cannot open ")
        assert done.stderr.endswith(": No such file or directory\n")
        assert done.stderr.count("\n") == 1


def test_seed(run):
    program = "import torch; print(torch.rand(2))"
    assert run(program, options=["--seed", "0"]).stdout == "tensor([0.4963, 0.7682])\n"


def test_scikit_learn_works_beside_the_alias(run):
    done = run("""
        import torch
        from sklearn.datasets import load_digits
        from sklearn.model_selection import train_test_split
        digits = load_digits()
        train, _ = train_test_split(digits.images, random_state=0)
        print(torch.tensor(train).shape)
    """)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "torch.Size([1347, 8, 8])\n"


def test_nearest_name():
    import minitorch

    with pytest.raises(AttributeError, match=r"torch\.tensr is not covered by .*'tensor'\?"):
        _ = minitorch.tensr
    with pytest.raises(AttributeError, match=r"no attribute '__nothing__'$"):
        _ = minitorch.__nothing__


def test_training_modules_are_found_under_their_pytorch_names(run):
    done = run("""
        import torch.utils.data
        import torch.optim.lr_scheduler as schedulers
        from torch.optim import AdamW
        from torch.optim.lr_scheduler import CosineAnnealingLR
        from torch.utils.data import DataLoader, TensorDataset

        assert schedulers is torch.optim.lr_scheduler
        w = torch.ones(2, requires_grad=True)
        optimizer = AdamW([w], lr=0.5, weight_decay=0)
        scheduler = CosineAnnealingLR(optimizer, 2)
        for (x,) in DataLoader(TensorDataset(torch.ones(4, 2)), batch_size=2, num_workers=1):
            optimizer.zero_grad()
            (x @ w).sum().backward()
            optimizer.step()
            scheduler.step()
        print(w, scheduler.get_last_lr())
    """)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "tensor([0.2500, 0.2500], requires_grad=True) [0.0]\n"


def test_checkpoints_are_saved_and_loaded_under_pytorchs_names(run):
    done = run("""
        import torch
        from torch.serialization import load

        model = torch.nn.Linear(2, 1)
        torch.save(model.state_dict(), "w.pt")
        state = torch.load("w.pt", map_location="cpu", weights_only=True)
        print(model.load_state_dict(state), load is torch.load)
    """)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "<All keys matched successfully> True\n"


def test_distributions_are_found_under_their_pytorch_names(run):
    done = run("""
        import torch
        import torch.distributions as D
        from torch.distributions import Categorical, Normal, kl_divergence
        from torch.distributions.normal import Normal as Same

        assert D is torch.distributions and Same is Normal
        print(kl_divergence(Normal(0.0, 1.0), Normal(1.0, 1.0)))
    """)
    assert (done.returncode, done.stderr, done.stdout) == (0, "", "tensor(0.5000)\n")
