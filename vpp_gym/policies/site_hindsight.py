"""The hindsight optimum of a site: everything planned at once with the whole future known.

One linear program over a run: every car that finds a charger from its arrival until it really
leaves, battery, sun, limits, fees, taxes and peaks. It knows all prices, loads and departures, may
take any share of a step, and lets no promise bind it: whatever a policy without contracts and bids
books, the program could book too, so that no such policy earns more.

What it does not know makes it larger, never smaller: cars that taper charge at full power until
they have all that they could have, what a car comes back with lies between lines around it
(`vpp_gym.policies.site_stays`), and where a run ends at negative prices what the battery keeps is
valued by a line above its worth.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from vpp_gym.arrays import Floats, Ints
from vpp_gym.errors import InvalidInputError
from vpp_gym.params import VPPParams
from vpp_gym.params.groups import tree_of
from vpp_gym.policies.base import by_charger
from vpp_gym.policies.site_stays import Stays, add_cars, stays_of, steps_of
from vpp_gym.scenarios.scenario import Scenario
from vpp_gym.simulation import Simulation
from vpp_gym.simulation.dataset import Dataset
from vpp_gym.solvers.linear_program import LinearProgram, solve
from vpp_gym.solvers.site_lp import Columns, Rows
from vpp_gym.views import Decisions, Snapshot

TIE_EUR_PER_KWH = 1e-7
"""Cost of discharging the battery, so that it does not charge and discharge at once for nothing.
What it may come to is added to the bound."""


class _Solved(NamedTuple):
    """The optimal run."""

    bound_eur: float
    load_kwh: dict[int, tuple[int, Floats]]  # by session: step of arrival, load of each step
    storage_kwh: Floats  # (T,) load of the battery
    sun_kwh: Floats  # (T,) that is used


class SiteHindsight:
    """Replays the plan behind `site_bound_eur`. Privileged, without contracts and bids.

    What it earns is the bound, less what the simulator does not let it do: to charge a car that
    tapers at full power to the end, to come back with what the lines around it allow, or to charge
    and discharge the battery at once where energy costs less than nothing.

    Args:
        name: row label in results.
    """

    privileged = True
    term_h = 0

    def __init__(self, *, name: str = "site_hindsight") -> None:
        self.name = name
        self.bound_eur = np.nan
        self._solved: _Solved | None = None

    def reveal(self, scenario: Scenario, params: VPPParams, start_step: int, end_step: int) -> None:
        """Plan the whole run.

        Raises:
            InvalidInputError: a part of a scenario, after which cars are still connected.
        """
        if (start_step, end_step) != (0, scenario.n_steps):
            raise InvalidInputError(
                "start_step, end_step", (start_step, end_step), "run the whole scenario"
            )
        self._solved = _solve(scenario, params)
        self.bound_eur = self._solved.bound_eur

    def predict(
        self,
        observation: Snapshot,
        state: Any = None,
        episode_start: Any = None,
        deterministic: bool = True,
    ) -> tuple[Decisions, Any]:
        """The plan's loads of this step, within the limits of the snapshot."""
        if self._solved is None:
            raise InvalidInputError("policy", self.name, "call reveal before the run")
        plan, t = self._solved, observation.step
        load = np.zeros(len(observation.session))
        for k, session in enumerate(observation.session.tolist()):
            first, planned = plan.load_kwh[session]
            load[k] = planned[t - first]
        load = np.clip(load, observation.lo_kwh, observation.hi_kwh)
        decisions = Decisions(net_load_kwh=by_charger(observation, load))
        if (site := observation.site) is not None:
            storage = np.clip(plan.storage_kwh[t], site.storage_lo_kwh, site.storage_hi_kwh)
            sun = np.clip(plan.sun_kwh[t], 0.0, site.pv_kwh[0])
            decisions = replace(decisions, storage_kwh=float(storage), pv_kwh=float(sun))
        return decisions, state


def site_bound_eur(scenario: Scenario, params: VPPParams) -> float:
    """A profit [EUR] of the whole scenario that no policy without contracts and bids exceeds.

    Args:
        scenario: with or without a site.
        params: rules of the world; what they offer to owners is left out.

    Raises:
        SolveFailedError: not solved.
    """
    return _solve(scenario, params).bound_eur


def _solve(scenario: Scenario, params: VPPParams) -> _Solved:
    """The program of a whole scenario, solved."""
    params = params.replace(contract={"families": ()}, guarantee=False)
    sim = Simulation(scenario, params)
    stays = stays_of(sim, scenario)
    columns, rows = Columns(), Rows()
    building = sim.dataset.site["building_kwh"] if sim.has_site else np.zeros(scenario.n_steps)
    balance = rows.add(-building, -building)
    charge = add_cars(stays, params, columns, rows, balance)
    _add_groups(stays, charge, params, scenario.dt_h, rows)
    used = _add_markets(sim.dataset, params, scenario, columns, rows, balance)
    into, out = _add_storage(params, scenario, columns, rows, balance)
    program = LinearProgram(
        name="bound of the site",
        cost=np.concatenate(columns.cost),
        low=np.concatenate(columns.low),
        high=np.concatenate(columns.high),
        rows=rows.matrix(columns.count),
        row_low=np.concatenate(rows.low),
        row_high=np.concatenate(rows.high),
    )
    values = solve(program)
    loads = np.split(values[charge], np.cumsum(stays.steps)[:-1])
    ties_eur = TIE_EUR_PER_KWH * float(values[out].size * params.storage.kw * scenario.dt_h)
    return _Solved(
        bound_eur=stays.retail_eur(params) - float(program.cost @ values) + ties_eur,
        load_kwh={
            session: (first, load)
            for session, first, load in zip(
                stays.session.tolist(), stays.first.tolist(), loads, strict=False
            )
        },
        storage_kwh=values[into] - values[out],
        sun_kwh=values[used],
    )


