"""Hooks of `weight_norm` and `spectral_norm`: one a parameter, and found again."""

from __future__ import annotations

from typing import Any


def refuse_second(module: Any, kind: Any, name: str, who: str) -> None:
    """Refuse to register a second hook of this kind for the parameter `name`."""
    hooks = [hook.call for hook in module._forward_pre_hooks.values()]
    if any(isinstance(hook, kind) and hook.name == name for hook in hooks):
        raise RuntimeError(f"Cannot register two {who} hooks on the same parameter {name}")


def take_off(hooks: dict[int, Any], kind: Any, name: str) -> Any:
    """The hook of this kind for the parameter `name`, taken off; None if there is none."""
    for key, held in hooks.items():
        hook = getattr(held, "call", held)  # in the tables of modules, with how to call it
        if isinstance(hook, kind) and hook.name == name:
            del hooks[key]
            return hook
    return None
