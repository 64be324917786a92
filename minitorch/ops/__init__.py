"""The operations: each `Function` subclass beside the public function that checks its arguments.

Where to find what: `arithmetic`; `pointwise` functions of one variable, `bivariate` of two,
`special` erf, gamma and kin; `compare` comparisons, logic and bits; `choose` where, maximum,
clamp; `cast` other dtypes. `reduce` sums, means and extremes, `scan` running totals, `sort`
orders, `stats` variances and quantiles, `magnitude` norms. `shape` views and joining, `join` what
is made of them, `strided` diagonals and windows; `index` reading and writing by index, `scatter`
along one dimension. `linalg` and `einsum` products, `linalg_decomp` decompositions. `random`
draws.

For networks: `activation`, `softmax`, `norm`, `dropout`, `embedding`, `bilinear`; `attention` and
`multihead`, `recurrent` layers; `conv`, `pool`, `adaptive_pool` windows; `pad`, `interpolate`,
`resample`, `grid`, `shuffle` images. Losses of classes (`loss`, `ctc`), of numbers
(`regression`), of probabilities (`binary`), with a margin (`margin`); `distance`.

`inplace` how a tensor is changed without a wrong gradient; `out` the keyword; `composed` higher
orders by way of a composition; `aten` what PyTorch's top level calls with other arguments than
nn.functional; `operands` and `windows` what all of them do to their arguments first.

What a module's `__all__` lists is public in `minitorch` or in `nn.functional`.
"""

from minitorch.ops.activation import ReLU, relu
from minitorch.ops.cast import Cast
from minitorch.ops.conv import Conv2d, conv2d
from minitorch.ops.dropout import dropout
from minitorch.ops.linalg import Linear, MatMul, bmm, dot, linear, matmul, mm, mv
from minitorch.ops.loss import CrossEntropy, NLLLoss, cross_entropy, nll_loss
from minitorch.ops.norm import Normalize, batch_norm, layer_norm
from minitorch.ops.pool import AvgPool2d, MaxPool2d, avg_pool2d, max_pool2d
from minitorch.ops.regression import mse_loss
from minitorch.ops.softmax import LogSoftmax, Softmax, log_softmax, softmax

__all__ = [
    "AvgPool2d",
    "Cast",
    "Conv2d",
    "CrossEntropy",
    "Linear",
    "LogSoftmax",
    "MatMul",
    "MaxPool2d",
    "NLLLoss",
    "Normalize",
    "ReLU",
    "Softmax",
    "avg_pool2d",
    "batch_norm",
    "bmm",
    "conv2d",
    "cross_entropy",
    "dot",
    "dropout",
    "layer_norm",
    "linear",
    "log_softmax",
    "matmul",
    "max_pool2d",
    "mm",
    "mse_loss",
    "mv",
    "nll_loss",
    "relu",
    "softmax",
]