def _add_groups(stays: Stays, charge: Ints, params: VPPParams, dt_h: float, rows: Rows) -> None:
    """What the cars of each group of chargers may take in each step."""
    of_car, of_step = steps_of(stays)
    tree = tree_of(params.connection.groups)
    owner = np.full(params.site.n_chargers, -1)
    for place, group in enumerate(tree):
        owner[list(group.chargers)] = place
    direct = owner[stays.charger][of_car]
    up = np.array([group.parent for group in tree] + [-1])
    for place, group in enumerate(tree):
        within, inside = direct.copy(), direct == place
        for _ in range(max(one.depth for one in tree)):
            within = up[within]
            inside |= within == place
        steps, at = np.unique(of_step[inside], return_inverse=True)
        most = rows.add(np.full(len(steps), -np.inf), np.full(len(steps), group.import_kw * dt_h))
        rows.put(most[at], charge[inside], 1.0)


def _add_markets(
    dataset: Dataset,
    params: VPPParams,
    scenario: Scenario,
    columns: Columns,
    rows: Rows,
    balance: Ints,
) -> Ints:
    """What is taken, given and used in each step, with its prices; columns of the sun used."""
    n, tariff = scenario.n_steps, params.tariff
    buy, sell = (dataset.steps[f"{way}_eur_per_kwh"].copy() for way in ("short", "long"))
    tax = tariff.energy_tax_eur_per_kwh
    most_in, most_out, sun = np.full(n, np.inf), np.full(n, np.inf), np.zeros(n)
    site = dataset.site
    if len(site):
        buy += site["import_fee_eur_per_kwh"] + (0.0 if tariff.net_metering else tax)
        sell -= site["export_fee_eur_per_kwh"]
        most_in, most_out, sun = site["import_kwh"], site["export_kwh"], site["pv_kwh"]
    # The cars take the standby of full power; at less power it is more, up to that of all.
    standby_kwh = params.site.n_chargers * params.site.standby_kw * scenario.dt_h
    if standby_kwh > 0.0:
        rows.put(balance, columns.add(n, 0.0, 0.0, standby_kwh), 1.0)
        most_in = most_in + standby_kwh  # which keeps that of all free
    used = columns.add(n, 0.0, 0.0, sun)
    taken = columns.add(n, buy, 0.0, most_in)
    given = columns.add(n, -sell, 0.0, most_out)
    for block, sign in ((used, -1.0), (taken, -1.0), (given, 1.0)):
        rows.put(balance, block, sign)
    if len(site) and tariff.peak_eur_per_kw_month > 0:
        of_month = site["month"] - site["month"].min()
        peaks = columns.add(
            int(of_month.max()) + 1, tariff.peak_eur_per_kw_month / scenario.dt_h, 0.0, np.inf
        )
        below = rows.add(np.full(n, -np.inf), np.zeros(n))
        rows.put(below, taken, 1.0)
        rows.put(below, peaks[of_month], -1.0)
    if len(site) and tariff.net_metering and tax > 0:
        of_year = site["year"] - site["year"].min()
        taxed = columns.add(int(of_year.max()) + 1, tax, 0.0, np.inf)
        net = rows.add(np.full(len(taxed), -np.inf), np.zeros(len(taxed)))
        rows.put(net[of_year], taken, 1.0)
        rows.put(net[of_year], given, -1.0)
        rows.put(net, taxed, -1.0)
    return used


def _add_storage(
    params: VPPParams, scenario: Scenario, columns: Columns, rows: Rows, balance: Ints
) -> tuple[Ints, Ints]:
    """The battery's charging and discharging in each step, and what it has more at the end."""
    storage, n = params.storage, scenario.n_steps
    power = storage.kw * scenario.dt_h if storage.kwh > 0 else 0.0
    begins = np.zeros(n)
    begins[0] = initial = storage.kwh * storage.initial_soc
    charge = columns.add(n, 0.0, 0.0, power)
    discharge = columns.add(n, storage.wear_eur_per_kwh + TIE_EUR_PER_KWH, 0.0, power)
    stored = columns.add(n, 0.0, 0.0, storage.kwh)
    rows.put(balance, charge, 1.0)
    rows.put(balance, discharge, -1.0)
    change = rows.add(begins, begins)
    rows.put(change, stored, 1.0)
    rows.put(change[1:], stored[:-1], -1.0)
    rows.put(change, charge, -storage.charge_eff)
    rows.put(change, discharge, 1.0 / storage.discharge_eff)
    price = float(scenario.da_eur_per_kwh[-round(24 / scenario.dt_h) :].mean())
    worth, due = price * storage.discharge_eff, price / storage.charge_eff
    if price < 0:  # a line above both: less is worth more there, and would be without end
        worth = due = (worth * (storage.kwh - initial) + due * initial) / max(storage.kwh, 1e-9)
    more, less = columns.add(1, -worth, 0.0, np.inf), columns.add(1, due, 0.0, np.inf)
    end = rows.add(np.array([initial]), np.array([initial]))
    rows.put(end, stored[-1:], 1.0)
    rows.put(end, more, -1.0)
    rows.put(end, less, 1.0)
    return charge, discharge
