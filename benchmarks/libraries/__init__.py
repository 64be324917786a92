"""Libraries that others wrote for PyTorch, on minitorch.

    python -m benchmarks.libraries
    python -m benchmarks.libraries --only einops --markdown docs/libraries.md

Each is installed by pip, without its dependencies on PyTorch, into a folder of its own. Then a
program of its typical use (in `uses`) and the tests that its wheel brings are run on PyTorch and on
minitorch, and what they print is compared.
"""
