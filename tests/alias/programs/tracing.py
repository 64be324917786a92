"""Modes that record, count and change what is called within them."""

from collections import Counter

import torch
from torch import nn
from torch.overrides import TorchFunctionMode, resolve_name
from torch.utils._python_dispatch import TorchDispatchMode  # noqa: F401 - importable


class Trace(TorchFunctionMode):
    def __init__(self):
        self.lines, self.names = [], {}

    def name(self, value):
        if isinstance(value, torch.Tensor):
            return self.names.setdefault(id(value), f"%{len(self.names)}")
        return repr(value) if not callable(value) else value.__name__

    def __torch_function__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        self.lines.append(f"{self.name(result)} = {func.__name__}({self.name(args[0])})")
        self.names["kept", len(self.lines)] = result
        return result


class Count(TorchFunctionMode):
    def __init__(self):
        self.counts = Counter()

    def __torch_function__(self, func, types, args=(), kwargs=None):
        self.counts[resolve_name(func) or func.__name__] += 1
        return func(*args, **(kwargs or {}))


class InDouble(TorchFunctionMode):
    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs = dict(kwargs or {})
        if func in (torch.zeros, torch.ones, torch.rand, torch.empty):
            kwargs.setdefault("dtype", torch.float64)
        return func(*args, **kwargs)


torch.manual_seed(0)
model = nn.Sequential(nn.Linear(3, 4), nn.GELU(), nn.LayerNorm(4), nn.Linear(4, 2))
other = nn.Sequential(nn.Conv1d(2, 2, 1), nn.ReLU(), nn.Softmax(-1), nn.AvgPool1d(2), nn.Tanh())
x = torch.ones(2, 3)
with Trace() as trace:
    out = model(x)
    loss = (out**2).mean() + out.abs().sum() * 0.1
    told = out.shape, loss.requires_grad
    other(x[None])
print(*trace.lines, sep="\n")
with Count() as outer, Count() as inner:
    torch.relu(x) + 1
    x.view(-1).sum()
    nn.functional.softmax(x, -1)
print(sorted(inner.counts.items()), inner.counts == outer.counts)
with InDouble():
    print(torch.zeros(2).dtype, torch.rand(1).dtype, torch.ones(1, dtype=torch.int32).dtype)
    with torch._C.DisableTorchFunction():
        print(torch.zeros(2).dtype)
try:
    with Trace():
        raise KeyError("within")
except KeyError:
    print(torch.zeros(2).dtype)
