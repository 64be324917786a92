"""What of PyTorch is not covered, as a page: ``python -m benchmarks.not_covered``.

The names and reasons are those of `minitorch._not_covered_names`, from which the errors are made,
too. What is public in PyTorch, and whether minitorch has it, is asked of the two.
"""

from __future__ import annotations

import argparse
import importlib
import sys
import types
from collections import Counter
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT)]

import minitorch  # noqa: E402
from benchmarks.pages import write  # noqa: E402
from minitorch._dtypes import Absent  # noqa: E402
from minitorch._not_covered import _Refusing, is_module  # noqa: E402
from minitorch._not_covered_names import GROUPS  # noqa: E402
from minitorch.nn.modules._refused import Refused  # noqa: E402

PAGE = Path("docs") / "not_covered.md"
_SPACES = """
    torch torch.Generator torch.Size torch.Tensor torch.UntypedStorage torch.accelerator torch.amp
    torch.autograd torch.autograd.forward_ad torch.autograd.functional torch.autograd.graph
    torch.autograd.profiler torch.backends torch.backends.cuda torch.backends.cudnn
    torch.backends.mkl torch.backends.mps torch.compiler torch.cpu torch.cuda torch.cuda.amp
    torch.device torch.distributions torch.distributions.constraints
    torch.distributions.transforms torch.dtype torch.func torch.futures torch.hub torch.library
    torch.linalg torch.mps torch.multiprocessing torch.nn torch.nn.Module torch.nn.attention
    torch.nn.functional torch.nn.init torch.nn.parallel torch.nn.utils
    torch.nn.utils.parametrizations torch.nn.utils.parametrize torch.nn.utils.prune
    torch.nn.utils.rnn torch.optim torch.optim.Optimizer torch.optim.lr_scheduler
    torch.optim.swa_utils torch.overrides torch.profiler torch.random torch.serialization
    torch.signal torch.signal.windows torch.special torch.storage torch.testing torch.types
    torch.utils torch.utils._pytree torch.utils.checkpoint torch.utils.data torch.utils.dlpack
    torch.utils.hooks torch.xpu
"""
SPACES = _SPACES.split()
"""The modules and classes whose public names are looked at."""


def find(root: Any, space: str) -> Any:
    """The module or class called `space` in PyTorch, of `root`, which is PyTorch or minitorch."""
    found = root
    for part in space.split(".")[1:]:
        try:
            found = getattr(found, part)
        except AttributeError:
            found = importlib.import_module(f"{found.__name__}.{part}")
    return found


def public(torch: Any, space: str) -> list[str]:
    """The public names of PyTorch's module or class `space`: what it lists, or what is its own."""
    owner = find(torch, space)
    names = set(dir(owner))
    if isinstance(owner, types.ModuleType):
        names = set(getattr(owner, "__all__", ())) or {n for n in names if _is_own(owner, n)}
    if space == "torch":
        kinds = (torch.dtype, torch.layout, torch.memory_format, torch.qscheme)
        kinds += (types.BuiltinFunctionType,)
        names |= {name for name in dir(torch) if isinstance(getattr(torch, name), kinds)}
    return sorted(name for name in names if not name.startswith("_"))


def _is_own(owner: Any, name: str) -> bool:
    """Whether a module that lists nothing has not merely imported it."""
    value = getattr(owner, name)  # a module may be there because somebody has imported it
    return callable(value) and str(getattr(value, "__module__", "")).startswith(owner.__name__)


def is_there(space: str, name: str) -> bool:
    """Whether minitorch has the name, and it does not merely say that it is not covered."""
    if is_module(f"{space}.{name}") and not is_module(space):
        return False
    examples: dict[str, Any] = {
        "torch.Generator": minitorch.Generator(),
        "torch.dtype": minitorch.float32,
    }
    try:
        value = getattr(examples.get(space) or find(minitorch, space), name)
    except (AttributeError, ImportError):
        return False
    refused = isinstance(value, type) and issubclass(value, Refused)
    refused |= isinstance(value, (Absent, _Refusing)) or hasattr(value, "refused")
    return not refused


def missing(torch: Any) -> list[str]:
    """Every public name of PyTorch that minitorch does not have."""
    return [
        f"{space}.{name}"
        for space in SPACES
        for name in public(torch, space)
        if not is_there(space, name) and not is_module(f"{space}.{name}")
    ]


def listed() -> list[str]:
    """Every name of the list."""
    return [
        f"{space}.{name}"
        for group in GROUPS
        for space, names in group.names.items()
        for name in names.split()
    ]


def page() -> str:
    """The tables: of the groups, and of every name."""
    lines = ["## Reasons", "", "| Group | Why, and what to do instead | Whole modules |"]
    lines += ["|---|---|---|"]
    for group in GROUPS:
        modules = ", ".join(f"`torch.{name}`" for name in group.modules.split())
        lines.append(
            f"| {group.title} | {group.reason[0].upper()}{group.reason[1:]}. | {modules} |"
        )
    counts = Counter(name.rpartition(".")[0] for name in listed())
    lines += ["", f"## Names: {counts.total():,}", "", "| Name | Group |", "|---|---|"]
    rows = sorted(
        (f"{space}.{name}", group.title)
        for group in GROUPS
        for space, names in group.names.items()
        for name in names.split()
    )
    lines += [f"| `{name}` | {title} |" for name, title in rows]
    return "\n".join(lines)


def main() -> None:
    """Show the names that are missing without a reason, or write the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--markdown", type=Path, metavar="PATH", help="write into a page")
    options = parser.parse_args()
    if options.markdown is not None:
        write(
            options.markdown,
            page(),
            f"python -m benchmarks.not_covered --markdown {options.markdown}",
        )
        print(f"written into {options.markdown}")
        return
    import torch

    print("missing, and not listed:", *sorted({*missing(torch)} - {*listed()}))
    print("listed, and not missing:", *sorted({*listed()} - {*missing(torch)}))


if __name__ == "__main__":
    main()
