"""The bound of the microgrid: above every policy, whatever it does with contracts."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fcev.microgrids import hand_made_grid, random_grid
from tests.memory import rewriting
from vpp_gym.evaluation import evaluate
from vpp_gym.fcev.microgrid.baselines import baselines as microgrid_baselines
from vpp_gym.fcev.microgrid.hindsight import (
    bound_instance,
    hourly_microgrid_bound_eur,
    microgrid_bound,
    run_of,
    signed_instance,
)
from vpp_gym.fcev.microgrid.ledger import MONEY
from vpp_gym.fcev.microgrid.program import plan_microgrid
from vpp_gym.fcev.microgrid.snapshot import MicrogridDecision, MicrogridSnapshot

FAMILIES = ("volume_based", "control_based")


def any_grid(seed: int, serves_houses: bool, family: str):
    wind = {"power_kw": 60.0, "serves_houses": serves_houses}
    return random_grid(seed, wind=wind, contract={"family": family})


def bold_decision(rng: np.random.Generator, snapshot: MicrogridSnapshot) -> MicrogridDecision:
    """All or nothing or between, with contracts from one end of what is allowed to the other."""
    energy = np.clip(rng.uniform(-0.5, 1.5, 2), 0.0, 1.0)
    return MicrogridDecision(
        v2g_kwh=energy[0] * min(snapshot.available_kwh, 1.2 * snapshot.deficit_kwh),
        electrolyser_kwh=energy[1] * min(snapshot.room_kwh, snapshot.made_kwh),
        volume_factor=rng.choice([0.1, 0.25, 1.0, 1.5, 10.0]),
        reward_eur_per_h=rng.choice([0.0, 0.01, 0.1, 0.5, 5.0]),
    )


@given(
    seed=st.integers(0, 10_000),
    serves_houses=st.booleans(),
    family=st.sampled_from(FAMILIES),
    begin=st.integers(0, 40),
)
@settings(max_examples=40, deadline=None)
def test_no_decisions_and_contracts_earn_more_than_the_bound(
    seed: int, serves_houses: bool, family: str, begin: int
):
    grid, rng = any_grid(seed, serves_houses, family), np.random.default_rng(seed)
    grid.reset(hour=begin)
    end = 24 * grid.n_days - 1 - seed % 7
    most_eur = hourly_microgrid_bound_eur(run_of(grid, begin, end)).sum()
    earned = 0.0
    for _ in range(begin, end):
        record = grid.advance([bold_decision(rng, grid.snapshot())])[0]
        earned += record[: len(MONEY)].sum()
    assert earned <= most_eur + 1e-6


@pytest.mark.parametrize("name", list(microgrid_baselines()))
@pytest.mark.parametrize("serves_houses", [False, True])
def test_no_baseline_exceeds_the_bound(name: str, serves_houses: bool):
    grid = any_grid(3, serves_houses, "volume_based")
    scenario, policy = grid.scenarios[0], microgrid_baselines()[name]
    rows = evaluate(policy, scenario, grid.params, start_step=24).days
    bound = microgrid_bound(scenario, grid.params, start_step=24)
    assert bound["day"].tolist() == rows["day"].tolist()
    assert rows["profit_eur"].sum() <= bound["profit_eur"].sum() + 1e-6


def test_one_car_that_must_be_paid_to_come():
    """A kWh in the second hour saves 0.17 and costs the tariff, 0.0735, and a tenth of the
    reward, 0.2 * ln 2: the draw is 0.5 and the scale 0.2. The stay is under way: no commitment."""
    grid = hand_made_grid([0.0, 10.0], [30.0])
    with rewriting(grid):
        grid.dataset.open[:] = False
    grid.reset()
    bound_eur = hourly_microgrid_bound_eur(run_of(grid, 0, 3))
    expected = -10 * (0.0735 + 0.2 * np.log(2) / 10)
    np.testing.assert_allclose(bound_eur, [0.0, expected, 0.0], atol=1e-6)


def test_a_stay_commits_what_it_gives():
    """The car comes in the first hour and gives 10 of its 30 kWh."""
    grid = hand_made_grid([0.0, 10.0], [30.0])
    with rewriting(grid):
        for mask in (grid.dataset.parked, grid.dataset.open):
            mask[0, :, 0] = False
    grid.reset()
    bound_eur = hourly_microgrid_bound_eur(run_of(grid, 0, 2))
    np.testing.assert_allclose(bound_eur, [0.0, -10 * (0.0735 + 0.005)], atol=1e-6)


@pytest.mark.parametrize("seed", range(6))
def test_free_contracts_are_worth_something_and_sharing_energy_next_to_nothing(seed: int):
    grid = any_grid(seed, bool(seed % 2), "volume_based")
    grid.reset()
    run = run_of(grid, 0, 24 * grid.n_days - 1)
    signed, together, apart = (
        plan_microgrid(instance, grid.rules).profit_eur.sum()
        for instance in (
            signed_instance(run),
            bound_instance(run),
            bound_instance(run, together=False),
        )
    )
    committed_eur = _least_commitment_eur(grid, run)
    assert together >= apart - 1e-6
    assert together == pytest.approx(apart, rel=1e-3)
    assert apart >= signed - committed_eur - 1e-6


def _least_commitment_eur(grid, run) -> float:
    """Of all stays that begin in the run, as signed."""
    stays = signed_instance(run).budget_kwh
    return grid.rules.commitment_eur_per_kwh * stays.sum()
