"""The distribution of von Mises."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from minitorch._tensor import Tensor
from minitorch.autograd.mode import no_grad
from minitorch.distributions import constraints
from minitorch.distributions.distribution import Distribution
from minitorch.distributions.utils import broadcast_all, lazy_property
from minitorch.factory import zeros
from minitorch.ops.math.select import where
from minitorch.sampling import rand

# In powers of (x / 3.75)**2 up to x = 3.75, and of 3.75 / x beyond, of the Bessel functions I0 and
# I1: Abramowitz & Stegun, "Handbook of Mathematical Functions", 9.8.1 to 9.8.4.
_SMALL = (
    (1.0, 3.5156229, 3.0899424, 1.2067492, 0.2659732, 0.0360768, 0.0045813),
    (0.5, 0.87890594, 0.51498869, 0.15084934, 0.02658733, 0.00301532, 0.00032411),
)
_LARGE = (
    (0.39894228, 0.01328592, 0.00225319, -0.00157565, 0.00916281, -0.02057706, 0.02635537,
     -0.01647633, 0.00392377),
    (0.39894228, -0.03988024, -0.00362018, 0.00163801, -0.01031555, 0.02282967, -0.02895312,
     0.01787654, -0.00420059),
)  # fmt: skip


def _polynomial(x: Tensor, coefficients: tuple[float, ...]) -> Any:
    total: Any = 0.0
    for coefficient in reversed(coefficients):
        total = coefficient + x * total
    return total


def _log_bessel(x: Tensor, order: int) -> Tensor:
    """The logarithm of the modified Bessel function of order 0 or 1."""
    small = _polynomial((x / 3.75) ** 2, _SMALL[order])
    small = (x.abs() * small if order else small).log()
    large = x - 0.5 * x.log() + _polynomial(3.75 / x, _LARGE[order]).log()
    return where(x < 3.75, small, large)


class VonMises(Distribution):
    """Angles about `loc`, of density ``exp(concentration * cos(x - loc))``, scaled.

    They are drawn in float64, by D. J. Best and N. I. Fisher, "Efficient simulation of the von
    Mises distribution", 1979.

    Args:
        loc: an angle; numbers or tensors that broadcast.
        concentration: how near to it.
        validate_args: whether to check arguments.

    >>> import minitorch
    >>> x = VonMises(minitorch.tensor(0.0), minitorch.tensor(4.0)).sample((100,))
    >>> (x.abs() <= minitorch.pi).all()
    tensor(True)
    """

    arg_constraints: ClassVar[Any] = {
        "loc": constraints.real,
        "concentration": constraints.positive,
    }
    support: ClassVar[Any] = constraints.real
    has_rsample = False
    _expanded: ClassVar = {"loc": 0, "concentration": 0}

    def __init__(self, loc: Any, concentration: Any, validate_args: bool | None = None) -> None:
        self.loc, self.concentration = broadcast_all(loc, concentration)
        super().__init__(self.loc.size(), validate_args=validate_args)

    def log_prob(self, value: Tensor) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        unscaled = self.concentration * (value - self.loc).cos()
        return unscaled - math.log(2 * math.pi) - _log_bessel(self.concentration, 0)

    def sample(self, sample_shape: Any = ()) -> Tensor:
        with no_grad():
            loc, kappa = self.loc.double(), self.concentration.double()
            tau = 1 + (1 + 4 * kappa**2).sqrt()
            rho = (tau - (2 * tau).sqrt()) / (2 * kappa)
            r = where(kappa < 1e-5, 1 / kappa + kappa, (1 + rho**2) / (2 * rho))
            x = zeros(self._extended_shape(sample_shape), dtype=loc.dtype)
            done = x != 0
            while not done.all():
                u1, u2, u3 = rand((3, *x.shape), dtype=loc.dtype).unbind()
                z = (math.pi * u1).cos()
                f = (1 + r * z) / (r + z)
                c = kappa * (r - f)
                accepted = (c * (2 - c) - u2 > 0) | ((c / u2).log() + 1 - c >= 0)
                x = where(accepted, (u3 - 0.5).sign() * f.acos(), x)
                done = done | accepted
            return ((x + math.pi + loc) % (2 * math.pi) - math.pi).to(self.loc.dtype)

    @property
    def mean(self) -> Tensor:
        """The direction in the middle."""
        return self.loc

    @property
    def mode(self) -> Tensor:
        return self.loc

    @lazy_property
    def variance(self) -> Any:
        """The variance on the circle, from 0 to 1."""
        return 1 - (_log_bessel(self.concentration, 1) - _log_bessel(self.concentration, 0)).exp()
