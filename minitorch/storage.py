"""The memory of tensors, where PyTorch programs look for its classes."""

from minitorch._missing import missing
from minitorch._storage import TypedStorage, UntypedStorage

__all__ = ["TypedStorage", "UntypedStorage"]

__getattr__ = missing(__name__)
