"""The arithmetic that NumPy has no single call for: ndarrays in, ndarrays out, no graph.

`conv` and `pool` over the windows of `_windows`; `shifts` of images and `blas`, which adds up
products of them; `winograd`, with fewer products; `norm`; `softmax`; `attention`; `recurrent`
layers; `resample` along axes; `rows` added by index; `sums` over dimensions; `mask` choosing
without branches; `special` and `activation` functions; `triangular` systems, `factor`
decompositions with pivots, `matrix_exp`; `random` PyTorch's streams, and `pathwise` the gradients
of their gamma draws; `blocks` of large arrays, `cache_blocks` of those that an optimizer changes,
in `steps`; `layout` of their memory; `bfloat16`, which NumPy lacks; `products` of long matrices.
`choice` puts the kernels that Numba has made of loops, in `compiled`, before those in NumPy.
`threads` shares work out; `memory` and `quiet` set up the allocator and NumPy's warnings.
"""

from minitorch.kernels.memory import keep_freed_memory, let_idle_threads_sleep

keep_freed_memory()
let_idle_threads_sleep()
