"""Attributes of tensors go through `__torch_function__`, of classes and of modes."""

import torch
from torch import nn
from torch.overrides import TorchFunctionMode, is_tensor_method_or_property, resolve_name


class Logged(torch.Tensor):
    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        print(func.__name__, [kind.__name__ for kind in types], len(args), end="; ")
        return super().__torch_function__(func, types, args, kwargs or {})


x = torch.ones(2, 3).as_subclass(Logged)
NAMES = (
    "H T _base _version data device dtype grad grad_fn is_cpu is_cuda is_leaf is_meta is_mkldnn "
    "is_mps is_nested is_quantized is_sparse is_sparse_csr is_xla is_xpu itemsize layout mH mT "
    "nbytes ndim output_nr real requires_grad retains_grad shape"
)
for name in NAMES.split():
    print(name, type(getattr(x, name)).__name__)
x.data = torch.zeros(2, 3)
x.requires_grad = True
(x * 2).sum().backward()
print(type(x.grad).__name__)
x.grad = None
del x.grad
print()

ANSWERS = {torch.Tensor.shape.__get__: "a shape", torch.Tensor.dtype.__get__: "a dtype"}


class Answering(torch.Tensor):
    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        if func in ANSWERS:
            return ANSWERS[func]
        if func == torch.Tensor.ndim.__get__:
            return "a number"
        if func is torch.Tensor.add:
            return "a sum"
        with torch._C.DisableTorchFunctionSubclass():
            return func(*args, **(kwargs or {}))


a = torch.ones(2).as_subclass(Answering)
print(a.shape, a.dtype, a.ndim, a + 1, type(a * 2).__name__, a.size())


class Own(torch.Tensor):
    @property
    def shape(self):
        return "mine"

    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        return super().__torch_function__(func, types, args, kwargs or {})


own = torch.ones(2).as_subclass(Own)
print(own.shape, (own + 1).shape, own.ndim, super(Own, own).shape)


class Names(TorchFunctionMode):
    def __torch_function__(self, func, types, args=(), kwargs=None):
        is_shape = func == torch.Tensor.shape.__get__
        print("shape" if is_shape else func.__name__, end="; ")
        return func(*args, **(kwargs or {}))


t = torch.ones(2, requires_grad=True)
layer = nn.Linear(2, 2)
LINES = """
t.shape, t.grad, t.dtype, t.is_cuda, t.requires_grad, torch.zeros(2).shape, t.device, t.is_leaf
len(t), t.sum(), t.view(2, 1), t[0], t.numel(), t.dim(), t.size(0), t.detach().numpy(), t.tolist()
layer(torch.ones(1, 2)), nn.functional.mse_loss(torch.ones(2), torch.zeros(2))
torch.cat([t, t]), torch.stack([t]), nn.functional.softmax(t, 0), torch.einsum("i,i->", t, t)
t.to(torch.float64), t.float(), t.cpu(), 1 - t, t @ t, -t, t == t, t > 0, t**2, 2 / t, ~(t > 0)
setattr(t, "grad", None), setattr(t, "requires_grad", True), repr(torch.ones(2))
"""
for line in LINES.strip().splitlines():
    with Names():
        eval(line)
    print()
print(t.shape, t.grad, t.dtype)
print(is_tensor_method_or_property(torch.Tensor.shape.__get__))
print(resolve_name(torch.Tensor.shape.__get__), resolve_name(torch.Tensor.add))
