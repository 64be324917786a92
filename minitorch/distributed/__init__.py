"""`torch.distributed`'s names: there is one process.

>>> import minitorch
>>> minitorch.distributed.is_available()
False
"""

from minitorch._not_covered import any_name
from minitorch.distributed import rpc as rpc

__all__ = ["is_available", "is_initialized"]


def is_available() -> bool:
    """False."""
    return False


is_initialized = is_torchelastic_launched = is_available
is_gloo_available = is_mpi_available = is_nccl_available = is_ucc_available = is_available

__getattr__ = any_name(__name__)
