"""Operations that keep the values: views, joining, indexing.

`views` reshape, permute, expand, cat, which `copies` copies; `concatenate` what is made of them;
`strided` diagonals and windows; `index` reading and writing by index, `scatter` along one
dimension.
"""
