"""Subclasses of Tensor and of Parameter: what they are, and what comes of them."""

import copy  # noqa: F401 - for the lines
import io
import pickle  # noqa: F401

import torch
from torch import nn


class Sub(torch.Tensor):
    pass


class MyParam(nn.Parameter):
    def __new__(cls, data, requires_grad=True, extra=None):
        self = super().__new__(cls, data, requires_grad)
        self.extra = extra
        return self


class Kept(nn.Parameter):
    def __new__(cls, data=None, requires_grad=True, extra=None):
        return torch.Tensor._make_subclass(cls, data, requires_grad)

    def __init__(self, data, requires_grad=True, extra=None):
        self.extra = extra

    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        if func is torch.Tensor.to:
            moved = nn.Parameter.__torch_function__(func, types, args, kwargs or {})
            return Kept(moved.data, args[0].requires_grad, args[0].extra)
        return super().__torch_function__(func, types, args, kwargs or {})


class Dispatched(torch.Tensor):
    @classmethod
    def __torch_dispatch__(cls, func, types, args=(), kwargs=None):
        return func(*args, **(kwargs or {}))


def saved(value):
    file = io.BytesIO()
    torch.save(value, file)
    file.seek(0)
    return torch.load(file, weights_only=False)


def learned(kind):
    leaf = torch.Tensor._make_subclass(kind, torch.ones(2), True)
    (found,) = torch.autograd.grad((leaf * 2).sum(), leaf)
    (leaf * 2).sum().backward()
    return found, leaf.grad


def told(value):
    if isinstance(value, torch.Tensor):
        plain = value.detach().as_subclass(torch.Tensor)
        return type(value).__name__, isinstance(value, nn.Parameter), value.requires_grad, plain
    if isinstance(value, (tuple, list)) and not isinstance(value, torch.Size):
        return type(value).__name__, [told(part) for part in value]
    return value


s = torch.ones(2).as_subclass(Sub)
m = torch.ones(2, 2).as_subclass(Sub)
p, q = nn.Parameter(s), MyParam(torch.ones(3), extra="e")
k, n = Kept(torch.ones(2), extra="k"), torch.ones(2)
torch.manual_seed(0)
layer = nn.Linear(2, 2)
layer.weight = nn.Parameter(m)
layer.register_buffer("kept", nn.Buffer(s, persistent=False))
r = torch.ones(2, requires_grad=True)
LINES = """
p, p._is_param, isinstance(n, nn.Parameter), isinstance(3, nn.Parameter), repr(p), p + 1
nn.Parameter(p), nn.Parameter(nn.Parameter(n)), nn.Parameter(n, False), type(nn.Buffer(n))
[name for name, _ in layer.named_parameters()], layer.weight, layer(n), layer.kept
[name for name, _ in layer.named_buffers()], list(layer.state_dict()), isinstance(s, nn.Buffer)
q, q.extra, q + 1, q.data, q.detach(), q.view(-1), repr(q), copy.deepcopy(q).extra
MyParam(torch.ones(3, dtype=torch.int64), requires_grad=False)
MyParam(torch.ones(3, dtype=torch.int64))
nn.Parameter(q)
k, k.extra, k + 1, k.to(torch.float64), k.to(torch.float64).extra
nn.Parameter.__torch_function__ is torch._C._disabled_torch_function_impl
pickle.loads(pickle.dumps(p)), pickle.loads(pickle.dumps(s)), saved(p), saved(s), saved(q).extra
copy.copy(s), copy.deepcopy(nn.Parameter(n))
torch.Tensor._make_subclass(Sub, n), torch.Tensor._make_subclass(Sub, n, True)
torch.Tensor._make_subclass(Sub, n).fill_(5), n
torch.Tensor._make_subclass(int, n)
n.as_subclass(int)
n.as_subclass(nn.Parameter), r.as_subclass(Sub).grad_fn.name()
Sub(), Sub(2, 3).shape, Sub([1, 2]), Sub(n), Sub(torch.ones(2, dtype=torch.int64)), Sub(r)
torch.Tensor(r), torch.Tensor(r).is_leaf, torch.Tensor.__new__(Sub, [1.0, 2.0])
torch.FloatTensor([1, 2]), torch.LongTensor(2, 3).shape, isinstance(s, torch.FloatTensor)
s + 1, 1 + s, n + s, s.view(2, 1), s[0], s[s > 0], -s, s == s, m @ n, n @ m, s.numpy()
torch.cat([n, s]), torch.stack([s, s]), s.clone().add_(1), s.detach(), s.data, m.T, s.grad
m.max(0), s.split(1), torch.chunk(s, 2), torch.unbind(s), list(s), torch.sort(s), torch.topk(s, 1)
nn.functional.relu(s), nn.functional.linear(s, torch.ones(2, 2)), torch.einsum("i,i->", s, s)
s.new_zeros(2), s.new_tensor([1.0]), torch.zeros_like(s), torch.ones_like(s), torch.full_like(s, 2)
s.to(torch.float64), s.double(), s.cpu(), s.contiguous(), s.type(torch.float64), s.real
s[0].item(), s.tolist(), s.shape, s.size(), s.untyped_storage().nbytes(), torch.as_tensor(s)
torch.meshgrid(s, s, indexing="ij"), torch.where(s > 0, s, s), torch.unique(s), torch.nonzero(s)
torch.linalg.norm(s), torch.rand_like(s) < 2, s.clone().requires_grad_(), torch.tensor(s)
learned(Sub), learned(nn.Parameter), learned(torch.Tensor)
issubclass(Dispatched, torch.Tensor)
"""
for line in LINES.strip().splitlines():
    try:
        print(line, "|", told(eval(line)))
    except Exception as error:
        print(line, "| refused:", type(error).__name__)
