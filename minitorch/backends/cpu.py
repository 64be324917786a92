"""The CPU, which is all there is."""


def get_cpu_capability() -> str:
    """Return "AVX2", as PyTorch does on most machines.

    Libraries choose by it between ways that round differently (of resizing bytes, in torchvision).
    """
    return "AVX2"
