"""What the programs of `stateful` are made of: a preamble, and statements by kind.

A statement is a template. ``{a}`` and ``{b}`` are floating tensors, ``{r}`` one that requires grad,
``{y}`` one with a grad_fn, ``{p}`` and ``{q}`` leaves, ``{w}`` a leaf that requires grad, ``{i}`` a
tensor of indices 0 to 2, ``{k}`` a mask, ``{h}`` a hook's handle, ``{o}`` an optimizer, ``{net}`` a
module; ``{n}`` and ``{N}`` are new names, ``{c}`` is a number, ``{d}`` a dimension, ``{flag}`` True
or False.
"""

PREAMBLE = '''
import copy

F, nn = m.nn.functional, m.nn
Function, once_differentiable = m.autograd.Function, m.autograd.function.once_differentiable
log = []  # what hooks saw


def numbers(value):
    if isinstance(value, (tuple, list)):
        return [numbers(v) for v in value]
    return value.detach().tolist() if isinstance(value, m.Tensor) else value


def look(tag):
    def hook(*seen):
        log.append([tag, numbers(seen)])
    return hook


def twice(tag):
    def hook(grad):
        log.append([tag, numbers(grad)])
        return grad * 2
    return hook


def inputs_twice(tag):
    def hook(grad_inputs, grad_outputs):
        log.append([tag, numbers(grad_inputs), numbers(grad_outputs)])
        return tuple(None if g is None else g * 2 for g in grad_inputs)
    return hook


def outputs_twice(tag):
    def hook(grad_outputs):
        log.append([tag, numbers(grad_outputs)])
        return tuple(None if g is None else g * 2 for g in grad_outputs)
    return hook


def seen_after(tag):
    def hook(leaf):
        log.append([tag, numbers(leaf.grad)])
    return hook


def step_and_drop(tag):
    def hook(leaf):
        log.append([tag, numbers(leaf.grad)])
        with m.no_grad():
            leaf.sub_(leaf.grad, alpha=0.1)
        leaf.grad = None
    return hook


def removing(handle):
    def hook(grad):
        log.append(["removing", numbers(grad)])
        handle.remove()
    return hook


def module_look(tag):
    def hook(module, *seen):
        log.append([tag, numbers(seen)])
    return hook


def output_plus_one(module, args, output):
    return output + 1


def args_twice(module, args):
    return tuple(a * 2 for a in args)


def inputs_times_three(module, grad_input, grad_output):
    return tuple(None if g is None else g * 3 for g in grad_input)


class Net(nn.Module):
    """Two layers that share their weight."""

    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Linear(3, 3), nn.Linear(3, 3)
        self.b.weight = self.a.weight
        self.norm = nn.LayerNorm(3)

    def forward(self, x):
        return self.b(self.norm(self.a(x)).tanh())


def new_net():
    net = Net().double()
    with m.no_grad():
        net.a.weight.copy_(m.tensor([[0.5, -1.0, 0.25], [1.5, 0.75, -0.5], [-0.25, 1.0, 2.0]]))
        net.a.bias.copy_(m.tensor([0.1, 0.2, -0.3]))
        net.b.bias.copy_(m.tensor([-0.2, 0.4, 0.3]))
    return net


def both_orders(y, leaves):
    """Gradients of a scalar made of y, and gradients of these."""
    first = m.autograd.grad(
        y.sin().sum(), leaves, create_graph=True, allow_unused=True
    )
    again = [g.sin().sum() for g in first if g is not None and g.requires_grad]
    if not again:
        return [*first]
    return [*first, *m.autograd.grad(sum(again), leaves, retain_graph=True, allow_unused=True)]


class Square(Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * x

    @staticmethod
    def backward(ctx, grad):
        x, = ctx.saved_tensors
        return 2 * x * grad


class Tanh(Function):
    @staticmethod
    def forward(ctx, x):
        y = x.tanh()
        ctx.save_for_backward(y)
        return y

    @staticmethod
    def backward(ctx, grad):
        y, = ctx.saved_tensors
        return grad * (1 - y * y)


class Times(Function):
    @staticmethod
    def forward(ctx, x, y):
        z = x * y
        ctx.save_for_backward(x, y, z)
        return z

    @staticmethod
    def backward(ctx, grad):
        x, y, z = ctx.saved_tensors
        return grad * y, (grad * x if ctx.needs_input_grad[1] else None)


class Plus(Function):  # its gradients have the shape of the result, whatever the operands' is
    @staticmethod
    def forward(ctx, x, y):
        return x + y

    @staticmethod
    def backward(ctx, grad):
        return grad, grad


class ByView(Function):
    @staticmethod
    def forward(ctx, x):
        first = x[:1]
        ctx.save_for_backward(x, first)
        return x * first.detach()

    @staticmethod
    def backward(ctx, grad):
        x, first = ctx.saved_tensors
        return grad * first


class Pick(Function):
    @staticmethod
    def forward(ctx, x, index):
        ctx.save_for_backward(index)
        ctx.shape = x.shape
        return x[index]

    @staticmethod
    def backward(ctx, grad):
        index, = ctx.saved_tensors
        return m.zeros(ctx.shape, dtype=grad.dtype).index_add(0, index, grad), None


class Same(Function):
    @staticmethod
    def forward(ctx, x):
        return x

    @staticmethod
    def backward(ctx, grad):
        return grad * -10


class SameAsView(Function):
    @staticmethod
    def forward(ctx, x):
        return x.view_as(x)

    @staticmethod
    def backward(ctx, grad):
        return grad * -10


class Rest(Function):  # a view of another shape
    @staticmethod
    def forward(ctx, x):
        ctx.shape = x.shape
        return x[1:]

    @staticmethod
    def backward(ctx, grad):
        return m.cat([m.zeros(1, *ctx.shape[1:], dtype=grad.dtype), grad * 3])


class SameAndNew(Function):
    @staticmethod
    def forward(ctx, x, y):
        return x, y * 2

    @staticmethod
    def backward(ctx, gx, gy):
        return gx * 3, gy * 2


class Scale_(Function):
    @staticmethod
    def forward(ctx, x):
        x.mul_(2)
        ctx.mark_dirty(x)
        return x

    @staticmethod
    def backward(ctx, grad):
        return grad * 2


class Tanh_(Function):
    @staticmethod
    def forward(ctx, x):
        x.tanh_()
        ctx.mark_dirty(x)
        ctx.save_for_backward(x)
        return x

    @staticmethod
    def backward(ctx, grad):
        y, = ctx.saved_tensors
        return grad * (1 - y * y)


class AddInto_(Function):
    @staticmethod
    def forward(ctx, x, y):
        x.add_(y)
        ctx.mark_dirty(x)
        return x, y * 3

    @staticmethod
    def backward(ctx, gx, gy):
        return gx, gx + 3 * gy


class Sorted(Function):
    @staticmethod
    def forward(ctx, x):
        y, order = x.sort(0)
        ctx.mark_non_differentiable(order)
        ctx.save_for_backward(order)
        return y, order

    @staticmethod
    def backward(ctx, grad, _):
        order, = ctx.saved_tensors
        return m.zeros_like(grad).scatter(0, order, grad)


class Constant(Function):
    @staticmethod
    def forward(ctx, x):
        y = x * 2
        ctx.mark_non_differentiable(y)
        return y, x * 3

    @staticmethod
    def backward(ctx, _, grad):
        return grad * 3


class Lazy(Function):
    @staticmethod
    def forward(ctx, x):
        ctx.set_materialize_grads(False)
        return x * 2, x * 3

    @staticmethod
    def backward(ctx, g, h):
        if g is None:
            return None if h is None else h * 3
        return g * 2 if h is None else g * 2 + h * 3


class Once(Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * x

    @staticmethod
    @once_differentiable
    def backward(ctx, grad):
        x, = ctx.saved_tensors
        return 2 * x * grad


class SetUp(Function):
    @staticmethod
    def forward(x, factor):
        return x * factor, x.sin()

    @staticmethod
    def setup_context(ctx, inputs, output):
        x, ctx.factor = inputs
        ctx.save_for_backward(x, output[1])

    @staticmethod
    def backward(ctx, g, h):
        x, y = ctx.saved_tensors
        return g * ctx.factor + h * x.cos(), None


class Nothing(Function):
    @staticmethod
    def forward(ctx, x):
        return x * 2

    @staticmethod
    def backward(ctx, grad):
        return None


class OneOf(Function):
    @staticmethod
    def forward(ctx, x, y):
        ctx.x = x
        return (x * 2 + y,)

    @staticmethod
    def backward(ctx, grad):
        return grad * 2, None
'''

