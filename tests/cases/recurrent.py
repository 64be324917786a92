"""The op table: one step of recurrent layers, and a layer of several."""

from __future__ import annotations

from typing import Any

from cases.case import Case, case, normal


def _rows(name: str, gates: int) -> list[Case]:
    def states(*given: Any) -> Any:
        return given if name == "lstm_cell" else given[0]

    def plain(m: Any, x: Any, h: Any, c: Any, w: Any, v: Any) -> Any:
        return getattr(m, name)(x, states(h, c), w, v)

    def biased(m: Any, x: Any, h: Any, c: Any, w: Any, v: Any, b: Any, d: Any) -> Any:
        return getattr(m, name)(x, states(h, c), w, v, b, b_hh=d)

    def input_biased(m: Any, x: Any, h: Any, c: Any, w: Any, v: Any, b: Any) -> Any:
        return getattr(m, name)(x, states(h, c), w, v, b)

    def hidden_biased(m: Any, x: Any, h: Any, c: Any, w: Any, v: Any, b: Any) -> Any:
        return getattr(m, name)(x, states(h, c), w, v, b_hh=b)

    H = 2
    inputs = normal(3, 4), normal(3, H), normal(3, H), normal(gates * H, 4), normal(gates * H, H)
    return [
        case(f"{name}, without bias", plain, *inputs),
        case(name, biased, *inputs, normal(gates * H), normal(gates * H)),
        case(f"{name}, b_ih alone", input_biased, *inputs, normal(gates * H)),
        case(f"{name}, b_hh alone", hidden_biased, *inputs, normal(gates * H)),
    ]


CASES = [
    *_rows("rnn_tanh_cell", 1),
    *_rows("rnn_relu_cell", 1),
    *_rows("lstm_cell", 4),
    *_rows("gru_cell", 3),
]
