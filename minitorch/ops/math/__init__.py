"""Operations that compute values.

Of elements: `arithmetic`; `pointwise` functions of one variable, `bivariate` of two, `special`
erf, gamma and kin; `compare` comparisons, logic and bits; `select` where, maximum, clamp.
Along dimensions: `reduce` sums, means and extremes, `scan` running totals, `sort` orders, `stats`
variances and quantiles, `histogram` counts, `norms`. Of matrices: `linalg` and `einsum` products,
`systems` of equations, `decompositions` (Cholesky's), `orthogonal` (QR), `spectral` (singular
values and eigenvalues), `lowrank` (the largest of them), `matrix_functions`. And `random` draws.
"""
