"""Special functions, under the names of `torch.special`."""

from minitorch._missing import missing
from minitorch.ops.math.bivariate import (
    igamma as gammainc,
    igammac as gammaincc,
    xlog1py,
    xlogy,
)
from minitorch.ops.math.pointwise import exp2, expm1, log1p, round, sigmoid as expit
from minitorch.ops.math.reduce import logsumexp
from minitorch.ops.math.special import (
    digamma,
    digamma as psi,
    entr,
    erf,
    erfc,
    erfinv,
    lgamma as gammaln,
    logit,
    multigammaln,
    ndtr,
    polygamma,
    sinc,
)
from minitorch.ops.nn.softmax import log_softmax, softmax

__all__ = [
    "digamma",
    "entr",
    "erf",
    "erfc",
    "erfinv",
    "exp2",
    "expit",
    "expm1",
    "gammainc",
    "gammaincc",
    "gammaln",
    "log1p",
    "log_softmax",
    "logit",
    "logsumexp",
    "multigammaln",
    "ndtr",
    "polygamma",
    "psi",
    "round",
    "sinc",
    "softmax",
    "xlog1py",
    "xlogy",
]

__getattr__ = missing(__name__)
