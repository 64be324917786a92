"""Adam and AdamW: steps of about the learning rate, whatever the size of the gradients."""

from __future__ import annotations

from typing import Any

from minitorch._dtypes import Array
from minitorch._tensor import Tensor
from minitorch.kernels import steps
from minitorch.kernels.cache_blocks import COMPUTED_IN
from minitorch.optim import _common as common
from minitorch.optim.optimizer import Group, Optimizer, State


class Adam(Optimizer):
    """Step by the gradient's running mean over the root of its running mean square.

    With g the gradient plus ``weight_decay * p``, and t the number of the step::

        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        p -= lr * m / (1 - beta1**t) / (sqrt(v / (1 - beta2**t)) + eps)

    (Kingma and Ba, 2015, https://arxiv.org/abs/1412.6980; amsgrad: Reddi et al., 2018.)

    Args:
        params: parameters, or groups of them.
        lr, betas, eps, weight_decay: as above.
        amsgrad: divide by the root of the largest v so far.
        decoupled_weight_decay: shrink p by ``lr * weight_decay`` instead, as `AdamW` does.
        maximize, foreach, fused, capturable, differentiable: as in `Optimizer`.

    Raises:
        ValueError: for options out of range.

    >>> import minitorch
    >>> w = minitorch.ones(2, requires_grad=True)
    >>> optimizer = Adam([w], lr=0.1)
    >>> (w * minitorch.tensor([1.0, -1000.0])).sum().backward()
    >>> optimizer.step()
    >>> w
    tensor([0.9000, 1.1000], requires_grad=True)
    """

    averages = ("exp_avg", "exp_avg_sq", "max_exp_avg_sq")

    def __init__(
        self,
        params: Any,
        lr: Any = 1e-3,
        betas: tuple[Any, Any] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        amsgrad: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        decoupled_weight_decay: bool = False,
    ) -> None:
        for name, value in {"lr": lr, "betas[0]": betas[0], "betas[1]": betas[1]}.items():
            if isinstance(value, Tensor) and foreach and not capturable:
                raise ValueError(
                    f"{name} as a Tensor is not supported for capturable=False and foreach=True"
                )
        common.check(lr=lr, eps=eps, betas=betas, weight_decay=weight_decay)
        if not any(all(isinstance(beta, kind) for beta in betas) for kind in (float, Tensor)):
            raise ValueError("betas must be either both floats or both Tensors")
        common.check_implementation(differentiable, foreach, fused)
        betas = tuple(betas)
        names = "lr betas eps weight_decay amsgrad maximize foreach capturable differentiable fused"
        super().__init__(params, common.options(f"{names} decoupled_weight_decay", locals()))

    def init_state(self, parameter: Tensor, state: State, group: Group) -> None:
        super().init_state(parameter, state, group)
        if not group["amsgrad"]:
            del state["max_exp_avg_sq"]

    def update(self, p: Any, g: Any, state: State, group: Group, t: Any) -> None:
        (beta1, beta2), lr, decay = group["betas"], group["lr"], group["weight_decay"]
        m, v = state["exp_avg"], state["exp_avg_sq"]
        if decay and group["decoupled_weight_decay"]:
            p.mul_(1 - lr * decay)
        elif decay:
            g = g.add(p, alpha=decay)
        m.lerp_(g, 1 - beta1)
        v.mul_(beta2).addcmul_(g, g, value=1 - beta2)
        if group["amsgrad"]:
            v = state["max_exp_avg_sq"].maximum_(v)
        root = v.sqrt().div_((1 - beta2**t) ** 0.5).add_(group["eps"])
        p.addcdiv_(m, root, value=-lr / (1 - beta1**t))

    def step_parameter(self, p: Array, g: Array, state: State, group: Group, t: Any) -> None:
        m, v, betas = state["exp_avg"]._array, state["exp_avg_sq"]._array, group["betas"]
        lr, decay, decoupled = group["lr"], group["weight_decay"], group["decoupled_weight_decay"]
        amsgrad, eps = group["amsgrad"], group["eps"]
        if (
            p.dtype in COMPUTED_IN
            or amsgrad
            or not steps.adam(p, g, m, v, lr, betas, eps, decay, decoupled, t)
        ):
            super().step_parameter(p, g, state, group, t)


class AdamW(Adam):
    """`Adam` with decoupled weight decay: each step first shrinks p by ``lr * weight_decay``.

    (Loshchilov and Hutter, 2019, https://arxiv.org/abs/1711.05101.)

    Args:
        weight_decay: 0.01 unless given.
        params, lr, betas, eps, amsgrad, maximize, foreach, capturable, differentiable, fused: as
            `Adam`'s.

    Raises:
        ValueError: for options out of range.
    """

    def __init__(
        self,
        params: Any,
        lr: Any = 1e-3,
        betas: tuple[Any, Any] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        names = "lr betas eps weight_decay amsgrad foreach maximize capturable differentiable fused"
        options = common.options(names, locals())
        super().__init__(params, **options, decoupled_weight_decay=True)

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        super().load_state_dict(state_dict)
        for group in self.param_groups:  # whatever an Adam may have saved
            group["decoupled_weight_decay"] = True
