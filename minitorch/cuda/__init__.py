"""CUDA: there is none here, and this module says so.

What asks whether there is a GPU is answered; what would only matter with one does nothing; what
needs one raises, as in a PyTorch that was built without CUDA.
"""

from __future__ import annotations

from typing import Any, NoReturn

from minitorch._dtypes import NoSuchDevice
from minitorch._missing import missing


def is_available() -> bool:
    """False."""
    return False


is_initialized = is_bf16_supported = is_tf32_supported = is_available


def device_count() -> int:
    """0."""
    return 0


def memory_allocated(device: Any = None) -> int:
    """0."""
    return 0


max_memory_allocated = memory_reserved = max_memory_reserved = memory_allocated
memory_cached = max_memory_cached = memory_allocated


def get_rng_state_all() -> list[Any]:
    """None."""
    return []


default_generators: tuple[Any, ...] = ()
has_half, has_magma = True, False
_initialized = False


def get_gencode_flags() -> str:
    """None."""
    return ""


def get_arch_list() -> list[str]:
    """None."""
    return []


def memory_stats(device: Any = None) -> dict[str, Any]:
    """None."""
    return {}


memory_stats_as_nested_dict = memory_stats


def host_memory_stats() -> dict[str, Any]:
    """None."""
    return {}


host_memory_stats_as_nested_dict = host_memory_stats


def empty_cache() -> None:
    """Do nothing: there is no cache."""


reset_peak_memory_stats = reset_accumulated_memory_stats = lambda device=None: None
reset_max_memory_allocated = reset_max_memory_cached = reset_peak_memory_stats


def manual_seed(seed: int) -> None:
    """Do nothing but see that `seed` is a number: there is no GPU to seed."""
    int(seed)


manual_seed_all = manual_seed


def seed() -> None:
    """Do nothing: there is no GPU to seed."""


seed_all = seed


def set_rng_state_all(new_states: Any) -> None:
    """Set the states of no GPUs.

    Raises:
        NoSuchDevice: if there are any.
    """
    for _ in new_states:
        _refuse()


def _refuse(*args: Any, **kwargs: Any) -> NoReturn:
    """Refuse: it needs a GPU.

    Raises:
        NoSuchDevice: always.
    """
    raise NoSuchDevice("Torch not compiled with CUDA enabled: minitorch computes on the CPU only")


current_device = get_device_capability = get_device_name = get_device_properties = _refuse
set_device = synchronize = can_device_access_peer = current_solver_handle = _refuse
get_per_process_memory_fraction = get_stream_from_external = set_sync_debug_mode = _refuse
memory_snapshot = memory_summary = make_graphed_callables = graph_pool_handle = _refuse
is_current_stream_capturing = use_mem_pool = _refuse
current_blas_handle = current_stream = cudart = default_stream = get_rng_state = _refuse
get_sync_debug_mode = init = initial_seed = ipc_collect = mem_get_info = set_rng_state = _refuse
set_per_process_memory_fraction = set_stream = utilization = _refuse


class _Refused:
    """An object of a GPU: it cannot be made.

    Raises:
        RuntimeError: always.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        raise RuntimeError(
            f"torch.cuda.{type(self).__name__} requires CUDA support: minitorch computes on the "
            "CPU only"
        )


class Stream(_Refused):
    """A queue of work on a GPU: it cannot be made."""


class Event(_Refused):
    """A mark in such a queue: it cannot be made."""


class CUDAGraph(_Refused):
    """A recorded piece of such a queue: it cannot be made."""


class ExternalStream(Stream):
    """Another library's queue: it cannot be wrapped."""


class MemPool(_Refused):
    """A pool of a GPU's memory: it cannot be made."""


class graph(_Refused):
    """A context manager that records a piece of such a queue: it cannot be made."""


class device:
    """A context manager that chooses a GPU: none, which is negative or None.

    Raises:
        NoSuchDevice: on entering, for any other.
    """

    def __init__(self, device: Any) -> None:
        self.chosen = device

    def __enter__(self) -> None:
        if self.chosen is not None and not (isinstance(self.chosen, int) and self.chosen < 0):
            _refuse()

    def __exit__(self, *exc_info: object) -> None: ...


class device_of(device):
    """A context manager that chooses the GPU of a tensor: it is on none."""

    def __init__(self, obj: Any) -> None:
        super().__init__(obj.get_device() if obj.is_cuda else -1)


class StreamContext:
    """A context manager that chooses a stream: None, as there is no other."""

    def __init__(self, stream: Any) -> None:
        self.stream = stream

    def __enter__(self) -> None:
        if self.stream is not None:
            _refuse()

    def __exit__(self, *exc_info: object) -> None: ...


def stream(stream: Any) -> StreamContext:
    """Choose a stream: None, as there is no other."""
    return StreamContext(stream)


__getattr__ = missing(
    __name__,
    {
        "OutOfMemoryError": "minitorch._dtypes",
        "amp": "minitorch.cuda.amp",
        "nvtx": "minitorch.cuda.nvtx",
    },
)
