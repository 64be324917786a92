"""Hooks of `weight_norm` and `spectral_norm` found again."""

from __future__ import annotations

from typing import Any


def take_off(hooks: dict[int, Any], kind: Any, name: str) -> Any:
    """The hook of this kind for the parameter `name`, taken off; None if there is none."""
    for key, held in hooks.items():
        hook = getattr(held, "call", held)  # in the tables of modules, with how to call it
        if isinstance(hook, kind) and hook.name == name:
            del hooks[key]
            return hook
    return None
