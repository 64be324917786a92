"""The operations: each `Function` subclass beside the public function that checks its arguments.

`math` values: functions of elements, reductions, linear algebra, random draws. `shape` the same
values seen, joined, read or written otherwise. `nn` layers of networks, and `losses`. `support`
what all of them do first to their arguments, and how a tensor is changed without a wrong gradient.
`aten` some of them under PyTorch's top level, where a choice is a number.
Imports between the packages point to the left in: `support`, `math` and `shape`, `nn`, `losses`.

What a module's `__all__` lists is public in `minitorch` or in `nn.functional`.
"""

from minitorch.ops.losses.classification import CrossEntropy, NLLLoss, cross_entropy, nll_loss
from minitorch.ops.losses.regression import mse_loss
from minitorch.ops.math.linalg import Linear, MatMul, bmm, dot, linear, matmul, mm, mv
from minitorch.ops.nn.activation import ReLU, relu
from minitorch.ops.nn.conv import Conv2d, conv2d
from minitorch.ops.nn.dropout import dropout
from minitorch.ops.nn.normalization import Normalize, batch_norm, layer_norm
from minitorch.ops.nn.pool import AvgPool2d, MaxPool2d, avg_pool2d, max_pool2d
from minitorch.ops.nn.softmax import LogSoftmax, Softmax, log_softmax, softmax
from minitorch.ops.support.cast import Cast

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