VIEWS = """
{n} = {a}[0]
{n} = {a}[1:]
{n} = {a}[..., -1]
{n} = {a}[::2]
{n} = {a}[None]
{n} = {a}.t()
{n} = {a}.transpose(0, -1)
{n} = {a}.view(-1)
{n} = {a}.reshape(-1)
{n} = {a}.unsqueeze(0)
{n} = {a}.squeeze()
{n} = {a}.narrow(0, 1, 2)
{n} = {a}.expand(2, *{a}.shape)
{n} = {a}.view_as({a})
{n} = {a}.diagonal()
{n}, {N} = {a}.split(2)
{n}, {N}, _ = {a}.unbind()
{n}, {N} = {a}.chunk(2)
{n} = {a}.unbind()[0]
{n} = {a}.detach()
{n} = {a}.data
{n} = {a}.as_strided((2,), (1,))
{n} = {a}.as_strided((2, 2), (1, 1))
{n} = {a}.unfold(0, 2, 1)
{n} = {a}.movedim(0, -1)
{n} = {a}.real
with m.no_grad(): {n} = {a}.view(-1)
with m.no_grad(): {n} = {a}[0]
with m.inference_mode(): {n} = {a}[0]
"""

RESULTS = """
{n} = {a} * {b}
{n} = {a} * {b}
{n} = {a} + {b}
{n} = {a} - {b}
{n} = {a} * {c}
{n} = {a} + {c}
{n} = {a}.sin()
{n} = {a}.tanh()
{n} = {a}.sigmoid()
{n} = {a} * {a}
{n} = {a} ** 2
{n} = {a}.relu()
{n} = {a}.clone()
{n} = {a}.sum(0)
{n} = {a}.sum()
{n} = {a}.mean()
{n} = {a} @ {b}
{n} = m.cat([{a}, {b}])
{n} = m.stack([{a}, {a}])
{n} = ({a} * 0.1).exp()
{n} = {a} / ({b} * {b} + 1)
{n} = {a}.softmax(-1)
{n} = {a}.cumsum(0)
{n} = {a}.clamp(-1, 1)
{n} = {a}.abs()
{n} = {a}.prod()
{n} = {a}.to(m.float64)
{n} = {a}.contiguous()
{n} = {a}.diff(dim=0)
{n} = m.lerp({a}, {b}, 0.3)
{n} = m.addcmul({a}, {b}, {b})
{n} = F.linear({a}, {b})
{n} = F.layer_norm({a}, {a}.shape[-1:])
{n} = F.mse_loss({a}, {b})
{n} = F.dropout({a}, 0.0)
{n} = m.zeros_like({a})
{n} = m.ones_like({a}, requires_grad=True)
"""

