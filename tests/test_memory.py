"""The allocator keeps what is freed, unless the user has set it otherwise."""

from __future__ import annotations

import os
import platform
import subprocess
import sys

import pytest

PROGRAM = """
import resource
import numpy as np
import minitorch

def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

np.ones(1 << 22)
before = faults()
for _ in range(20):
    np.ones(1 << 22)  # 32 MiB: 8192 pages of 4 KiB
print((faults() - before) // 20)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc is set")
@pytest.mark.parametrize("own", [False, True], ids=["default", "the user's own"])
def test_large_arrays_are_made_of_kept_memory(own: bool) -> None:
    env = {k: v for k, v in os.environ.items() if not k.startswith(("MALLOC_", "GLIBC_"))}
    if own:
        env["MALLOC_MMAP_THRESHOLD_"] = "65536"
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=env, capture_output=True, text=True, check=True
    )
    pages = int(done.stdout)
    assert pages > 10 if own else pages < 10
