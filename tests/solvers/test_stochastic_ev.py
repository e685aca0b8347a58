"""The stochastic program of one EV: hand-solved cases, the LP on the whole tree, certain prices."""

from __future__ import annotations

from itertools import pairwise, product

import numpy as np
import pytest
from scipy.optimize import linprog

from vpp_gym.solvers.price_chain import PriceChain, certain_chain, chain_of, grouped_means
from vpp_gym.solvers.single_ev import plan_cost, plan_ev
from vpp_gym.solvers.stochastic_ev import Yield, first_moves_kwh

RULES = Yield(0.98, 0.98, 100.0)
PLAIN = Yield(1.0, 1.0, 100.0)


def car(energy, target, steps, **other) -> np.ndarray:
    """(1, 10) row of an EV that charges 10 kWh a step, by default without a contract."""
    given = {
        "energy": energy,
        "target": target,
        "min": 0.0,
        "max": target,
        "charge": 10.0,
        "contract": 0.0,
        "window": 0,
        "steps": steps,
        "lo": 0.0,
        "hi": 10.0,
    } | other
    return np.array([list(given.values())], dtype=float)


def move(buy, chain, row, rules=PLAIN, sell=None, discharge=0.0, curve=None) -> float:
    """First move at these prices [kWh]."""
    buy = np.asarray(buy, dtype=float)
    sell = buy if sell is None else np.asarray(sell, dtype=float)
    limit = np.full((1, 1), discharge)
    curves = np.zeros((1, 2, 0)) if curve is None else np.asarray(curve, dtype=float)[None]
    return float(first_moves_kwh(buy, sell[None], limit, chain, row, rules, curves)[0])


def no_curves(rows) -> np.ndarray:
    return np.zeros((len(rows), 2, 0))


def coin(size: float) -> PriceChain:
    """The next step's price is `size` above or below its path, as is every later one."""
    states = np.array([-size, size])
    return PriceChain(0.0, states, np.full(2, 0.5), np.full((2, 2), 0.5))


def test_waits_for_a_cheap_hour_that_may_come():
    # Known prices would charge at 0.045, before 0.05 and 0.05. With a coin of 0.02 in
    # each of the two later hours the better of them costs 0.03 with probability 3/4:
    # 0.5 * 0.03 + 0.5 * (0.5 * 0.03 + 0.5 * 0.07) = 0.04.
    prices, row = [0.045, 0.05, 0.05], car(0.0, 10.0, 3)
    assert move(prices, certain_chain(), row) == pytest.approx(10.0)
    assert move(prices, coin(0.02), row) == 0.0
    # The break-even price of this hour is 0.04.
    assert move([0.0399, 0.05, 0.05], coin(0.02), row) == pytest.approx(10.0)
    assert move([0.0401, 0.05, 0.05], coin(0.02), row) == 0.0


@pytest.mark.parametrize("times", [2, 3, 4, 5])
def test_states_that_are_alike_count_as_one(times):
    chain = coin(0.02)
    many = PriceChain(
        0.0,
        np.repeat(chain.state_eur, times),
        np.repeat(chain.first, times) / times,
        np.full((2 * times, 2 * times), 0.5 / times),
    )
    row = car(0.0, 10.0, 3)
    assert move([0.0399, 0.05, 0.05], many, row) == pytest.approx(10.0)
    assert move([0.0401, 0.05, 0.05], many, row) == 0.0


def test_part_of_the_need_is_charged_where_the_rest_can_wait():
    # Twelve kWh in two steps of ten: two must be charged now, whatever the price.
    assert move([0.5, 0.01], coin(0.005), car(0.0, 12.0, 2)) == pytest.approx(2.0)


def test_keeps_its_contract_for_the_spike_that_may_come():
    # 10 kWh may be sold once, in one of three hours, and come back at 0.02 in the fourth.
    # Known prices sell now at 0.055. But each of the two other hours may, with probability
    # 0.2, bring 0.09 instead of 0.04: waiting is worth 0.2 * 0.09 + 0.8 * 0.05 = 0.058.
    row = car(20.0, 20.0, 4, contract=10.0, window=3, lo=-10.0)
    chances = np.array([0.8, 0.2])
    spike = PriceChain(0.0, np.array([-0.01, 0.04]), chances, np.tile(chances, (2, 1)))
    prices = [0.055, 0.05, 0.05, 0.02 + 0.01]  # in the last hour the low state is 0.02
    assert move(prices, certain_chain(), row, discharge=10.0) == pytest.approx(-10.0)
    assert move(prices, spike, row, discharge=10.0) == 0.0
    assert move([0.0585, *prices[1:]], spike, row, discharge=10.0) == pytest.approx(-10.0)


def test_negative_prices_do_not_charge_beyond_the_target():
    assert move([-0.1, 0.05], coin(0.01), car(10.0, 10.0, 2)) == 0.0
    assert move([-0.1, 0.05], coin(0.01), car(7.0, 10.0, 2, hi=3.0)) == pytest.approx(3.0)