INDEXED = """
{n} = m.where({k}, {a}, {b})
{n} = {a}.masked_fill({k}, {c})
{n} = {a}.masked_select({k})
{n} = {a}[{k}]
{n} = {a}[{i}]
{n} = {a}[..., {i}]
{n} = {a}.index_select(0, {i})
{n} = {a}.gather(0, {i}.expand_as({a}))
{n} = m.take({a}, {i})
{n} = {a}.index_add(0, {i}, {b})
{n} = {a}.index_copy(0, {i}, {b})
{n} = {a}.scatter_add(0, {i}, {b})
{n} = F.embedding({i}, {a})
{n} = F.cross_entropy({a}, {i})
{n} = F.nll_loss({a}, {i}, reduction='sum')
{n}, {N} = {a}.max(0)
{n}, {N} = {a}.sort(0)
{n}, {N} = {a}.topk(2, 0)
{n}, {N} = {a}.cummax(0)
{n}, {N} = {a}.median(0)
{n} = {a} > 0
{n} = {i}.clone()
{n} = {k}.clone()
{n} = ~{k}
{n} = {i}[:]
{i}.copy_({i}.flip(0))
{i}.zero_()
{i}[0] = 2
{i}.add_(1).remainder_(3)
{k}.logical_not_()
{k}[..., 0] = True
{k}.copy_(~{k})
with m.no_grad(): {i}.copy_({i}.roll(1))
{i}.data.fill_(1)
"""

