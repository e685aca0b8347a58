"""What the paper prints: the rows of Table 2 and the contracts of Table 1."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Operation = Literal["no_control", "no_v2g", "v2g"]

UNIFORM = (0.2, 0.2, 0.2, 0.2, 0.2)
LOW = (0.36, 0.28, 0.2, 0.12, 0.04)
HIGH = (0.04, 0.12, 0.2, 0.28, 0.36)


@dataclass(frozen=True)
class Row:
    """A row of Table 2.

    Attributes:
        name: as the tables show it.
        operation: what is done with the EVs.
        term_h: of the contracts.
        type_prob: of the owners, known to the VPP.
        type_seed: with which the public data give the printed row.
    """

    name: str
    operation: Operation
    term_h: int = 0
    type_prob: tuple[float, ...] = UNIFORM
    type_seed: int = 0


@dataclass(frozen=True)
class Figures:
    """Printed figures of a row, EUR in 2019.

    Attributes:
        profit_eur: revenue, transfer and payoff together.
        transfer_eur: what the two markets paid, day-ahead and imbalance.
        payoff_eur: paid to owners, negative.
        gain_percent: of the profit over No-Control.
    """

    profit_eur: float
    transfer_eur: float
    payoff_eur: float
    gain_percent: float


NO_CONTROL, NO_V2G = Row("No-Control", "no_control"), Row("No-V2G", "no_v2g")

REVENUE_EUR = 28_864.0
"""The same in every row of the table."""


def _v2g(types: str, prob: tuple[float, ...], seeds: tuple[int, int, int]) -> tuple[Row, ...]:
    return tuple(
        Row(f"V2G {term_h} h, {types}", "v2g", term_h, prob, seed)
        for term_h, seed in zip((1, 2, 3), seeds, strict=True)
    )


V2G = _v2g("uniform", UNIFORM, (122, 118, 138))

TABLE_2: dict[Row, Figures] = dict(
    zip(
        (
            NO_CONTROL,
            NO_V2G,
            *V2G,
            *_v2g("low", LOW, (137, 154, 158)),
            *_v2g("high", HIGH, (136, 116, 131)),
        ),
        (
            Figures(21_545, -7_319, 0, 0.0),
            Figures(22_014, -6_850, 0, 2.2),
            Figures(24_004, -4_191, -669, 11.4),
            Figures(24_059, -4_140, -665, 11.6),
            Figures(24_162, -4_109, -592, 12.2),
            Figures(24_044, -4_202, -617, 11.6),
            Figures(24_110, -4_173, -580, 11.9),
            Figures(24_224, -4_140, -500, 12.4),
            Figures(23_952, -4_189, -723, 11.2),
            Figures(23_985, -4_136, -744, 11.3),
            Figures(24_102, -4_084, -678, 11.9),
        ),
        strict=True,
    )
)

TABLE_1: dict[int, tuple[tuple[float, float], ...]] = {
    1: ((0.07, 3.3), (0.12, 7.6), (0.16, 11.0), (0.16, 11.0), (0.16, 11.0)),
    2: ((0.07, 3.3), (0.12, 7.6), (0.18, 13.3), (0.24, 20.4), (0.25, 22.0)),
    3: ((0.07, 3.3), (0.12, 7.6), (0.18, 13.3), (0.24, 20.4), (0.29, 29.0)),
}
"""By term in hours: payoff in EUR and energy in kWh of each contract, as rounded there."""

ACCEPTED = {1: 7_120, 2: 6_115, 3: 4_962}
"""Contracts signed by term, uniform types, of 9,249 arrivals."""
