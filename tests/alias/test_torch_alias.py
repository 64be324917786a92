"""``torch`` is minitorch: by a call, a folder on the path, in pytest; what libraries see of it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from minitorch.torch_alias import FOLDER
from minitorch.torch_version import TorchVersion

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def python(tmp_path: Path) -> Any:
    """Run a program, or Python with these words, in a folder of its own; what it prints."""

    def python(program: str, *words: str, path: str = str(ROOT)) -> str:
        command = [sys.executable, *(words or ("-c", dedent(program)))]
        done = subprocess.run(
            command,
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr + done.stdout
        return done.stdout

    return python


INSTALL = "import minitorch\nminitorch.install_as_torch()\n"

SEEN = """
import importlib.metadata, importlib.util
import torch, torch.nn as nn
from torch.version import __version__ as version
import minitorch
assert torch.__version__ == version == importlib.metadata.version("torch") == "2.13.0+cpu"
assert torch.__version__ >= "2.9" and torch.__version__ < (2, 14), torch.__version__
assert minitorch.__version__ != torch.__version__
assert torch.__name__ == torch.__spec__.name == "torch"
assert importlib.util.find_spec("torch.nn") is not None
assert importlib.util.find_spec("torchvision_not_there") is None
for kind in (torch.Tensor, torch.Size, torch.device, torch.dtype, torch.finfo, torch.FloatTensor):
    assert kind.__module__ == "torch", kind
assert nn.Linear.__module__ == "torch.nn.modules.linear", nn.Linear.__module__
assert torch.optim.lr_scheduler.StepLR.__module__.startswith("torch.optim.lr_scheduler")
assert repr(torch.distributions.Normal) == "<class 'torch.distributions.normal.Normal'>"
assert torch.Tensor is minitorch.Tensor and torch.nn is minitorch.nn
torch.mine = 3
assert minitorch.mine == 3
del torch.mine
assert not hasattr(minitorch, "mine") and not hasattr(torch, "mine")
assert "relu" in dir(torch)
from torch import *
print(ones(2))
"""


def test_a_call_makes_torch_minitorch(python: Any) -> None:
    assert python(INSTALL + SEEN) == "tensor([1., 1.])\n"


def test_a_folder_on_the_path_does_it_for_every_python(python: Any, tmp_path: Path) -> None:
    both = os.pathsep.join([FOLDER, str(ROOT)])
    assert python(SEEN, path=both) == "tensor([1., 1.])\n"
    (tmp_path / "child.py").write_text("import torch; print(torch.__version__)")
    child = "import subprocess, sys; subprocess.run([sys.executable, 'child.py'], check=True)"
    assert python(child, path=both) == "2.13.0+cpu\n"


def test_a_torch_that_was_imported_before_is_replaced(python: Any, tmp_path: Path) -> None:
    (tmp_path / "torch").mkdir()
    (tmp_path / "torch" / "__init__.py").write_text("real = True")
    told = python(
        "import torch; assert torch.real\n" + INSTALL + "import torch; print(torch.ones(1))"
    )
    assert told == "tensor([1.])\n"


def test_pytest_takes_it_as_a_plugin(python: Any, tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text("import torch\nHAD = torch.__version__")
    (tmp_path / "test_it.py").write_text(
        "import torch\nfrom conftest import HAD\n"
        "def test_it(): assert HAD == torch.__version__ and torch.__spec__.name == 'torch'\n"
        "def test_ours(): import minitorch; assert torch.Tensor is minitorch.Tensor\n"
    )
    plugins = ("-p", "minitorch.torch_alias", "-p", "no:cacheprovider")
    assert "2 passed" in python("", "-m", "pytest", "-q", *plugins, "test_it.py")


def test_packages_beside_the_program_and_installed_are_imported(
    python: Any, tmp_path: Path
) -> None:
    for name in ("torchvision", "torchmetrics"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("from torch import nn\nMINE = nn.Linear")
    program = "import torchvision, torchmetrics, torch\nprint(torchvision.MINE is torch.nn.Linear)"
    assert python(INSTALL + program) == "True\n"
    absent = "try: import torchaudio\nexcept ModuleNotFoundError as error: print(error)"
    assert python(INSTALL + absent) == "No module named 'torchaudio'\n"


NAMES = """
import torch
import torch._dynamo, torch.fx, torch.jit.annotations, torch.onnx, torch.utils.checkpoint
from torch import Tensor, fx, onnx
from torch._C import _disabled_torch_function_impl, _log_api_usage_once
from torch.ao.quantization import QuantStub
from torch.fft import rfft
from torch.fx._symbolic_trace import is_fx_tracing
from torch.jit import Final, ScriptModule
from torch.jit.annotations import BroadcastingList2
from torch.nested import nested_tensor
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.onnx import symbolic_opset11
from torch.optim.lr_scheduler import _LRScheduler
from torch.types import Device, Number, _size
from torch.utils.hooks import RemovableHandle
from torch.utils.model_zoo import load_url if False else tqdm
"""

USED = """
import torch
@torch.jit.script
def double(x: torch.Tensor): return 2 * x
@torch.compiler.disable
def same(x): return x
@torch.fx.wrap
def wrapped(x): return x
class Net(torch.jit.ScriptModule):
    @torch.jit.script_method
    def forward(self, x): return x
    @torch.jit.ignore
    def one(self): return 1
    @torch.jit.ignore(drop=True)
    def two(self): return 2
    @torch.jit.unused
    def three(self): return 3
    @torch.jit.export
    def four(self): return 4
