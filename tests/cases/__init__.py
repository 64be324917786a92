"""The op table: one row for each way of calling an operation, run through every check there is.

A row's function takes the module first (minitorch, or torch as the oracle) and then the inputs.
`test_op_table.py` checks value, dtype, both gradient orders, layouts and freeing for every row, and
that no `Function` subclass is without one; `test_surface.py` that no name in scope is.
"""

from __future__ import annotations

from cases import (
    activation,
    binary,
    cast,
    conv,
    creation,
    embedding,
    index,
    inplace,
    linalg,
    linalg_decomp,
    loss,
    norm,
    pool,
    recurrent,
    reduction,
    resample,
    scan,
    shape,
    sort,
    stats,
    unary,
)
from cases.case import Case

FAMILIES = (
    activation,
    binary,
    cast,
    conv,
    creation,
    embedding,
    index,
    inplace,
    linalg,
    linalg_decomp,
    loss,
    norm,
    pool,
    recurrent,
    reduction,
    resample,
    scan,
    shape,
    sort,
    stats,
    unary,
)
CASES: list[Case] = [row for family in FAMILIES for row in family.CASES]
