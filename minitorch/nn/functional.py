"""The operations of networks, as functions: `minitorch.ops` under PyTorch's name for it."""

from minitorch.ops.activation import dropout, log_softmax, relu, softmax
from minitorch.ops.conv import conv2d
from minitorch.ops.linalg import linear
from minitorch.ops.loss import cross_entropy, mse_loss, nll_loss
from minitorch.ops.pointwise import sigmoid, tanh
from minitorch.ops.pool import avg_pool2d, max_pool2d

__all__ = [
    "avg_pool2d",
    "conv2d",
    "cross_entropy",
    "dropout",
    "linear",
    "log_softmax",
    "max_pool2d",
    "mse_loss",
    "nll_loss",
    "relu",
    "sigmoid",
    "softmax",
    "tanh",
]