net = torch.jit.trace(Net(), torch.ones(1))
print(double(torch.ones(1)), same(1), wrapped(2), net.one(), net.two(), net.three(), net.four())
print(torch.jit.is_scripting(), torch.jit.is_tracing(), torch.compiler.is_compiling())
print(torch.jit.isinstance([1], list[int]), torch.jit.isinstance(1, (str, int)))
print(torch.jit.wait(torch.jit.fork(double, torch.ones(1))))
with torch.nn.attention.sdpa_kernel(torch.nn.attention.SDPBackend.MATH): pass
torch._C._log_api_usage_once("x")
print(torch._C._get_tracing_state(), torch.distributed.is_available())
print(torch.onnx.is_in_onnx_export())
torch._check(True), torch._assert(True, "no")
for bad in (
    lambda: torch._check(False, lambda: "said"), lambda: torch._check_value(False),
    lambda: torch._assert(False, "no"), lambda: torch._check_index(1 > 2),
    lambda: torch.jit.load("x"), lambda: torch.hub.load("a", "b"), lambda: torch.fft.rfft(1),
    lambda: torch.fx.symbolic_trace(net), lambda: torch.onnx.export(net, 1, "x"),
    lambda: torch.ops.load_library("x.so"), lambda: torch.ops.mine.absent,
    lambda: torch.nn.attention.sdpa_kernel(3).__enter__(), lambda: torch.export.export(net, ()),
):
    try: bad()
    except Exception as error: print(type(error).__name__, str(error)[:40])