def test_a_target_out_of_reach_is_approached_at_full_power():
    assert move([0.9, 0.1], coin(0.01), car(0.0, 55.0, 2)) == pytest.approx(10.0)


def test_no_power_means_no_move():
    assert move([0.1, 0.1], coin(0.01), car(0.0, 10.0, 2, charge=0.0, hi=0.0)) == 0.0


def test_the_guarantee_is_in_the_limits_of_the_step():
    assert move([0.9, 0.1], certain_chain(), car(0.0, 10.0, 2, lo=4.0)) == pytest.approx(4.0)


def test_own_limits_of_each_step_and_prices_of_each_ev():
    # Discharging is allowed in the second hour only, where it earns most.
    limits, prices = np.array([[0.0, 10.0, 0.0]]), np.array([0.06, 0.09, 0.02])
    row = car(20.0, 20.0, 3, contract=np.inf, window=3, lo=0.0)
    moves = first_moves_kwh(
        prices, prices[None], limits, certain_chain(), row, PLAIN, no_curves(row)
    )
    assert moves[0] == 0.0
    both = np.repeat(car(20.0, 20.0, 2, contract=np.inf, window=2, lo=-10.0), 2, axis=0)
    own = np.array([[0.08, 0.0], [0.01, 0.0]])
    limit = np.full((2, 1), 10.0)
    buy = np.array([0.09, 0.03])
    moves = first_moves_kwh(buy, own, limit, certain_chain(), both, PLAIN, no_curves(both))
    np.testing.assert_allclose(moves, [-10.0, 0.0])


def tree_cost(buy, sell, chain, row, rules, discharge, first=None) -> float:
    """Least expected cost over the whole scenario tree, by HiGHS; `first` fixes the first move.

    Variables: charge, discharge of each node, then the shortfall of each leaf.
    """
    energy, target, low, high, charge, contract, window, steps, lo, hi = row[0]
    steps, k = int(steps), len(chain.state_eur)
    nodes = [()] + [p for depth in range(1, steps) for p in product(range(k), repeat=depth)]
    index = {node: i for i, node in enumerate(nodes)}
    leaves = [node for node in nodes if len(node) == steps - 1]
    n, cost = len(nodes), []

    def probability(node):
        chance = chain.first[node[0]] if node else 1.0
        for a, b in pairwise(node):
            chance *= chain.move[a, b]
        return chance

    at = [buy[len(x)] + (chain.state_eur[x[-1]] if x else chain.now_eur) for x in nodes]
    off = [sell[len(x)] + (chain.state_eur[x[-1]] if x else chain.now_eur) for x in nodes]
    weight = [probability(x) for x in nodes]
    cost = [w * p for w, p in zip(weight, at, strict=True)]
    cost += [-w * p for w, p in zip(weight, off, strict=True)]
    cost += [rules.shortfall_eur_per_kwh * probability(leaf) for leaf in leaves]
    rows, bounds_up = [], []
    for node in nodes:
        path = [index[node[:d]] for d in range(len(node) + 1)]
        stored, sold = np.zeros(len(cost)), np.zeros(len(cost))
        stored[path] = rules.charge_eff
        stored[[n + i for i in path]] = -1.0 / rules.discharge_eff
        sold[[n + i for i in path]] = 1.0
        rows += [stored, -stored]
        bounds_up += [high - energy, energy - low]
        if np.isfinite(contract):
            rows.append(sold)
            bounds_up.append(contract)
        if node in leaves:
            missing = -stored.copy()
            missing[2 * n + leaves.index(node)] = -1.0
            rows.append(missing)
            bounds_up.append(energy - target)
    may = [discharge if len(x) < window else 0.0 for x in nodes]
    limits = [(0, charge)] * n + [(0, m) for m in may] + [(0, None)] * len(leaves)
    limits[0] = (0, min(charge, max(hi, 0.0)))
    limits[n] = (0, min(may[0], max(-lo, 0.0)))
    if first is not None:
        limits[0], limits[n] = (max(first, 0.0),) * 2, (max(-first, 0.0),) * 2
    answer = linprog(cost, A_ub=np.array(rows), b_ub=bounds_up, bounds=limits)
    assert answer.status == 0, answer.message
    return answer.fun


def random_chain(rng) -> PriceChain:
    """Three states that persist a little."""
    states = np.sort(rng.normal(0.0, 0.03, 3))
    move_on = rng.dirichlet(np.ones(3), 3)
    return PriceChain(rng.normal(0.0, 0.02), states, rng.dirichlet(np.ones(3)), move_on)


@pytest.mark.parametrize("seed", range(12))
def test_charging_agrees_with_the_tree(seed):
    rng = np.random.default_rng(seed)
    steps = int(rng.integers(2, 6))
    buy = rng.normal(0.05, 0.03, steps)
    row = car(rng.uniform(0, 30), 38.0, steps)
    chain = random_chain(rng)
    chosen = move(buy, chain, row, RULES)
    args = (buy, buy, chain, row, RULES, 0.0)
    best = tree_cost(*args)
    assert tree_cost(*args, first=chosen) == pytest.approx(best, abs=1e-6)


