"""Helpers that the operations share.

`operands` what all of them do to their arguments first; `cast` other dtypes; `inplace` how a
tensor is changed without a wrong gradient; `out` the keyword.
"""