print(torch.ops.aten.relu(torch.tensor(-1.0)))
"""


def test_names_that_libraries_look_for_can_be_imported(python: Any) -> None:
    python(INSTALL + NAMES.replace("load_url if False else tqdm", "load_state_dict_from_url, tqdm"))


def test_names_that_libraries_look_for_do_as_they_say(python: Any) -> None:
    assert python(INSTALL + USED).splitlines() == [
        "tensor([2.]) 1 2 1 2 3 4",
        "False False False",
        "True True",
        "tensor([2.])",
        "None False",
        "False",
        "RuntimeError said",
        "ValueError Expected cond to be True, but got False.",
        "AssertionError no",
        "IndexError Expected cond to be True, but got False.",
        "NotImplementedError torch.jit.load is not covered by minitor",
        "NotImplementedError torch.hub.load is not covered by minitor",
        "NotImplementedError torch.fft.rfft is not covered by minitor",
        "NotImplementedError torch.fx.symbolic_trace is not covered b",
        "NotImplementedError torch.onnx.export is not covered by mini",
        "OSError x.so: a library for PyTorch's own binary",
        "AttributeError '_OpNamespace' object has no attribute '",
        "AssertionError Backend must be an instance of SDPBacken",
        "NotImplementedError torch.export.export is not covered by mi",
        "tensor(0.)",
    ]


@pytest.mark.parametrize(
    "other", ["2.13.0+cpu", "2.13", "2.13.0", "2.9.1", "3.0", "2.13.1rc1", "1", "N/A", "parrot"]
)
def test_versions_compare_as_pytorchs_do(other: str, torch: Any) -> None:
    theirs = torch.torch_version.TorchVersion("2.13.0+cpu")
    ours = TorchVersion("2.13.0+cpu")
    for compare in ("__lt__", "__le__", "__gt__", "__ge__", "__eq__"):
        assert getattr(ours, compare)(other) == getattr(theirs, compare)(other), compare
    assert (ours >= (2, 9)) == (theirs >= (2, 9)) and (ours < [3]) == (theirs < [3])


def test_processes_are_started_and_their_errors_told(python: Any, tmp_path: Path) -> None:
    (tmp_path / "work.py").write_text(
        dedent(
            """
            import os, torch, torch.multiprocessing as mp
            def work(rank, queue):
                queue.put((rank, torch.ones(2) * rank))
            def fail(rank):
                if rank == 1: raise ValueError("from one")
            def leave(rank):
                os._exit(3)
            if __name__ == "__main__":
                queue = mp.get_context("spawn").SimpleQueue()
                mp.spawn(work, (queue,), nprocs=2)
                print(sorted((rank, x.tolist()) for rank, x in (queue.get(), queue.get())))
                for function in (fail, leave):
                    try: mp.spawn(function, nprocs=2)
                    except (mp.ProcessRaisedException, mp.ProcessExitedException) as told:
                        print(type(told).__name__, told.error_index, "from one" in str(told))
            """
        )
    )
    both = os.pathsep.join([FOLDER, str(ROOT)])
    told = python("", "work.py", path=both).splitlines()
    assert told[:2] == ["[(0, [0.0, 0.0]), (1, [1.0, 1.0])]", "ProcessRaisedException 1 True"]
    assert told[2] in ("ProcessExitedException 0 False", "ProcessExitedException 1 False")


def test_gradients_are_checked_under_the_name(python: Any) -> None:
    out = python(
        INSTALL
        + """
import torch
from torch.autograd import gradcheck, gradgradcheck

x = torch.rand(3, dtype=torch.float64, requires_grad=True)
assert gradcheck(torch.sin, (x,)) and gradgradcheck(torch.sin, (x,))


class Wrong(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x * 2

    @staticmethod
    def backward(ctx, grad):
        return grad * 3


try:
    gradcheck(Wrong.apply, (x,))
except RuntimeError as error:
    print(type(error).__name__)
"""
    )
    assert out == "GradcheckError\n"


def test_methods_are_cast_under_autocast(python: Any) -> None:
    out = python(
        INSTALL
        + """
import torch
a = torch.ones(2, 2)
with torch.autocast("cpu"):
    print({x.dtype for x in (a @ a, a.matmul(a), a.mm(a), torch.mm(a, a), a[None].bmm(a[None]))})
    torch.nn.Linear(2, 2)(a) @ a
"""
    )
    assert out == "{torch.bfloat16}\n"


def test_functions_keep_their_names_from_modules_of_that_name(python: Any) -> None:
    out = python(
        INSTALL
        + """
import torch
from torch.nn.utils.weight_norm import WeightNorm
import torch.nn.utils.spectral_norm, torch.autograd.gradcheck
from torch.autograd.gradcheck import gradcheck
layer = torch.nn.utils.weight_norm(torch.nn.Linear(2, 2))
print(callable(torch.nn.utils.spectral_norm), torch.autograd.gradcheck is gradcheck)
"""
    )
    assert out == "True True\n"


def test_functions_and_formats_are_pickled_by_name(python: Any) -> None:
    out = python(
        INSTALL
        + """
import copy, pickle, torch
import torch.nn.functional as F
T = torch.Tensor
for function in (F.gelu, F.conv2d, torch.tanh, torch.linalg.inv, T.add, T.__add__, T.sum):
    assert pickle.loads(pickle.dumps(function)) is function, function
for kept in (torch.channels_last, torch.strided, torch.contiguous_format, torch.float32):
    assert copy.deepcopy(kept) is kept and pickle.loads(pickle.dumps(kept)) is kept
print("alike")
"""
    )
    assert out == "alike\n"
