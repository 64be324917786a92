"""The relaxed categorical distribution."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from minitorch._tensor import Tensor
from minitorch.distributions import constraints
from minitorch.distributions.categorical import Categorical
from minitorch.distributions.distribution import Distribution
from minitorch.distributions.relaxed_bernoulli import Relaxed
from minitorch.distributions.transforms import ExpTransform
from minitorch.distributions.utils import OfCategorical, broadcast_all, clamp_probs
from minitorch.sampling import rand


class ExpRelaxedCategorical(OfCategorical, Distribution):
    """Logarithms of `RelaxedOneHotCategorical`, which have fewer underflows.

    Args:
        temperature: a tensor.
        probs, logits: (..., K), one of them, as of `Categorical`.
        validate_args: whether to check arguments.

    Raises:
        ValueError: for both `probs` and `logits`, or neither.
    """

    arg_constraints: ClassVar[Any] = {
        "probs": constraints.simplex,
        "logits": constraints.real_vector,
    }
    support: ClassVar[Any] = constraints.real_vector
    has_rsample = True
    _expanded: ClassVar = {"temperature": None, "_categorical": 0}

    def __init__(
        self,
        temperature: Any,
        probs: Any = None,
        logits: Any = None,
        validate_args: bool | None = None,
    ) -> None:
        self._categorical = Categorical(probs, logits)
        self.temperature = temperature
        shape = self._categorical.param_shape
        super().__init__(shape[:-1], shape[-1:], validate_args=validate_args)

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        u = clamp_probs(rand(self._extended_shape(sample_shape), dtype=self.logits.dtype))
        scores = (self.logits - (-u.log()).log()) / self.temperature
        return scores - scores.logsumexp(dim=-1, keepdim=True)

    def log_prob(self, value: Tensor) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        K = self._event_shape[0]
        logits, value = broadcast_all(self.logits, value)
        log_scale = math.lgamma(K) + self.temperature.log() * (K - 1)
        score = logits - value.mul(self.temperature)
        return (score - score.logsumexp(dim=-1, keepdim=True)).sum(-1) + log_scale


class RelaxedOneHotCategorical(Relaxed):
    """Shares that are near one-hot vectors at a low temperature, and differentiable.

    E. Jang, S. Gu and B. Poole, "Categorical Reparameterization with Gumbel-Softmax", 2017,
    https://arxiv.org/abs/1611.01144.

    Args:
        temperature: a tensor.
        probs, logits: (..., K), one of them, as of `Categorical`.
        validate_args: whether to check arguments.

    Raises:
        ValueError: for both `probs` and `logits`, or neither.

    >>> import minitorch
    >>> p = RelaxedOneHotCategorical(minitorch.tensor(0.5), minitorch.ones(3))
    >>> p.rsample((2,)).shape
    torch.Size([2, 3])
    """

    arg_constraints: ClassVar[Any] = {
        "probs": constraints.simplex,
        "logits": constraints.real_vector,
    }
    support: ClassVar[Any] = constraints.simplex
    has_rsample = True
    _expanded: ClassVar = {}

    def __init__(
        self,
        temperature: Any,
        probs: Any = None,
        logits: Any = None,
        validate_args: bool | None = None,
    ) -> None:
        base = ExpRelaxedCategorical(temperature, probs, logits, validate_args=validate_args)
        super().__init__(base, ExpTransform(), validate_args=validate_args)
