"""Transforms from all real numbers to what meets a constraint, by a table of constraints."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from minitorch.distributions import constraints, transforms
from minitorch.distributions.transforms import Transform
from minitorch.distributions.utils import NUMBERS

__all__ = ["ConstraintRegistry", "biject_to", "transform_to"]

Factory = Callable[[Any], Transform]


class ConstraintRegistry:
    """A table from types of constraints to functions that make a transform to such a one.

    >>> import minitorch
    >>> from minitorch.distributions import constraints
    >>> biject_to(constraints.positive)(minitorch.tensor([-1.0, 0.0]))
    tensor([0.3679, 1.0000])
    """

    def __init__(self) -> None:
        self._registry: dict[type, Factory] = {}

    def register(self, constraint: Any, factory: Any = None) -> Any:
        """Enter a function for a constraint or a type of them; without one, a decorator for it.

        Raises:
            TypeError: for what is no constraint.
        """
        if factory is None:
            return lambda factory: self.register(constraint, factory)
        if isinstance(constraint, constraints.Constraint):
            constraint = type(constraint)
        if not (isinstance(constraint, type) and issubclass(constraint, constraints.Constraint)):
            raise TypeError(
                "Expected constraint to be either a Constraint subclass or instance, but got "
                f"{constraint}"
            )
        self._registry[constraint] = factory
        return factory

    def __call__(self, constraint: Any) -> Any:
        """The transform to a constraint.

        Raises:
            NotImplementedError: for a type that is not in the table.
        """
        try:
            factory = self._registry[type(constraint)]
        except KeyError:
            raise NotImplementedError(
                f"Cannot transform {type(constraint).__name__} constraints"
            ) from None
        return factory(constraint)


biject_to = ConstraintRegistry()
"""Registry of bijections, as for a change of variables."""
transform_to = ConstraintRegistry()
"""Registry of transforms that need not be bijections, as for unconstrained optimization."""


def _to_interval(constraint: Any) -> Transform:
    low, high = constraint.lower_bound, constraint.upper_bound
    if isinstance(low, NUMBERS) and isinstance(high, NUMBERS) and (low, high) == (0, 1):
        return transforms.SigmoidTransform()
    affine = transforms.AffineTransform(low, high - low)
    return transforms.ComposeTransform([transforms.SigmoidTransform(), affine])


def _beyond(bound: Any, direction: int) -> Transform:
    affine = transforms.AffineTransform(bound, direction)
    return transforms.ComposeTransform([transforms.ExpTransform(), affine])


def _both(*kinds: Any) -> Callable[[Factory], Factory]:
    """A decorator: the same transform for some constraints in both tables."""

    def register(factory: Factory) -> Factory:
        for kind in kinds:
            biject_to.register(kind, factory)
            transform_to.register(kind, factory)
        return factory

    return register


_both(constraints.real)(lambda c: transforms.identity_transform)
_both(constraints.greater_than, constraints.greater_than_eq)(lambda c: _beyond(c.lower_bound, 1))
_both(constraints.less_than)(lambda c: _beyond(c.upper_bound, -1))
_both(constraints.interval, constraints.half_open_interval)(_to_interval)
_both(constraints.corr_cholesky)(lambda c: transforms.CorrCholeskyTransform())
biject_to.register(constraints.simplex, lambda c: transforms.StickBreakingTransform())
transform_to.register(constraints.simplex, lambda c: transforms.SoftmaxTransform())
transform_to.register(constraints.lower_cholesky, lambda c: transforms.LowerCholeskyTransform())
for _definite in (constraints.positive_definite, constraints.positive_semidefinite):
    transform_to.register(_definite, lambda c: transforms.PositiveDefiniteTransform())


def _of_parts(table: ConstraintRegistry) -> None:
    """Enter what is made of other constraints: each table looks these up in itself."""

    def independent(c: Any) -> Transform:
        base = table(c.base_constraint)
        return transforms.IndependentTransform(base, c.reinterpreted_batch_ndims)

    def cat(c: Any) -> Transform:
        return transforms.CatTransform([table(part) for part in c.cseq], c.dim, c.lengths)

    def stack(c: Any) -> Transform:
        return transforms.StackTransform([table(part) for part in c.cseq], c.dim)

    table.register(constraints.independent, independent)
    table.register(constraints.cat, cat)
    table.register(constraints.stack, stack)


_of_parts(biject_to)
_of_parts(transform_to)