@pytest.mark.parametrize("seed", range(12))
def test_contracts_in_whole_levels_agree_with_the_tree(seed):
    rng = np.random.default_rng(100 + seed)
    steps = int(rng.integers(2, 6))
    buy = rng.uniform(0.01, 0.12, steps)
    sell = buy - rng.choice([0.0, 0.01])
    contract = float(rng.choice([10.0, 20.0, np.inf]))
    window = int(rng.integers(1, steps + 1))
    below = float(rng.choice([0.0, 10.0, 20.0]))
    row = car(40.0 - below, 40.0, steps, contract=contract, window=window, lo=-10.0)
    chain = random_chain(rng)
    chain = chain._replace(state_eur=chain.state_eur / 3, now_eur=chain.now_eur / 3)
    if buy.min() + chain.state_eur.min() < 0 or buy[0] + chain.now_eur < 0:
        sell = buy = buy + 0.1  # positive prices: the LP never charges and discharges at once
    chosen = move(buy, chain, row, PLAIN, sell=sell, discharge=10.0)
    args = (buy, sell, chain, row, PLAIN, 10.0)
    best = tree_cost(*args)
    assert tree_cost(*args, first=chosen) == pytest.approx(best, abs=1e-6)


@pytest.mark.parametrize("seed", range(20))
def test_certain_prices_give_the_exact_plan_of_a_charging_ev(seed):
    rng = np.random.default_rng(seed)
    steps = int(rng.integers(1, 30))
    buy = rng.normal(0.05, 0.03, steps)
    energy, target = rng.uniform(0, 60), 60.0
    ev = {"energy_kwh": energy, "target_kwh": target}
    limits = {
        "min_kwh": 0.0,
        "max_kwh": target,
        "charge_kwh": 10.0,
        "discharge_kwh": 0.0,
        "discharge_steps": 0,
        "contract_kwh": 0.0,
    }
    rules = dict(zip(Yield._fields, RULES, strict=True))
    best = plan_cost(plan_ev(buy, buy, **ev, **limits, **rules), buy, buy, **ev, **rules)
    spent, stored = 0.0, energy
    for i in range(steps):
        row = car(stored, target, steps - i, hi=min(10.0, (target - stored) / 0.98))
        x = move(buy[i:], certain_chain(), row, RULES)
        spent, stored = spent + buy[i] * x, stored + 0.98 * x
    assert spent + 100.0 * max(target - stored, 0.0) == pytest.approx(best, abs=1e-6)


def test_chain_keeps_mean_and_mass():
    rng = np.random.default_rng(0)
    past = rng.normal(0.0, 0.03, 500)
    chain = chain_of(0.01, 0.5, past, 0.2 * past, 9, 16)
    np.testing.assert_allclose(chain.move.sum(axis=1), 1.0)
    assert chain.first.sum() == pytest.approx(1.0)
    assert chain.first @ chain.state_eur == pytest.approx(0.005, abs=1e-12)
    np.testing.assert_allclose(chain.move[4] @ chain.state_eur, 0.5 * chain.state_eur[4])
    assert (np.diff(chain.state_eur) > 0).all()
    assert len(chain.state_eur) == 9


def test_chain_of_a_constant_past_is_certain():
    chain = chain_of(0.0, 0.5, np.zeros(30), np.zeros(29), 9, 16)
    assert len(chain.state_eur) == 1
    np.testing.assert_allclose(chain.move, 1.0)


def test_grouped_means_cut_into_equal_parts():
    np.testing.assert_allclose(grouped_means(np.arange(6.0), 3), [0.5, 2.5, 4.5])
    np.testing.assert_allclose(grouped_means(np.arange(2.0), 9), [0.0, 1.0])


TAPER = [[10.0, 20.0], [10.0, 1.0]]
"""Ten kWh a step up to 10 kWh, falling to one at 20: a step from 10 comes to 16.5935."""


def test_under_a_taper_it_begins_in_time():
    """From 10 kWh a step comes to 100 / 9 - (100 / 9) exp(-0.9) more."""
    second = 10 + 100 / 9 * (1 - np.exp(-0.9))
    row = car(0.0, second, 2, max=20.0)
    assert move([0.5, 0.01], coin(0.005), row, curve=TAPER) == pytest.approx(10.0)
    late = car(0.0, second, 3, max=20.0)
    assert move([0.5, 0.01, 0.01], coin(0.005), late, curve=TAPER) == pytest.approx(0.0)
    assert move([0.5, 0.01], coin(0.005), car(0.0, 15.0, 2), curve=TAPER) == pytest.approx(
        charged_first(15.0)
    )


def charged_first(target_kwh):
    """Energy from which one step at falling power comes to a target: 10 (1 + 0.9) e^-x."""
    end = 10 + 100 / 9  # where the line is at zero
    start = end - (end - target_kwh) * np.exp(0.9)
    assert start < 10.0  # full power until 10, then falling
    steps_below = np.log((end - 10) / (end - target_kwh)) / 0.9
    return 10.0 - 10.0 * (1 - steps_below)
