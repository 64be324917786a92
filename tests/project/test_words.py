"""Words of the house: docstrings begin well, and old private names do not come back."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import minitorch

PACKAGE = Path(minitorch.__file__).parent
SOURCES = sorted(PACKAGE.rglob("*.py"))

# Old private names, by what they are called now.
RENAMED = {
    "Breach": "Violation",
    "ConvInput": "ConvTranspose",
    "ConvWeight": "ConvWeightGrad",
    "HasState": "StateDictMixin",
    "calls_listed": "list_calls",
    "calls_noted": "record_calls",
    "count_functions": "next_sequence_number",
    "hush": "ignore_float_errors",
    "keep_old": "copy_saved_before_overwrite",
    "make_outspoken": "install_missing_getattr",
    "makes_own": "returns_fresh_gradients",
    "numpy_names": "accept_axis_keepdims",
    "on_arrays": "backward_takes_arrays",
    "same_twice": "check_deterministic",
    "tensor_of": "require_tensor",
    "to_leaf": "send_to_leaf",
    "users_line": "caller_location",
    "watchers": "observers",
    "_claim": "_reserve_name",
    "_for_kernels": "_native_layout",
    "_gather_back": "_transform_output_grad",
    "_kind": "_result_class",
    "_loosen": "_keep_native_layout",
    "_outranks": "_decides_result_class",
    "_peek": "_any_layout",
    "_special": "_slow_path",
    "_taken_over": "_copy_state",
    "_one_sided_where_there_is_one_side": "_use_the_finite_side",
}


def docstrings() -> Iterator[tuple[str, str]]:
    """Where each docstring of the package stands, and its text; those of variables, too."""
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
                yield f"{path.relative_to(PACKAGE)}:{node.lineno}", str(node.value.value).lstrip()


def test_docstrings_begin_with_a_verb_or_a_noun() -> None:
    found = list(docstrings())
    assert len(found) > 2000
    begun = re.compile(r"(What|How|Whatever|Which)\b")
    assert [(where, text.split("\n")[0]) for where, text in found if begun.match(text)] == []


def test_old_names_are_gone() -> None:
    old = re.compile(rf"\b({'|'.join(RENAMED)})\b")
    found = {
        (str(path.relative_to(PACKAGE)), name)
        for path in SOURCES
        for name in old.findall(path.read_text())
    }
    assert {(where, name, RENAMED[name]) for where, name in found} == set()
