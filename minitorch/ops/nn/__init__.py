"""Operations of networks' layers.

`activation`, `softmax`, `normalization`, `dropout`, `embedding`, `distance`;
`attention` and `multihead`, `recurrent` layers; `conv`, `pool`, `adaptive_pool`, `fractional_pool`,
whose arguments `windows` checks; `pad`, `interpolate`, `resample`, `grid`, `shuffle` images.
`second_order` gradients of gradients by way of a composition; `aten` what PyTorch's top level calls
with other arguments than nn.functional.
"""
