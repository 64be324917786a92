"""Right functions that are hard to check: at kinks, in float32, tiny, huge, steep, flat, odd.

At a kink the gradient is one of those that PyTorch's users know: relu's is 0 at 0, a tie in max()
is shared, a clamp passes the gradient on at its edges.
"""

from typing import Any

import numpy as np

from benchmarks.gradcheckers.case import (
    Array,
    Case,
    broadcasting,
    elementwise,
    logsumexp,
    sigmoid,
    softmax,
)


def correct(seed: int = 0) -> dict[str, list[Case]]:
    """All of them, by what is hard about them, at points drawn from `seed` if none is given."""
    draws = np.random.default_rng(seed)
    return {
        "at a kink": at_kinks(),
        "near a kink": near_kinks(),
        "a network where kinks meet": networks(),
        "float32 and mixed": single_precision(draws),
        "tiny and huge": of_extreme_size(draws),
        "steep": steep(),
        "cancellation": cancelling(),
        "flat": flat(),
        "empty, 0-d, strided, views": odd_shapes(draws),
        "side inputs, several outputs": odd_signatures(draws),
    }


def relu(x: Array) -> Array:
    return np.maximum(x, 0)


def step(x: Array) -> Array:
    """Relu's derivative, 0 at 0."""
    return (x > 0).astype(x.dtype)


def one_of(pick: str) -> Any:
    """The gradient of a reduction over the last axis that gives all to one index of a tie."""

    def vjp(g: Array, x: Array) -> tuple[Array]:
        made = np.zeros_like(x)
        np.put_along_axis(made, getattr(x, pick)(-1)[..., None], g[..., None], -1)
        return (made,)

    return vjp


def shared(g: Array, x: Array) -> tuple[Array]:
    """The gradient of max(), shared by the elements that tie."""
    hot = x == x.max()
    return (g * hot / hot.sum(),)


