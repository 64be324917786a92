"""Steps of the commonest optimizers over one parameter, where they are compiled into one pass.

In NumPy alone there are none: an optimizer then runs its rule over `cache_blocks`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minitorch.kernels.choice import or_compiled

Array = np.ndarray[Any, np.dtype[Any]]


@or_compiled
def sgd(
    p: Array,
    g: Array,
    v: Array,
    lr: float,
    momentum: float,
    dampening: float,
    decay: float,
    nesterov: bool,
    is_first: bool,
) -> bool:
    """Step p and its velocity v as `optim.SGD.update` does; False if nothing has been done."""
    return False


@or_compiled
def adam(
    p: Array,
    g: Array,
    m: Array,
    v: Array,
    lr: float,
    betas: tuple[float, float],
    eps: float,
    decay: float,
    decoupled: bool,
    t: float,
) -> bool:
    """Step p, m and v as `optim.Adam.update` does; False if nothing has been done."""
    return False
