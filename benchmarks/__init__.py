"""The same training code on minitorch and on PyTorch, timed in turn: ``python -m benchmarks``."""
