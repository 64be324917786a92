"""Tensors that carry a unit through operations."""

import torch

RULES = {}


def rule(*functions):
    def register(mine):
        RULES.update(dict.fromkeys(functions, mine))
        return mine

    return register


class Quantity(torch.Tensor):
    @staticmethod
    def __new__(cls, values, unit=""):
        return torch.as_tensor(values, dtype=torch.float32).as_subclass(cls)

    def __init__(self, values, unit=""):
        self.unit = unit

    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        flat = [part for arg in args for part in (arg if isinstance(arg, (list, tuple)) else [arg])]
        units = [getattr(arg, "unit", "") for arg in flat if isinstance(arg, torch.Tensor)]
        unit = RULES[func](*units) if func in RULES else (units or [""])[0]
        result = super().__torch_function__(func, types, args, kwargs)
        for part in result if isinstance(result, (tuple, list)) else [result]:
            if isinstance(part, cls):
                part.unit = unit
        return result

    def __repr__(self, *, tensor_contents=None):
        with torch._C.DisableTorchFunctionSubclass():
            return f"{self.tolist()} {self.unit}"


@rule(torch.add, torch.Tensor.add, torch.sub, torch.Tensor.sub, torch.cat, torch.stack)
def same(*units):
    if len(set(units)) > 1:
        raise TypeError(f"units differ: {units}")
    return units[0]


@rule(torch.mul, torch.Tensor.mul, torch.matmul, torch.Tensor.matmul)
def product(a, b=""):
    return "·".join(unit for unit in (a, b) if unit)


@rule(torch.div, torch.Tensor.div)
def quotient(a, b=""):
    return f"{a}/{b}" if b else a


d, t = Quantity([3.0, 8.0], "m"), Quantity([2.0, 4.0], "s")
LINES = """
d, d.unit, type(d).__name__, d + d, d - 1.0, 2 * d, d * t, d / t, -d, d[0], d[d > 4], d.sum()
torch.cat([d, d]), torch.stack([d, d]).T, d.max(0), d.split(1), d @ t, torch.sqrt(d), d.mean()
d + t
torch.cat([d, t])
d.shape, d.dtype, d.ndim, d.device, len(d), d.tolist(), d.numpy(), d.sum().item(), d.view(2, 1)
d.double().unit, d.clone().add_(1), torch.zeros_like(d), d.new_ones(1), d.detach(), d.sort()
torch.where(d > 4, d, d), torch.nn.functional.relu(d), torch.einsum("i,i->", d, t), d.abs().unit
"""
for line in LINES.strip().splitlines():
    try:
        print(line, "|", eval(line))
    except TypeError as error:
        print(line, "| refused:", type(error).__name__)
v = torch.tensor([1.0, 2.0], requires_grad=True)
speed = Quantity(v, "m")
((speed * speed) / t).sum().backward()
print(v.grad, type(v.grad).__name__)
