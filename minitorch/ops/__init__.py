"""The operations: each `Function` subclass beside the public function that checks its arguments.

Where to find what: `arithmetic` of two; `pointwise` functions of one variable; `compare`
comparisons, logic and bits; `choose` where, maximum, clamp; `reduce` sums, means and extremes;
`shape` views, joining and cutting; `index` reading and writing by index; `linalg` matrix products;
`activation`, `loss`; `conv`, `pool`, `adaptive_pool` windows; `pad`, `interpolate`, `grid`,
`shuffle` images; `random` draws; `inplace` how a tensor is changed without a wrong gradient;
`operands` and `windows` what all of them do to their arguments first.
"""

from minitorch.ops.activation import (
    LogSoftmax,
    ReLU,
    Softmax,
    dropout,
    log_softmax,
    relu,
    softmax,
)
from minitorch.ops.cast import Cast
from minitorch.ops.conv import Conv2d, conv2d
from minitorch.ops.linalg import Linear, MatMul, bmm, dot, linear, matmul, mm, mv
from minitorch.ops.loss import CrossEntropy, NLLLoss, cross_entropy, mse_loss, nll_loss
from minitorch.ops.pool import AvgPool2d, MaxPool2d, avg_pool2d, max_pool2d

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
    "ReLU",
    "Softmax",
    "avg_pool2d",
    "bmm",
    "conv2d",
    "cross_entropy",
    "dot",
    "dropout",
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
