"""Formulas typed by a user: ``(x*w + b).sigmoid()``, worked out with tensors, and nothing else.

Python's own parser reads the formula; then each part of it is either in the short list of what
may be used, or refused. Nothing is ever handed to ``eval``: there are no builtins, no attributes
but the named methods, no strings.
"""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Mapping
from typing import Any

import minitorch
from minitorch import nn
from minitorch.autograd.base import TensorBase

LONGEST = 2_000  # characters
OPERATORS: dict[type[ast.operator | ast.unaryop], Callable[..., Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
    ast.MatMult: operator.matmul,
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
}
COMPARISONS: dict[type[ast.cmpop], Callable[..., Any]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}
BOTH = (
    "abs acos amax amin asin atan atan2 clamp cos cosh cumsum div dot erf exp expm1 flatten log "
    "log1p log2 logsumexp matmul max maximum mean min minimum mm mul mv neg norm outer pow prod "
    "reciprocal relu reshape rsqrt sigmoid sin sinh softmax sqrt square squeeze std sub sum t "
    "tan tanh transpose unsqueeze var where "
)
LAYERS = (
    "avg_pool2d conv1d conv2d cross_entropy elu gelu leaky_relu linear log_softmax max_pool2d "
    "mse_loss nll_loss silu softplus "
)
METHODS = {*BOTH.split(), "view"}
FUNCTIONS: dict[str, Callable[..., Any]] = {
    **{name: getattr(minitorch, name) for name in (*BOTH.split(), "cat", "stack")},
    **{name: getattr(nn.functional, name) for name in LAYERS.split()},
}
CONSTANTS = {"pi": math.pi, "e": math.e}


class ExpressionError(ValueError):
    """A formula that cannot be used, with the place in it."""

    def __init__(self, message: str, text: str, column: int) -> None:
        super().__init__(f"{message}\n  {text}\n  {' ' * column}^")


def parse(text: str) -> ast.expr:
    """Read a formula of one line.

    Raises:
        ExpressionError: for what is no formula.
    """
    text = text.strip()
    if len(text) > LONGEST:
        raise ExpressionError(f"a formula of at most {LONGEST} characters", text[:60] + "...", 0)
    try:
        return ast.parse(text, mode="eval").body
    except SyntaxError as error:
        column = min(max((error.offset or 1) - 1, 0), len(text))
        raise ExpressionError(f"this is no formula: {error.msg}", text, column) from None
    except (MemoryError, RecursionError, ValueError):
        raise ExpressionError("this is no formula: it is nested too deeply", text[:60], 0) from None


def names_in(formula: ast.expr) -> list[str]:
    """The names that need a value, in the order in which they are met."""
    called = {id(node.func) for node in ast.walk(formula) if isinstance(node, ast.Call)}
    found = [
        node
        for node in ast.walk(formula)
        if isinstance(node, ast.Name) and id(node) not in called and node.id not in CONSTANTS
    ]
    found.sort(key=lambda node: node.col_offset)
    return list(dict.fromkeys(node.id for node in found))


def value(text: str) -> Any:
    """A number, or nested lists of numbers, as ``[1, 2.5]``.

    Raises:
        ValueError: for anything else.
    """
    try:
        read = ast.literal_eval(text.strip())
        _check_numbers(read)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        raise ValueError(
            f"expected a number or a list of numbers, as 2 or [1, 2.5], got {text!r}"
        ) from None
    return read


def _check_numbers(read: Any) -> None:
    if isinstance(read, list | tuple) and read:
        for item in read:
            _check_numbers(item)
    elif type(read) not in (int, float):
        raise ValueError


class Evaluator:
    """Works out a formula.

    Args:
        formula: from `parse`.
        text: as it was typed, to show where an error is.
        values: the tensors that the names stand for.

    After `run`, `results` has every part whose value is a tensor, with its text, in order.
    """

    def __init__(self, formula: ast.expr, text: str, values: Mapping[str, Any]) -> None:
        self.formula, self.text, self.values = formula, text.strip(), values
        self.results: list[tuple[str, Any]] = []

    def run(self) -> Any:
        """The value of the formula.

        Raises:
            ExpressionError: for what may not be used, and for what fails.
        """
        return self._at(self.formula)

    def _refuse(self, message: str, node: ast.AST) -> ExpressionError:
        # `col_offset` counts bytes of UTF-8.
        start = self.text.encode()[: getattr(node, "col_offset", 0)]
        return ExpressionError(message, self.text, len(start.decode(errors="ignore")))

    def _at(self, node: ast.AST) -> Any:
        found = self._value(node)
        if isinstance(found, TensorBase) and not isinstance(node, ast.Name):
            self.results.append((ast.unparse(node), found))
        return found

    def _value(self, node: ast.AST) -> Any:
        match node:
            case ast.Constant(value=bool() | int() | float() as number):
                return number
            case ast.Name(id=name):
                if name in self.values:
                    return self.values[name]
                if name in CONSTANTS:
                    return CONSTANTS[name]
                raise self._refuse(f"{name!r} has no value", node)
            case ast.UnaryOp(op=sign, operand=operand) if type(sign) in OPERATORS:
                return self._call(node, OPERATORS[type(sign)], self._at(operand))
            case ast.BinOp(op=ast.BitXor()):
                raise self._refuse("a power is written with **, as in x**2, not with ^", node)
            case ast.BinOp(op=sign, left=left, right=right) if type(sign) in OPERATORS:
                first, second = self._at(left), self._at(right)
                if not isinstance(first, TensorBase) and not isinstance(second, TensorBase):
                    if not all(isinstance(side, int | float) for side in (first, second)):
                        raise self._refuse("lists cannot be computed with", node)
                    first, second = float(first), float(second)  # or 9**9**9 would never end
                return self._call(node, OPERATORS[type(sign)], first, second)
            case ast.Compare(left=left, ops=[sign], comparators=[right]) if (
                type(sign) in COMPARISONS
            ):
                return self._call(node, COMPARISONS[type(sign)], self._at(left), self._at(right))
            case ast.List(elts=items) | ast.Tuple(elts=items):
                return [self._at(item) for item in items]
            case ast.Subscript(value=whole, slice=index):
                tensor = self._at(whole)
                if not isinstance(tensor, TensorBase):
                    raise self._refuse("only a tensor can be indexed", node)
                return self._call(node, operator.getitem, tensor, self._index(index))
            case ast.Call(func=ast.Name(id=name)) if name in FUNCTIONS:
                return self._call(node, FUNCTIONS[name], *self._arguments(node))
            case ast.Call(func=ast.Name(id=name)):
                there = ", ".join(sorted(FUNCTIONS))
                raise self._refuse(f"there is no function {name!r} here; there are {there}", node)
            case ast.Call(func=ast.Attribute(value=whole, attr=name)) if name in METHODS:
                tensor = self._at(whole)
                if not isinstance(tensor, TensorBase):
                    raise self._refuse(f"only a tensor has {name}()", node)
                return self._call(node, getattr(tensor, name), *self._arguments(node))
            case ast.Attribute(attr=name) if name in METHODS:
                raise self._refuse(f"a method is called: {ast.unparse(node)}()", node)
            case ast.Call(func=ast.Attribute(attr=name)) | ast.Attribute(attr=name):
                there = ", ".join(sorted(METHODS))
                raise self._refuse(f"there is no method {name!r} here; there are {there}", node)
        raise self._refuse("a formula has names, numbers, + - * / ** @ and functions alone", node)

    def _index(self, node: ast.AST) -> Any:
        match node:
            case ast.Tuple(elts=items):
                return tuple([self._index(item) for item in items])
            case ast.Slice(lower=lower, upper=upper, step=step):
                return slice(*(None if n is None else self._at(n) for n in (lower, upper, step)))
        return self._at(node)

    def _arguments(self, node: ast.Call) -> tuple[list[Any], dict[str, Any]]:
        for keyword in node.keywords:
            if keyword.arg is None:
                raise self._refuse("** cannot be used here", keyword.value)
        return (
            [self._at(argument) for argument in node.args],
            {str(keyword.arg): self._at(keyword.value) for keyword in node.keywords},
        )

    def _call(self, node: ast.AST, function: Callable[..., Any], *operands: Any) -> Any:
        """Call `function`; what it raises is told with the place in the formula."""
        keywords: dict[str, Any] = {}
        if isinstance(node, ast.Call):
            operands, keywords = operands
        try:
            found = function(*operands, **keywords)
        except (ArithmeticError, LookupError, RuntimeError, TypeError, ValueError) as error:
            raise self._refuse(str(error.args[-1]).splitlines()[0], node) from None
        if isinstance(found, complex):
            raise self._refuse("this is no real number", node)
        return found
