"""AdamW, where PyTorch has it."""

from minitorch.optim.adam import AdamW

__all__ = ["AdamW"]
