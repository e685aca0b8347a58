"""Rolling stochastic MPC: every EV is dispatched against a Markov chain of prices."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from vpp_gym.arrays import Floats, Ints
from vpp_gym.errors import InvalidInputError
from vpp_gym.kernels import njit
from vpp_gym.params import VPPParams
from vpp_gym.params.contract import ContractChanges
from vpp_gym.policies.base import ALL, charging_of, least_load_kwh
from vpp_gym.policies.departure_law import DepartureAware, Departures, checked_departures
from vpp_gym.policies.forecasters import Forecaster, day_ahead_anchor, periods_ahead
from vpp_gym.policies.history import deviation_now, period_means_of
from vpp_gym.policies.scheduler import (
    HARD_EUR_PER_KWH,
    discharge_limits,
    leaving_early,
    selling_price,
)
from vpp_gym.policies.standby import with_standby
from vpp_gym.policy import Privileged
from vpp_gym.scenarios.scenario import Scenario
from vpp_gym.solvers.price_chain import PriceChain, certain_chain, chain_of
from vpp_gym.solvers.stochastic_ev import Yield, first_moves_kwh, first_moves_leaving_kwh
from vpp_gym.views import HISTORY_DAYS, Snapshot

CERTAIN = certain_chain()
"""Of a policy that has seen too little of prices."""


class PriceHistory(NamedTuple):
    """What is known of prices in a step, and how its plan lies in the day.

    Attributes:
        dt_h: hours per step.
        periods: of a day.
        residual: (p,) past imbalance less day-ahead prices [EUR/kWh].
        period_past: (p,) their place in the clock day.
        spreads: sum of short less long prices in the past [EUR/kWh].
        period: (H,) place in the clock day of this step and the following ones.
        da_now: day-ahead price of this step [EUR/kWh].
        short_now: imbalance price of a short party [EUR/kWh], where it is known already.
        mid_now: middle of it and of that of a long one.
    """

    dt_h: float
    periods: int
    residual: Floats
    period_past: Ints
    spreads: float
    period: Ints
    da_now: float
    short_now: float | None
    mid_now: float | None

    @classmethod
    def of(cls, snapshot: Snapshot, n_steps: int) -> PriceHistory:
        """What a snapshot tells of it, for a plan of so many steps."""
        short, long = snapshot.im_short_past_eur_per_kwh, snapshot.im_long_past_eur_per_kwh
        now = snapshot.im_short_now_eur_per_kwh, snapshot.im_long_now_eur_per_kwh
        return cls(
            snapshot.dt_h,
            len(snapshot.expected_load_kwh),
            0.5 * (short + long) - snapshot.da_past_eur_per_kwh,
            snapshot.period_past,
            float((short - long).sum()),
            periods_ahead(snapshot, n_steps),
            float(snapshot.da_eur_per_kwh[0]),
            now[0],
            None if now[0] is None or now[1] is None else 0.5 * (now[0] + now[1]),
        )


class StochasticMPC(DepartureAware):
    """Plans every EV to its departure by its own stochastic dynamic program.

    The price is the day-ahead price, a daily profile and an autoregressive deviation, as
    `DayAheadAnchored` forecasts it; but decisions in later steps may depend on the
    deviation observed by then. A plan at expected prices charges in the hours that look
    cheapest now; this one also values waiting for hours that may turn out cheaper.

    `volatility` scales the past innovations that the plan expects. By default it is 0.5
    where prices are known a step late, as half of an innovation has decayed when it is
    seen, and 1 where this step's price is known. It was tuned on synthetic training and
    validation years and on the prices of 2018, as were the numbers of states and shocks.

    Args:
        term_h: term of the fixed-term menu on offer, see `vpp_gym.policies.base.with_offer`.
        contract: what is on offer instead, see `vpp_gym.params.contract.offer`.
        name: row label in results; by default with the term.
        volatility: >= 0; 0 expects no innovations; None as above.
        n_states: states of the deviation in the plan.
        n_shocks: groups into which past innovations are cut.
        prior_phi: autocorrelation at one hour before any evidence.
        prior_h: weight of that prior in hours of history.
        period_share: share of the past mean by period that is expected to last.
        forecaster: of the path of the price instead; then the chain is of how that path may
            be revised, by the past innovations of the deviation.
        departures: what the plan expects of drivers, see `RollingScheduler`.
    """

    def __init__(
        self,
        term_h: int | None = 0,
        *,
        contract: ContractChanges | None = None,
        name: str | None = None,
        volatility: float | None = None,
        n_states: int = 13,
        n_shocks: int = 24,
        prior_phi: float = 0.5,
        prior_h: float = 168.0,
        period_share: float = 0.3,
        forecaster: Forecaster | None = None,
        departures: Departures = "declared",
    ) -> None:
        if volatility is not None and volatility < 0:
            raise InvalidInputError("volatility", volatility, "give a share of at least 0")
        for field, count in (("n_states", n_states), ("n_shocks", n_shocks)):
            if count < 1:
                raise InvalidInputError(field, count, "give at least 1")
        self.term_h = term_h if contract is None else None
        self.contract, self.volatility = contract, volatility
        self.name = name or ("stochastic_mpc" if not term_h else f"stochastic_mpc_{term_h}h")
        self.n_states, self.n_shocks = n_states, n_shocks
        self.prior_phi, self.prior_h, self.period_share = prior_phi, prior_h, period_share
        self.forecaster, self.departures = forecaster, checked_departures(departures)
        self.privileged = forecaster is not None and forecaster.privileged

    def reveal(self, scenario: Scenario, params: VPPParams, start_step: int, end_step: int) -> None:
        """Hand the future to a privileged forecaster."""
        if isinstance(self.forecaster, Privileged):
            self.forecaster.reveal(scenario, params, start_step, end_step)

    def net_load_kwh(self, snapshot: Snapshot) -> Floats:
        """(n,) kWh at the meter of each connected EV."""
        n = len(snapshot.session)
        if n == 0:
            return np.zeros(0)
        horizon = int(snapshot.steps_to_departure.max())
        anchor = day_ahead_anchor(snapshot, horizon)
        path, half_spread, chain = self.prices(snapshot, anchor)
        limits = discharge_limits(snapshot, ALL, anchor)
        site, curves = snapshot.params.site, charging_of(snapshot).step_curves
        buy, sell = with_standby(site, path + half_spread, path - half_spread)
        problem = (
            buy,
            selling_price(snapshot, ALL, sell, anchor).reshape(-1, horizon),
            limits["discharge_kwh"].reshape(n, -1),
            chain,
            _fleet(snapshot, limits["min_kwh"]),
            Yield(site.charge_eff, site.discharge_eff, HARD_EUR_PER_KWH),
            np.zeros((n, 2, 0)) if curves is None else curves,
        )
        law = self.law_in(snapshot)
        leaving = None if law is None else leaving_early(snapshot, np.arange(n), horizon, law)
        if leaving is None:
            moves_kwh = first_moves_kwh(*problem)
        else:
            moves_kwh = first_moves_leaving_kwh(*problem, leaving)
        # The plan's levels of energy are coarse: a target must not fall between two of them.
        return np.maximum(moves_kwh, least_load_kwh(snapshot))

    def prices(self, snapshot: Snapshot, anchor: Floats) -> tuple[Floats, Floats, PriceChain]:
        """Path of the price (H,), half the spread (H,) [EUR/kWh], and the chain around it."""
        known = PriceHistory.of(snapshot, len(anchor))
        if self.forecaster is not None:
            return self._revised(snapshot, self.forecaster, known)
        return self.anchored(known, anchor)

    def anchored(self, known: PriceHistory, anchor: Floats) -> tuple[Floats, Floats, PriceChain]:
        """The same around (H,) day-ahead prices, known or expected [EUR/kWh]."""
        steps = len(known.residual)
        path, half_spread, chain = anchor.copy(), np.zeros(len(anchor)), CERTAIN
        if steps:
            half_spread[:] = 0.5 * float(known.spreads / steps)
        if steps >= known.periods:
            profile = self._profile(known)
            path += profile[known.period]
            chain = self._chain(known, profile)
        if known.mid_now is not None:
            path[0] = known.mid_now - chain.now_eur
            half_spread[0] = (known.short_now or 0.0) - known.mid_now
        return path, half_spread, chain

    def _revised(
        self, snapshot: Snapshot, forecaster: Forecaster, known: PriceHistory
    ) -> tuple[Floats, Floats, PriceChain]:
        """The path of a forecaster, and a chain of what it may be revised by."""
        short, long = forecaster.forecast(snapshot, len(known.period))
        chain = CERTAIN
        if len(known.residual) >= known.periods:
            chain = self._chain(known, self._profile(known), revises=True)
        return 0.5 * (short + long), 0.5 * (short - long), chain

    def _profile(self, known: PriceHistory) -> Floats:
        """(periods,) residual to expect by period [EUR/kWh]."""
        means = period_means_of(known.periods, known.period_past, known.residual)
        share = self.period_share * len(known.residual) / (HISTORY_DAYS * known.periods)
        profile: Floats = share * means
        return profile

    def _chain(self, known: PriceHistory, profile: Floats, revises: bool = False) -> PriceChain:
        """Chain of the deviation expected for a step when the step before is settled.

        Where this step's price is known already, it is the deviation itself. Around a path
        that has the deviation in it, the chain begins at 0.
        """
        price = known.mid_now
        volatility = (0.5 if price is None else 1.0) if self.volatility is None else self.volatility
        prior = self.prior_phi**known.dt_h, self.prior_h / known.dt_h
        now, phi, past, shocks = _past(
            known.residual, known.period_past, profile, *prior, volatility, price is None
        )
        if price is not None:
            now = price - float(known.da_now + profile[known.period[0]])
        now = 0.0 if revises else now
        return chain_of(now, phi, past, shocks, self.n_states, self.n_shocks)


@njit(allocates=True)
def _past(
    residual: Floats,
    period_past: Ints,
    profile: Floats,
    prior_phi: float,
    prior_steps: float,
    volatility: float,
    late: bool,
) -> tuple[float, float, Floats, Floats]:
    """What the past says of deviations from a profile.

    Args:
        residual: (p,) past residuals, p >= 1.
        period_past: (p,) their place in the clock day.
        profile: (periods,) residual to expect by period.
        prior_phi: autocorrelation at one step before any evidence.
        prior_steps: weight of that prior, in steps of history.
        volatility: scales the innovations.
        late: prices are known a step late, so that each deviation has decayed by then.

    Returns:
        The deviation that is expected now, how it lasts from step to step, and the (p,) past
        deviations and (p - 1,) innovations.
    """
    rules = prior_phi, prior_steps, 1.0
    last, phi = deviation_now(residual, period_past, profile, np.nan, *rules)
    past, shocks = np.empty(len(residual)), np.empty(len(residual) - 1)
    for i in range(len(residual)):
        past[i] = residual[i] - profile[period_past[i]]
    for i in range(len(shocks)):
        shocks[i] = volatility * (past[i + 1] - phi * past[i])
    if late:
        last *= phi
        past *= phi
        shocks *= phi
    return last, phi, past, shocks


def _fleet(snapshot: Snapshot, min_kwh: Floats) -> Floats:
    """(n, 10) one row per EV in the order of `vpp_gym.solvers.stochastic_ev.Car`."""
    columns = (
        snapshot.energy_kwh,
        snapshot.target_kwh,
        min_kwh,
        snapshot.max_kwh,
        snapshot.charge_kw * snapshot.dt_h,
        snapshot.contract_kwh,
        snapshot.contract_steps,
        snapshot.steps_to_departure,
        snapshot.lo_kwh,
        snapshot.hi_kwh,
    )
    fleet = np.empty((len(min_kwh), len(columns)))
    for column, values in enumerate(columns):
        fleet[:, column] = values
    return fleet
