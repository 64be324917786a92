"""Functions of one's own, in each form that libraries write them."""

import warnings

import torch
from torch.autograd import Function
from torch.autograd.function import InplaceFunction, once_differentiable


class Square(Function):
    @classmethod
    def forward(cls, ctx, x):
        ctx.save_for_backward(x)
        return x * x

    @classmethod
    def backward(cls, ctx, grad):
        (x,) = ctx.saved_variables
        return grad * 2 * x


class Times(Function):
    generate_vmap_rule = True

    @staticmethod
    def forward(x, by, *rest):
        return x * by

    @staticmethod
    def setup_context(ctx, inputs, output):
        x, ctx.by, *rest = inputs
        ctx.count = len(rest)
        ctx.save_for_backward(x)

    @staticmethod
    def backward(ctx, grad):
        return (grad * ctx.by, None, *[None] * ctx.count)


class Exp(Function):
    @staticmethod
    def forward(ctx, x):
        result = x.exp()
        ctx.save_for_backward(result)
        return result

    @staticmethod
    @once_differentiable
    def backward(ctx, grad):
        return grad * ctx.saved_tensors[0]


class Inherited(Exp):
    @staticmethod
    def backward(ctx, grad):
        return grad * ctx.saved_tensors[0] * 10


class Doubled(Function):
    @staticmethod
    def forward(ctx, x):
        ctx.mark_dirty(x)
        return x.mul_(2)

    @staticmethod
    def backward(ctx, grad):
        return grad * 2


class Unreturned(Doubled):
    @staticmethod
    def forward(ctx, x):
        ctx.mark_dirty(x)
        return x * 2


class Quantize(InplaceFunction):
    @classmethod
    def forward(cls, ctx, x, steps=4, inplace=False):
        ctx.inplace = inplace
        if inplace:
            ctx.mark_dirty(x)
        made = x if inplace else x.clone()
        return made.mul_(steps).round_().div_(steps)

    @staticmethod
    def backward(ctx, grad):
        return grad, None, None


class Several(Function):
    @staticmethod
    def forward(ctx, x):
        shifted = x + 1
        ctx.mark_non_differentiable(shifted)
        ctx.set_materialize_grads(False)
        return x * 2, x.argmax(), shifted, x * 3

    @staticmethod
    def backward(ctx, doubled, *others):
        print(ctx.needs_input_grad, [grad is None for grad in others], end=" ")
        return doubled * 2


class Returns(Function):
    @staticmethod
    def forward(ctx, x, what):
        ctx.what = what
        return {
            "none": None,
            "list": [x * 1, x * 2],
            "dict": {"a": x * 1},
            "tuple": (x * 1,),
            "mixed": (x * 1, None, 3, "s"),
            "int": 3,
            "empty": (),
        }[what]

    @staticmethod
    def backward(ctx, *grads):
        print(len(grads), end=" ")
        return grads[0], None


class Options(Function):
    @staticmethod
    def forward(ctx, x, factors, table, k=2):
        print(ctx.needs_input_grad, torch.is_grad_enabled(), x.requires_grad, end=" ")
        ctx.by = sum(factors) * table["k"] * k
        return x * ctx.by

    @staticmethod
    def backward(ctx, grad):
        return grad * ctx.by, None, None, None


class Straight(Function):
    @staticmethod
    def forward(ctx, x):
        return (x > 1.5).float()

    @staticmethod
    def backward(ctx, grad):
        return torch.nn.functional.hardtanh(grad)


class Identity(Function):
    @staticmethod
    def forward(ctx, x):
        return x

    @staticmethod
    def backward(ctx, grad):
        return grad * 5


class Inner(Function):
    @staticmethod
    def forward(ctx, x):
        with torch.enable_grad():
            leaf = x.detach().requires_grad_()
            y = (leaf**2).sum()
        (ctx.grad,) = torch.autograd.grad(y, leaf)
        return y.detach()

    @staticmethod
    def backward(ctx, grad):
        return grad * ctx.grad, None, None


class Nothing(Function):
    pass


class Forward(Function):
    @staticmethod
    def forward(ctx, x, y=None):
        return x * 1


class Wrong(Forward):
    @staticmethod
    def backward(ctx, grad):
        return grad, grad, grad


class WrongType(Forward):
    @staticmethod
    def backward(ctx, grad):
        return 3.0


class ForOther(Forward):
    @staticmethod
    def backward(ctx, grad):
        return grad, grad


class Logged(torch.Tensor):
    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        print(func.__name__, end=" ")
        return super().__torch_function__(func, types, args, kwargs or {})


def learned(result, x):
    result = result if isinstance(result, torch.Tensor) else result[0]
    result.sum().backward()
    return x.grad, result.grad_fn.name()


def told(result):
    parts = result if isinstance(result, tuple) else (result,)
    return type(result).__name__, [getattr(part, "requires_grad", part) for part in parts]


LINES = """
learned(Square.apply(x), x)
learned(Times.apply(x, 3.0), x), learned(Times.apply(x, by=2.0), x)
learned(Times.apply(x, 2, 3, 4), x)
learned(Exp.apply(x), x), learned(Inherited.apply(x), x), issubclass(Inherited, Exp)
learned(Doubled.apply(x.clone()), x)
Doubled.apply(x)
Unreturned.apply(x.clone())
learned(Quantize.apply(x * 1.1, 8), x), learned(Quantize.apply(x * 1.1, 8, True), x)
learned(Several.apply(x), x), told(Several.apply(x))
told(Returns.apply(x, "none")), told(Returns.apply(x, "tuple")), told(Returns.apply(x, "int"))
told(Returns.apply(x, "empty")), told(Returns.apply(x, "mixed"))
learned(Returns.apply(x, "mixed"), x)
type(Returns.apply(x, "list")), [part.requires_grad for part in Returns.apply(x, "list")]
type(Returns.apply(x, "dict")), Returns.apply(x, "dict")["a"].requires_grad
learned(Options.apply(x, [1, 2], {"k": 2}), x), learned(Options.apply(x, [1], {"k": 2}, 5), x)
learned(Options.apply(x, [1], table={"k": 2}), x)
Options.apply(x, [1], wrong={"k": 2})
learned(Straight.apply(x), x), learned(Identity.apply(x), x), learned(Inner.apply(x), x)
Nothing.apply(x)
learned(Forward.apply(x), x)
learned(Wrong.apply(x), x)
learned(WrongType.apply(x), x)
learned(ForOther.apply(x, 3.0), x)
Square()(x)
type(Square.apply(x.as_subclass(Logged))).__name__
learned(Square.apply(Square.apply(x)), x), Square.apply(x.detach()).requires_grad
torch.autograd.grad(Square.apply(x).sum(), x, create_graph=True)[0].requires_grad
"""
warnings.simplefilter("ignore")
for line in LINES.strip().splitlines():
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    try:
        print(line, "|", eval(line))
    except Exception as error:
        print(line, "| refused:", type(error).__name__)
