"""``minitorch explain``: a formula's values, its graph, and its backward step by step."""

from __future__ import annotations

import argparse
import ast
from typing import Any

import minitorch
from minitorch import viz
from minitorch.cli import arguments, expression
from minitorch.cli.expression import ExpressionError
from minitorch.viz.names import Names
from minitorch.viz.nodes import build
from minitorch.viz.steps import watched
from minitorch.viz.values import elements

DEFAULTS = (2.0, -3.0, 0.5, 1.5, -1.0, 4.0)


def add_command(commands: argparse._SubParsersAction[arguments.Parser]) -> None:
    """Add ``explain`` to the commands of the parser."""
    command = commands.add_parser(
        "explain",
        help="show a formula's graph, and its backward step by step",
        description="Work out a formula, print what each part of it is, the graph that was "
        "recorded, and every step of its backward. Names without a value become numbers: "
        f"{', '.join(f'{n:g}' for n in DEFAULTS)}, in the order in which they are met.",
        epilog="example: minitorch explain '(x*w + b).sigmoid()' x=2 w=[1,-3] --html page.html",
    )
    add = command.add_argument
    add("formula", help="such as '(x*w + b).sigmoid()'")
    add(
        "values",
        nargs="*",
        default=[],  # without which argparse calls them required
        type=named_value,
        metavar="NAME=VALUE",
        help="a number or a list of numbers, as x=2 or w=[1,-3]",
    )
    plays = "also write a page that plays the steps"
    add("--html", type=arguments.page_path, metavar="FILE", help=plays)
    command.interleaved = True
    command.set_defaults(command=main)


def named_value(text: str) -> tuple[str, Any]:
    """Parse ``NAME=VALUE``."""
    name, sign, rest = text.partition("=")
    if not sign or not name.strip().isidentifier():
        raise argparse.ArgumentTypeError(f"expected NAME=VALUE, as x=2, got {text!r}")
    try:
        return name.strip(), expression.value(rest)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{name.strip()}: {error}") from None


def main(options: argparse.Namespace) -> int:
    """Explain the formula and return the exit code."""
    try:
        names = [name for name, _ in options.values]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"{name!r} is given two values")
        lines, replay = explain(options.formula, dict(options.values))
    except (ExpressionError, ValueError) as error:
        return arguments.failed("explain", error)
    print("\n".join(lines))
    if options.html is not None:
        with arguments.writing("explain", options.html):
            replay.html(options.html)
    return 0


def explain(text: str, given: dict[str, Any]) -> tuple[list[str], viz.Replay]:
    """All that is to be printed, and the backward.

    Raises:
        ValueError: for a formula or a value that cannot be used.
    """
    formula = expression.parse(text)
    wanted = expression.names_in(formula)
    for name in given:
        if name in expression.CONSTANTS:
            value = expression.CONSTANTS[name]
            raise ValueError(f"{name!r} is the constant {value:g}: take another name")
        if name not in wanted:
            raise ValueError(f"{name!r} is given a value, but is not in the formula")
    lines = ["values"]
    leaves: dict[str, Any] = {}
    for name in wanted:
        default = DEFAULTS[sum(n not in given for n in leaves) % len(DEFAULTS)]
        leaves[name] = leaf(name, given.get(name, default))
        said = "" if name in given else "  (by default)"
        lines.append(f"  {name} = {written(leaves[name])}{said}")

    with viz.record():
        evaluator = expression.Evaluator(formula, text, leaves)
        result = evaluator.run()
        if not getattr(result, "requires_grad", False):
            raise ValueError("the formula depends on no name in a way that has a gradient")
        several = result.numel() != 1
        if several:
            result = result.sum()
            inner = ast.unparse(formula)
            inner = inner if isinstance(formula, ast.Call | ast.Name) else f"({inner})"
            evaluator.results.append((f"{inner}.sum()", result))

    names = Names(leaves)
    lines += ["", "forward"]
    width = max([0, *(len(text) for text, _ in evaluator.results)])
    for part, tensor in evaluator.results:
        lines.append(f"  {part:<{width}}  {written(tensor)}")
        if tensor.grad_fn is not None:
            names.results.setdefault((id(tensor.grad_fn), tensor._slot), part)
    if several:
        lines.append("  (a backward starts from one number: the sum)")

    graph, _ = build(result, names)
    replay = watched(result, names=names)
    for node in (*graph.nodes, *replay.graph.nodes):
        node.place = ""  # it is a line of this file
    lines += ["", f"graph: {graph}", "", "backward", str(replay), "", "gradients"]
    for name, tensor in leaves.items():
        lines.append(f"  d/d{name} = {'None' if tensor.grad is None else written(tensor.grad)}")
    return lines, replay


def leaf(name: str, value: Any) -> Any:
    """A tensor that wants a gradient."""
    try:
        return minitorch.tensor(value, dtype=minitorch.float32, requires_grad=True)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name}: {error}") from None


def written(tensor: Any) -> str:
    """All elements of a tensor."""
    return elements(tensor.detach().numpy())
