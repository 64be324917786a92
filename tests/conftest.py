"""What the tests share: PyTorch as the oracle, where it is installed."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.fixture(scope="session")
def torch() -> Any:
    return pytest.importorskip("torch", reason="the parity tests need: pip install torch==2.13.0")
