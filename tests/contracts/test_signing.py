"""Thousands of arrivals: what is signed against the same rules in plain Python."""

from __future__ import annotations

from collections import Counter
from math import inf

import numpy as np
import pytest

from tests.contracts.signing import signed
from tests.simulation.oracle_contracts import Visit, wear_seen
from tests.simulation.oracle_contracts import signed as expected_deal
from tests.worlds import random_contracts, random_owners
from vpp_gym.contracts.families import designed_offers
from vpp_gym.contracts.offer import Arrival
from vpp_gym.params import VPPParams, as_params

WORLDS, ARRIVALS = 80, 40


def world_of(rng: np.random.Generator) -> VPPParams:
    return as_params({"contract": random_contracts(rng), "owner": random_owners(rng)})


def visit_of(rng: np.random.Generator) -> Visit:
    """Round numbers, so that limits are met exactly and offers are worth the same."""
    return Visit(
        own_type=int(rng.integers(5)),
        stay_h=float(rng.choice([0.25, 1, 2, 3, 4, 6, 9, 24])),
        stored_kwh=float(rng.choice([0, 3, 8, 16, 19, 28, 40, 43, 80])),
        capacity_kwh=float(rng.choice([80, 40])),
        discharge_kw=float(rng.choice([11, 5, 0])),
        xi_max_kwh=float(rng.choice([-5, 0, 3, 12, 13, 60])),
    )


def menu_of(world: VPPParams) -> list[tuple[float, float]]:
    if "fixed_term" not in world.contract.families:
        return []
    first = world.contract.families.index("fixed_term")  # every family before it has one offer
    rows = designed_offers(world)[first : first + len(world.owner.types)]
    return list(zip(rows["energy_kwh"].tolist(), rows["payoff_eur"].tolist(), strict=True))


def arrival_of(visit: Visit, world: VPPParams) -> Arrival:
    return Arrival(
        own_type=visit.own_type,
        perceived_eur_per_kwh=wear_seen(world, visit.own_type),
        stay_h=visit.stay_h,
        stored_kwh=visit.stored_kwh,
        capacity_kwh=visit.capacity_kwh,
        discharge_kw=visit.discharge_kw,
        dischargeable_kwh=visit.xi_max_kwh,
    )


def test_every_answer_is_the_one_of_the_rules():
    rng, taken = np.random.default_rng(5), Counter()
    for _ in range(WORLDS):
        world = world_of(rng)
        hybrid, menu = designed_offers(world), menu_of(world)
        for _ in range(ARRIVALS):
            visit = visit_of(rng)
            deal = expected_deal(world, menu, visit)
            answer = signed(hybrid, arrival_of(visit, world))
            assert (answer is None) == (deal is None), (world.contract, visit, answer, deal)
            if answer is None or deal is None:
                continue
            place, contract = answer
            assert place == deal.offer, (world.contract, visit)
            assert contract == pytest.approx(
                (
                    deal.opens_h,
                    deal.closes_h,
                    deal.asks_eur_per_kwh,
                    deal.left_kwh,
                    deal.keep_kwh,
                    deal.tariff_eur_per_kwh,
                    deal.margin,
                    deal.fee_eur,
                ),
                abs=1e-12,
            )
            kind = "price" if deal.asks_eur_per_kwh > -inf else "kwh" if deal.left_kwh < inf else ""
            taken[kind] += 1
    assert min(taken["price"], taken["kwh"], taken[""]) > 100, taken


def test_whoever_signs_is_sure_not_to_lose():
    """However many of the kWh are used, at the least that a kWh may be paid."""
    rng, lost = np.random.default_rng(6), []
    for _ in range(WORLDS):
        world = world_of(rng)
        hybrid = designed_offers(world)
        for _ in range(ARRIVALS):
            visit = visit_of(rng)
            answer = signed(hybrid, arrival_of(visit, world))
            if answer is not None:
                contract = answer[1]
                most_kwh = min(
                    contract.energy_kwh,
                    visit.discharge_kw * (contract.end_h - contract.start_h),
                )
                gain = contract.tariff_eur_per_kwh - wear_seen(world, visit.own_type)
                lost.append(contract.payoff_eur + min(gain * most_kwh, 0.0))
    assert len(lost) > 400
    assert min(lost) >= -1e-9