def middle(x: Array) -> Array:
    """Where the lower median of a vector is."""
    return np.argsort(x, kind="stable")[(len(x) - 1) // 2]


def at_kinks() -> list[Case]:
    tied = np.array([[2.0, 5.0, 5.0, -1.0], [3.0, 3.0, 3.0, 3.0], [0.5, 0.25, 1.0, 2.0]])
    even = np.array([1.0, -2.0, 0.0, 3.0])
    return [
        elementwise("relu at 0", relu, step, [-1.0, 0.0, 2.0, 0.0]),
        elementwise("abs at 0", np.abs, np.sign, [-1.0, 0.0, 2.0]),
        elementwise(
            "clamp at its edges",
            lambda x: np.clip(x, -1, 2),
            lambda x: (x >= -1) & (x <= 2),
            [-1.5, -1.0, 0.5, 2.0, 3.0],
        ),
        elementwise(
            "hardtanh at its edges",
            lambda x: np.clip(x, -1, 1),
            lambda x: (x > -1) & (x < 1),
            [-1.5, -1.0, 0.5, 1.0, 3.0],
        ),
        elementwise(
            "relu6 at 0 and 6",
            lambda x: np.clip(x, 0, 6),
            lambda x: (x > 0) & (x < 6),
            [0.0, 6.0, 3.0],
        ),
        elementwise(
            "leaky relu at 0",
            lambda x: np.where(x > 0, x, 0.01 * x),
            lambda x: np.where(x > 0, 1, 0.01),
            [-1.0, 0.0, 2.0],
        ),
        elementwise(
            "softshrink at its edges",
            lambda x: np.sign(x) * relu(abs(x) - 0.5),
            lambda x: abs(x) > 0.5,
            [-0.5, 0.5, 0.1, 2.0],
        ),
        elementwise(
            "elu at 0",
            lambda x: np.where(x > 0, x, np.expm1(x)),
            lambda x: np.where(x > 0, 1, np.exp(x)),
            [-1.0, 0.0, 2.0],
        ),
        elementwise("relu² at 0", lambda x: relu(x) ** 2, lambda x: 2 * relu(x), [-1.0, 0.0, 2.0]),
        elementwise("x |x| at 0", lambda x: x * abs(x), lambda x: 2 * abs(x), [-1.0, 0.0, 2.0]),
        elementwise(
            "Huber loss at its joint",
            lambda x: np.where(abs(x) < 1, x * x / 2, abs(x) - 0.5),
            lambda x: np.clip(x, -1, 1),
            [-1.0, 0.0, 1.0, 3.0],
        ),
        Case(
            "prelu at 0",
            lambda x, a: np.where(x > 0, x, a * x),
            lambda g, x, a: (
                g * np.where(x > 0, 1, a),
                np.asarray((g * np.where(x > 0, 0, x)).sum()),
            ),
            (np.array([-1.0, 0.0, 2.0]), np.array(0.25)),
        ),
        Case("max() with ties", np.max, shared, (tied,)),
        Case("max of a row with ties", lambda x: x.max(-1), one_of("argmax"), (tied,)),
        Case("min of a row with ties", lambda x: x.min(-1), one_of("argmin"), (-tied,)),
        Case(
            "max pool with ties",
            lambda x: x.reshape(2, 2, 2).max(-1),
            lambda g, x: (one_of("argmax")(g, x.reshape(2, 2, 2))[0].reshape(x.shape),),
            (np.array([[1.0, 1.0, 0.0, 2.0], [3.0, 3.0, -1.0, -1.0]]),),
        ),
        Case(
            "median with ties",
            lambda x: x[middle(x)],
            lambda g, x: (g * (np.arange(len(x)) == middle(x)),),
            (np.array([2.0, 1.0, 2.0, 3.0]),),
        ),
        Case(
            "maximum of equals",
            np.maximum,
            lambda g, x, y: (g * ((x > y) + 0.5 * (x == y)), g * ((y > x) + 0.5 * (x == y))),
            (np.array([1.0, 2.0, 3.0]), np.array([1.0, 5.0, 3.0])),
        ),
        Case(
            "minimum of equals",
            np.minimum,
            lambda g, x, y: (g * ((x < y) + 0.5 * (x == y)), g * ((y < x) + 0.5 * (x == y))),
            (np.array([1.0, 2.0, 3.0]), np.array([1.0, 5.0, 3.0])),
        ),
        Case(
            "norm at 0",
            lambda x: np.sqrt((x**2).sum()),
            lambda g, x: (g * x / (np.sqrt((x**2).sum()) or 1.0),),
            (np.zeros(4),),
        ),
        Case(
            "L1 loss at the target",
            lambda x, y: abs(x - y).mean(),
            lambda g, x, y: (g * np.sign(x - y) / x.size, -g * np.sign(x - y) / x.size),
            (even, even * [1, 1, 2, 2]),
        ),
        Case(
            "hinge loss at the margin",
            lambda x, y: relu(1 - x * y).sum(),
            lambda g, x, y: (-g * y * (x * y < 1), None),
            (np.array([1.0, -1.0, 0.5, 2.0]), np.array([1, -1, 1, 1])),
        ),
        elementwise("floor off the jump", np.floor, np.zeros_like, [0.3, 1.5, -2.25]),
        elementwise("sign off the jump", np.sign, np.zeros_like, [0.3, 1.5, -2.25]),
        elementwise("round off the jump", np.round, np.zeros_like, [0.3, 1.4, -2.25]),
    ]


def networks() -> list[Case]:
    """Programs in which kinks meet: each step is right, and so are small moves of the inputs.

    The whole has one slope, and by what each step picks at its kink the chain rule gives another.
    Bugs are planted in the step.
    """
    black = np.array([0.0, 1.0, 0.0, -2.0, 0.0, 0.5])
    tied = np.array([[0.0, 0.0, 0.0, 0.0], [2.0, 1.0, 2.0, -1.0]])
    steps = [
        ("relu", relu, lambda g, x: (g * step(x),), black),
        ("abs", np.abs, lambda g, x: (g * np.sign(x),), black),
        ("row's max", lambda x: x.max(-1), one_of("argmax"), tied),
    ]
    programs = [
        ("f(x) - f(-x)/2", lambda f, x: f(x) - f(-x) / 2),
        ("x² - f(x) + f(-3x)", lambda f, x: x * x - f(x) + f(-3 * x)),
    ]
    chain = Case(
        "relu: f(f(x) - f(-x)) - f(-x)",
        relu,
        lambda g, x: (g * step(x),),
        (black,),
        around=lambda f, x: f(f(x) - f(-x)) - f(-x),
    )
    made = [
        Case(f"{name}: {text}", forward, vjp, (x,), around=around)
        for name, forward, vjp, x in steps
        for text, around in programs
        if name != "row's max" or "x²" not in text
    ]
    return [*made, chain]


def near_kinks() -> list[Case]:
    return [
        elementwise("relu at 1e-7", relu, step, [1e-7, -1e-7, 1.0]),
        elementwise("abs at 1e-9", np.abs, np.sign, [1e-9, -1e-9, 1.0]),
        elementwise(
            "clamp 1e-8 off its edges",
            lambda x: np.clip(x, -1, 1),
            lambda x: (x > -1) & (x < 1),
            [1 - 1e-8, 1 + 1e-8, -1 - 1e-8, -1 + 1e-8],
        ),
        Case(
            "max of almost equals",
            lambda x: x.max(-1),
            one_of("argmax"),
            (np.array([1.0, 1.0 + 1e-9, 1.0]),),
        ),
        elementwise("floor near the jump", np.floor, np.zeros_like, [1 + 1e-6, 2 - 1e-6]),
        elementwise(
            "sqrt(x² + 1e-12) at 0",
            lambda x: np.sqrt(x * x + 1e-12),
            lambda x: x / np.sqrt(x * x + 1e-12),
            [0.0, 1e-6, 1.0],
        ),
    ]


def single_precision(draws: np.random.Generator) -> list[Case]:
    def single(*shape: int) -> Array:
        return np.asarray(draws.standard_normal(shape)).astype(np.float32)

    def product(g: Array, x: Array, y: Array) -> tuple[Array, Array]:
        return g @ y.T, x.T @ g

    def mixed(g: Array, x: Array, y: Array) -> list[Array]:
        return [(g * y).astype(x.dtype), (g * x).astype(y.dtype)]

    logits = 3 * single(4, 5)
    return [
        elementwise("float32 tanh", np.tanh, lambda x: 1 - np.tanh(x) ** 2, single(3, 4)),
        elementwise("float32 exp at 10", np.exp, np.exp, single(4) + 10),
        elementwise(
            "float32 log at 1e-6", np.log, np.reciprocal, np.array([1e-6, 3e-6], np.float32)
        ),
        elementwise("float32 relu at 0", relu, step, np.array([-1, 0, 2], np.float32)),
        Case("float32 matmul", np.matmul, product, (single(3, 20), single(20, 2))),
        Case(
            "float32 sum of 400",
            np.sum,
            lambda g, x: (np.full_like(x, g),),
            (1e3 * single(20, 20),),
        ),
        Case(
            "float32 softmax",
            lambda x: softmax(x, -1),
            lambda g, x: (softmax(x, -1) * (g - (g * softmax(x, -1)).sum(-1, keepdims=True)),),
            (logits,),
        ),
        Case(
            "float32 times float64",
            np.multiply,
            mixed,
            (single(3, 2), draws.standard_normal((3, 2))),
        ),
        Case(
            "float64 linear layer of a float32 input",
            lambda x, w: x.astype(w.dtype) @ w,
            lambda g, x, w: ((g @ w.T).astype(x.dtype), x.T.astype(w.dtype) @ g),
            (single(3, 4), draws.standard_normal((4, 2))),
        ),
        Case(
            "float32 out of float64",
            lambda x: np.sin(x).astype(np.float32),
            lambda g, x: (g * np.cos(x),),
            (draws.standard_normal(4),),
        ),
    ]


def of_extreme_size(draws: np.random.Generator) -> list[Case]:
    x = draws.uniform(1, 2, 4)
    return [
        elementwise("1e-12 x²", lambda x: 1e-12 * x**2, lambda x: 2e-12 * x, x),
        elementwise("1e-100 x³", lambda x: 1e-100 * x**3, lambda x: 3e-100 * x**2, x),
        elementwise("x² at 1e-20", np.square, lambda x: 2 * x, 1e-20 * x),
        elementwise("log about 1e-8", np.log, np.reciprocal, 1e-8 * x),
        elementwise("sqrt about 1e-10", np.sqrt, lambda x: 0.5 / np.sqrt(x), 1e-10 * x),
        elementwise("log1p at 1e-10", np.log1p, lambda x: 1 / (1 + x), 1e-10 * x),
        elementwise("1e12 x", lambda x: 1e12 * x, lambda x: 1e12, x),
        elementwise(
            "1e12 sin(x) at 1e-3", lambda x: 1e12 * np.sin(x), lambda x: 1e12 * np.cos(x), 1e-3 * x
        ),
        elementwise("exp at 30", np.exp, np.exp, 30 * x / x.max()),
        elementwise("x² at 1e100", np.square, lambda x: 2 * x, 1e100 * x),
        elementwise("log at 1e200", np.log, np.reciprocal, 1e200 * x),
        Case(
            "sum of mixed sizes",
            lambda x: (x**2).sum(),
            lambda g, x: (2 * g * x,),
            (np.array([1e6, 1.0, 1e-3]),),
        ),
        elementwise("0 among others, x³", lambda x: x**3, lambda x: 3 * x**2, [0.0, 1.0, -2.0]),
    ]


def steep() -> list[Case]:
    return [
        elementwise(
            "tanh(1000 x)",
            lambda x: np.tanh(1e3 * x),
            lambda x: 1e3 * (1 - np.tanh(1e3 * x) ** 2),
            [0.0, 1e-4, -1e-3, 5e-3, 0.1],
        ),
        elementwise("x**20", lambda x: x**20, lambda x: 20 * x**19, [0.5, 1.1, -3.0]),
        elementwise(
            "sin(200 x)",
            lambda x: np.sin(200 * x),
            lambda x: 200 * np.cos(200 * x),
            [0.1, 1.0, -2.0],
        ),
        elementwise("1/x about 1e-3", np.reciprocal, lambda x: -1 / x**2, [1e-3, -2e-3]),
        elementwise(
            "sin(1/x) at 0.01",
            lambda x: np.sin(1 / x),
            lambda x: -np.cos(1 / x) / x**2,
            [0.01, 0.02],
        ),
        elementwise("tan near its pole", np.tan, lambda x: 1 + np.tan(x) ** 2, [np.pi / 2 - 1e-3]),
        elementwise(
            "exp(-1/x²) at 0.1",
            lambda x: np.exp(-1 / x**2),
            lambda x: 2 * np.exp(-1 / x**2) / x**3,
            [0.1, 0.3],
        ),
        elementwise(
            "sigmoid(1e4 (x - 1))",
            lambda x: sigmoid(1e4 * (x - 1)),
            lambda x: 1e4 * sigmoid(1e4 * (x - 1)) * sigmoid(1e4 * (1 - x)),
            [1.0, 1.0001, 1.01, 0.99],
        ),
    ]


def cancelling() -> list[Case]:
    big = np.array([[1000.0, 1001.0, 999.5], [-1000.0, 1000.0, 0.0]])

    def softmax_vjp(g: Array, x: Array) -> tuple[Array]:
        y = softmax(x, -1)
        return (y * (g - (g * y).sum(-1, keepdims=True)),)

    near = 1e6 + np.array([0.5, -1.0, 2.0, 0.25])
    return [
        Case(
            "logsumexp at 1e3",
            lambda x: logsumexp(x, -1)[:, 0],
            lambda g, x: (g[:, None] * softmax(x, -1),),
            (big,),
        ),
        Case("softmax at 1e3", lambda x: softmax(x, -1), softmax_vjp, (big,)),
        Case(
            "log-softmax at 1e3",
            lambda x: x - logsumexp(x, -1),
            lambda g, x: (g - softmax(x, -1) * g.sum(-1, keepdims=True),),
            (big,),
        ),
        Case(
            "variance about 1e6", np.var, lambda g, x: (g * 2 * (x - x.mean()) / x.size,), (near,)
        ),
        Case(
            "difference of equals at 1e8",
            np.subtract,
            lambda g, x, y: (g, -g),
            (np.full(3, 1e8), np.full(3, 1e8)),
        ),
        elementwise("1e3 + 1e-8 x", lambda x: 1e3 + 1e-8 * x, lambda x: 1e-8, [1.0, -2.0]),
        elementwise(
            "sigmoid at 40",
            sigmoid,
            lambda x: sigmoid(x) * sigmoid(-x),
            [-40.0, 40.0, 36.0, 0.0],
        ),
        elementwise("softplus at 40", lambda x: np.logaddexp(x, 0), sigmoid, [-40.0, 40.0, 0.0]),
        elementwise("1 - cos(x) at 1e-4", lambda x: 1 - np.cos(x), np.sin, [1e-4, -2e-4]),
        elementwise("expm1 at 1e-10", np.expm1, np.exp, [1e-10, -1e-10]),
    ]


def flat() -> list[Case]:
    return [
        elementwise("constant", lambda x: 0 * x + 3, np.zeros_like, [1.0, 2.0]),
        elementwise("dead relu", relu, step, [-1.0, -2.0, -1e-3]),
        elementwise("x² at 0, alone", np.square, lambda x: 2 * x, 0.0),
        elementwise("1 - cos(x) at 0, alone", lambda x: 1 - np.cos(x), np.sin, [0.0]),
        Case("x y at 0", np.multiply, lambda g, x, y: (g * y, g * x), (np.zeros(2), np.zeros(2))),
        elementwise("x⁴ at 0", lambda x: x**4, lambda x: 4 * x**3, [0.0, 1.0]),
        elementwise("tanh at 30", np.tanh, lambda x: 1 - np.tanh(x) ** 2, [30.0, -30.0]),
    ]


def odd_shapes(draws: np.random.Generator) -> list[Case]:
    x = draws.standard_normal((3, 4))
    cos = np.cos
    return [
        elementwise("empty", np.sin, cos, np.zeros((0, 3))),
        Case("sum of nothing", np.sum, lambda g, x: (np.full(x.shape, g),), (np.zeros((0, 3)),)),
        elementwise("0-d", np.sin, cos, 0.7),
        elementwise("one element, 5-d", np.sin, cos, np.full((1, 1, 1, 1, 1), 0.7)),
        elementwise("transposed in memory", np.sin, cos, x, lambda a: np.array(a, order="F")),
        elementwise("strided in memory", np.sin, cos, x, lambda a: np.repeat(a, 2, -1)[..., ::2]),
        elementwise(
            "a slice of a larger array", np.sin, cos, x, lambda a: np.pad(a, 1)[1:-1, 1:-1]
        ),
        Case(
            "matmul of transposed arrays",
            np.matmul,
            lambda g, x, y: (g @ y.T, x.T @ g),
            (x, draws.standard_normal((4, 2))),
            lambda a: np.array(a, order="F"),
        ),
        Case("view: reshape", lambda x: x.reshape(2, 6), lambda g, x: (g.reshape(x.shape),), (x,)),
        Case("view: every second row", lambda x: x[::2], lambda g, x: (_put_rows(g, x),), (x,)),
        Case(
            "view: expand",
            lambda x: np.broadcast_to(x, (2, *x.shape)).copy(),
            lambda g, x: (g.sum(0),),
            (x,),
        ),
        Case(
            "expanded gradient",  # PyTorch's own sum hands out such a gradient
            np.sum,
            lambda g, x: (np.broadcast_to(g, x.shape),),
            (x,),
        ),
        Case("transposed gradient", np.transpose, lambda g, x: (g.T,), (x,)),
    ]


def _put_rows(g: Array, x: Array) -> Array:
    made = np.zeros_like(x)
    made[::2] = g
    return made


def odd_signatures(draws: np.random.Generator) -> list[Case]:
    x, y = draws.standard_normal((2, 3, 4))
    rows, mask = np.array([2, 0, 2, 1]), np.array([True, False, True])

    def put(g: Array, x: Array, rows: Array) -> tuple[Array, None]:
        made = np.zeros_like(x)
        np.add.at(made, rows, g)
        return made, None

    def in_place(x: Array) -> Array:
        z = x.copy()
        z *= 2
        z[0] += 1
        return z

    def attention(q: Array, k: Array, v: Array) -> Array:
        return softmax(q @ k.T / 2, -1) @ v

    def attention_vjp(g: Array, q: Array, k: Array, v: Array) -> tuple[Array, ...]:
        p = softmax(q @ k.T / 2, -1)
        dp = g @ v.T
        ds = p * (dp - (dp * p).sum(-1, keepdims=True)) / 2
        return ds @ k, ds.T @ q, p.T @ g

    return [
        Case("rows by integer index", lambda x, rows: x[rows], put, (x, rows)),
        Case("rows by mask", lambda x, mask: x[mask], put, (x, mask)),
        Case(
            "integer first",
            lambda rows, x: x[rows],
            lambda g, rows, x: put(g, x, rows)[::-1],
            (rows, x),
        ),
        Case(
            "integer factor",
            lambda x, n: x * n,
            lambda g, x, n: (g * n, None),
            (x, np.array([1, 2, 3, 4])),
        ),
        Case("the same gradient twice", np.add, lambda g, x, y: (g, g), (x, y)),
        Case("identity", np.copy, lambda g, x: (g,), (x,)),
        Case(
            "two outputs",
            lambda x: (np.sin(x), np.cos(x)),
            lambda g, x: (g[0] * np.cos(x) - g[1] * np.sin(x),),
            (x,),
        ),
        Case(
            "three outputs of several shapes",
            lambda x: (x[:1], x[1:], x.sum()),
            lambda g, x: (np.concatenate(g[:2]) + g[2],),
            (x,),
        ),
        Case(
            "outputs that depend on one input each",
            lambda x, y: (x**2, 2 * y),
            lambda g, x, y: (2 * x * g[0], 2 * g[1]),
            (x, y),
        ),
        Case(
            "an input that does not matter",
            lambda x, y: x**2,
            lambda g, x, y: (2 * x * g, None),
            (x, y),
        ),
        Case(
            "an input of which zero comes",
            lambda x, y: x**2,
            lambda g, x, y: (2 * x * g, 0 * y),
            (x, y),
        ),
        Case("changed in place within", in_place, lambda g, x: (2 * g,), (x,)),
        Case("attention", attention, attention_vjp, (x, y, draws.standard_normal((3, 2)))),
        Case(
            "arctan2",
            np.arctan2,
            lambda g, x, y: (g * y / (x * x + y * y), -g * x / (x * x + y * y)),
            (x, y),
        ),
        broadcasting(
            "broadcast of 0-d", np.multiply, lambda g, x, y: [g * y, g * x], x, np.array(1.5)
        ),
        broadcasting("broadcast both ways", np.add, lambda g, x, y: [g, g.copy()], x[:, :1], y[:1]),
    ]
