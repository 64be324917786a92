"""The arithmetic that NumPy has no single call for: ndarrays in, ndarrays out, no graph."""

from minitorch.kernels.memory import keep_freed_memory

keep_freed_memory()