CHANGES = """
{a} += {b} + 0
{a} *= {c}
{a} *= {b} + 0
{a}.mul_({c})
{a}.add_({b} + 0, alpha=2)
{a}.copy_({b} + 0)
{a}.zero_()
{a}.fill_({c})
{a}.relu_()
{a}.tanh_()
{a}.sigmoid_()
{a}.sin_()
{a}.clamp_(-1, 1)
{a}.neg_()
{a}[0] = {c}
{a}[0] = {b} + 0
{a}[1:] = {b} + 0
{a}[..., -1] *= {c}
{a}[{k}] = {c}
{a}[{i}] = {c}
{a}[{i}] = {b} + 0
{a}.masked_fill_({k}, {c})
{a}.index_fill_(0, {i}, {c})
{a}.index_add_(0, {i}, {b} + 0)
{a}.index_copy_(0, {i}, {b} + 0)
{a}.scatter_(0, {i}, {c})
{a}.addcmul_({b} + 0, {b} + 0)
{a}.lerp_({b} + 0, 0.3)
{a}.clone().mul_({b}).add_({c})
{a}.view(-1)[0] = {c}
{a}.t_()
{a}.transpose_(0, -1)
{a}.unsqueeze_(0)
{a}.squeeze_()
{a}.detach().add_({c})
{a}.data.mul_({c})
{a}.data.copy_({b} + 0)
{a}.data = {b}.detach().clone()
{a}.data = {b}.data
m.add({b} + 0, {c}, out={a})
m.mul({a}, {b} + 0, out={a})
m.nn.init.constant_({a}, {c})
F.relu({a}, inplace=True)
with m.no_grad(): {a} += {b} + 0
with m.no_grad(): {a}.mul_({c})
with m.no_grad(): {a}.copy_({b} + 0)
with m.no_grad(): {a}[0] = {c}
with m.no_grad(): {a}.zero_()
with m.inference_mode(): {a}.mul_({c})
"""

FUNCTIONS = """
{n} = Square.apply({a})
{n} = Tanh.apply({a})
{n} = Times.apply({a}, {b})
{n} = Plus.apply({a}, {b})
{n} = ByView.apply({a})
{n} = Pick.apply({a}, {i})
{n} = Same.apply({a})
{n} = SameAsView.apply({a})
{n} = Rest.apply({a})
{n}, {N} = SameAndNew.apply({a}, {b})
{n} = Scale_.apply({a})
{n} = Tanh_.apply({a})
{n}, {N} = AddInto_.apply({a}, {b})
{n}, {N} = Sorted.apply({a})
{n}, {N} = Constant.apply({a})
{n}, {N} = Lazy.apply({a})
{n} = Once.apply({a})
{n}, {N} = SetUp.apply({a}, {c})
{n} = Nothing.apply({a})
{n}, = OneOf.apply({a}, {b})
with m.no_grad(): {n} = Square.apply({a})
with m.no_grad(): {n} = SameAsView.apply({a})
"""

FREEZES = """
{p}.requires_grad_({flag})
{p}.requires_grad = {flag}
{a}.requires_grad_()
{a}.detach_()
{n} = {a}.detach().requires_grad_()
{y}.retain_grad()
{a}.retain_grad()
{n} = copy.deepcopy({p})
{n}, {N} = copy.deepcopy([{p}, {q}])
{p}.grad = None
{p}.grad = {q}.detach().clone()
{p}.grad.zero_()
{p}.grad.mul_({c})
{n} = {p}.grad
{n} = m.nn.Parameter({a}.detach())
{n} = m.nn.Parameter({a}.detach().clone(), requires_grad={flag})
"""

HOOKS = """
{n} = {r}.register_hook(look('{n}'))
{n} = {r}.register_hook(look('{n}'))
{n} = {r}.register_hook(twice('{n}'))
{n} = {w}.register_hook(twice('{n}'))
{n} = {w}.register_post_accumulate_grad_hook(seen_after('{n}'))
{n} = {w}.register_post_accumulate_grad_hook(step_and_drop('{n}'))
{n} = {y}.grad_fn.register_hook(look('{n}'))
{n} = {y}.grad_fn.register_hook(inputs_twice('{n}'))
{n} = {y}.grad_fn.register_prehook(look('{n}'))
{n} = {y}.grad_fn.register_prehook(outputs_twice('{n}'))
{n} = {r}.register_hook(removing({h}))
{h}.remove()
"""

