"""Pairs that a test returns to have them checked, as of the line that returns them."""

from __future__ import annotations

import ast
import dis
import inspect
from collections.abc import Callable, Iterable
from typing import Any


def check_returned(test: Callable[..., Any], returned: Any, check: Callable[..., Any]) -> None:
    """Call ``check(function, inputs)`` for all that `test` returned.

    Where that fails, a traceback shows the last ``return`` of the test, as if the call stood there.

    Raises:
        TypeError: if it returned neither (function, inputs) nor several of them.
    """
    __tracebackhide__ = True

    def check_all() -> None:
        __tracebackhide__ = True
        for pair in pairs_in(returned):
            check(*pair)

    code = getattr(inspect.unwrap(test), "__code__", None)
    if code is None:
        return check_all()
    steps: list[Any] = [i for i in dis.get_instructions(code) if i.opname.startswith("RETURN_")]
    at = max((step.positions for step in steps), key=lambda at: at.lineno)
    first, program = code.co_firstlineno, ast.parse("check()")
    for node in ast.walk(program):
        if isinstance(node, (ast.stmt, ast.expr)):
            node.lineno, node.end_lineno = at.lineno - first + 1, at.end_lineno - first + 1
            node.col_offset, node.end_col_offset = at.col_offset or 0, at.end_col_offset
    there = compile(program, code.co_filename, "exec")
    exec(there.replace(co_name=code.co_name, co_firstlineno=first), {"check": check_all})


def pairs_in(returned: Any) -> list[Any]:
    """Each (function, inputs) of one or of several."""
    __tracebackhide__ = True
    if is_pair(returned):
        return [returned]
    pairs = list(returned) if isinstance(returned, Iterable) else [returned]
    if wrong := [pair for pair in pairs if not is_pair(pair)]:
        raise TypeError(
            "a test that is marked gradients returns (function, inputs) or a list of such pairs, "
            f"got {wrong[0]!r:.80}"
        )
    return pairs


def is_pair(value: Any) -> bool:
    """Whether it is (function, inputs); a function may itself be a pair, with its gradient."""
    if not (isinstance(value, tuple) and len(value) == 2):
        return False
    fn = value[0]
    return callable(fn) or (isinstance(fn, tuple) and len(fn) == 2 and all(map(callable, fn)))