WALKS = """
{r}.sum().backward()
{r}.sum().backward(retain_graph=True)
({r} * {b}).sum().backward(retain_graph=True)
{r}.sin().sum().backward(create_graph={flag})
{r}.backward(m.ones_like({r}), retain_graph={flag})
m.autograd.backward([{r}, {r}], [m.ones_like({r}), m.ones_like({r})], retain_graph=True)
{r}.sum().backward(inputs=[{p}], retain_graph=True)
{r}.sum().backward(inputs=[{r}, {p}], retain_graph={flag})
{n}, = m.autograd.grad({r}.sin().sum(), [{w}], create_graph={flag})
{n}, = m.autograd.grad({r}.sin().sum(), [{b}], retain_graph=True, allow_unused={flag})
{n}, {N} = m.autograd.grad({r}.sin().sum(), [{w}, {b}], create_graph=True, allow_unused=True)
{n}, {N} = m.autograd.grad({r}.sum(), [{w}, {b}], retain_graph=True, materialize_grads=True)
{n}, = m.autograd.grad({r}, {w}, {b} + 0, create_graph={flag}, allow_unused=True)
with m.no_grad(): {r}.backward(m.ones_like({r}), retain_graph=True)
with m.enable_grad(): {r}.sum().backward(retain_graph=True)
"""

MODULES = """
{n} = new_net()
{n} = {net}({a})
{n} = {net}({a})
{n} = {net}({a})
{n} = {net}.a({a})
{n} = {net}.a.weight
{net}({a}).sum().backward()
{net}.zero_grad(set_to_none={flag})
{net}.requires_grad_({flag})
{net}.a.weight.requires_grad_({flag})
{net}.b.weight = {net}.a.weight
{n} = copy.deepcopy({net})
{net}.load_state_dict({{k: v * 0.5 for k, v in {net}.state_dict().items()}})
{net}.a.weight.data.mul_({c})
with m.no_grad(): {net}.a.weight.mul_({c})
with m.no_grad(): {n} = {net}({a})
m.nn.utils.clip_grad_norm_({net}.parameters(), 1.0)
{n} = {net}.a.register_forward_hook(module_look('{n}'))
{n} = {net}.a.register_forward_hook(output_plus_one)
{n} = {net}.a.register_forward_pre_hook(args_twice)
{n} = {net}.a.register_full_backward_hook(module_look('{n}'))
{n} = {net}.b.register_full_backward_hook(inputs_times_three)
{n} = {net}.register_full_backward_pre_hook(module_look('{n}'))
{n} = m.optim.SGD({net}.parameters(), lr=0.1, momentum=0.9)
{n} = m.optim.AdamW({net}.parameters(), lr=0.1)
"""

STEPS = """
{n} = m.optim.SGD([{p}, {q}], lr=0.1)
{n} = m.optim.SGD([{p}], lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.01)
{n} = m.optim.SGD([{w}], lr=0.1, maximize=True)
{n} = m.optim.Adam([{p}], lr=0.1, amsgrad={flag})
{n} = m.optim.AdamW([{w}], lr=0.1)
{n} = m.optim.RMSprop([{w}], lr=0.01, momentum=0.5, centered={flag})
{n} = m.optim.Adagrad([{w}], lr=0.1)
{n} = m.optim.Adadelta([{w}])
{n} = m.optim.Adamax([{w}])
{n} = m.optim.NAdam([{w}])
{n} = m.optim.RAdam([{w}])
{n} = m.optim.ASGD([{w}])
{n} = m.optim.Rprop([{w}])
{o}.step()
{o}.step()
{o}.step()
{o}.zero_grad()
{o}.zero_grad(set_to_none={flag})
({w} * {w}).sum().backward()
"""

KINDS = {
    "results": (RESULTS, 10),
    "views": (VIEWS, 7),
    "changes": (CHANGES, 8),
    "indexed": (INDEXED, 5),
    "functions": (FUNCTIONS, 6),
    "freezes": (FREEZES, 4),
    "hooks": (HOOKS, 4),
    "walks": (WALKS, 4),
    "modules": (MODULES, 1),
    "steps": (STEPS, 1),
}
TEMPLATES = {kind: lines.strip().splitlines() for kind, (lines, _) in KINDS.items()}
WEIGHTS = [weight for _, weight in KINDS.values()]
