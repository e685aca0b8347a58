"""The scheduler of a site with a smaller program, and blocks of steps far ahead."""

from __future__ import annotations

from typing import Any

import numpy as np

from vpp_gym.arrays import Floats, Ints
from vpp_gym.policies.base import charging_of
from vpp_gym.policies.scheduler import leaving_hazards, missing_early_eur_per_kwh
from vpp_gym.policies.site_mpc import SiteScheduler
from vpp_gym.solvers.site_compact import coarse_edges, plan_compact
from vpp_gym.solvers.site_lp import Connection, SitePlan
from vpp_gym.solvers.site_tapers import Tapers
from vpp_gym.views import Snapshot


class FastSiteScheduler(SiteScheduler):
    """As `SiteScheduler`, by `vpp_gym.solvers.site_compact`.

    Args:
        name: row label in results.
        single: so many steps are planned one by one, later ones in blocks that grow up to `most`
            steps. None: all one by one, which is exact.
        most: steps of a block.
        early: how likely drivers are to leave early is known and weighed, see `early_cost`.
        more: of `SiteScheduler`.
    """

    def __init__(
        self,
        *,
        name: str = "site_mpc",
        single: int | None = 8,
        most: int = 12,
        early: bool = False,
        **more: Any,
    ) -> None:
        super().__init__(name=name, **more)
        self.single, self.most, self.early = single, most, early

    def planned(self, snapshot: Snapshot) -> SitePlan:
        """The plan of a step."""
        cars, connection = self.problem(snapshot, with_lines=False)
        edges = None
        if self.single is not None:
            edges = coarse_edges(connection.horizon, single=self.single, most=self.most)

        def lines(rows: Ints) -> Floats:
            return charging_of(snapshot, rows).rise_lines()

        tapers = None
        if snapshot.curves.shape[2] > 0:
            full_kw = snapshot.params.site.charge_eff * snapshot.charge_kw
            energy_kwh, kw = snapshot.curves[:, 0, 0], snapshot.curves[:, 1, 0]
            tapers = Tapers(np.where(kw >= full_kw, energy_kwh, -np.inf), lines)
        beside = early_cost(snapshot, connection) if self.early else None
        return plan_compact(cars, connection, edges, tapers, beside)


def early_cost(snapshot: Snapshot, connection: Connection) -> Floats | None:
    """(n, H) EUR/kWh by which charging later costs more, as drivers may leave before.

    A driver who leaves early misses what could have been charged by then and was not. No plan
    charges more than could have been, so that what a kWh costs if it comes too late adds up over
    the steps before it. A kWh that is not charged is not bought, either.

    Args:
        snapshot: of the step in which the plan begins.
        connection: over the steps of the plan.

    Returns:
        None where drivers are never early.
    """
    rows = np.arange(len(snapshot.session))
    hazard = leaving_hazards(snapshot, rows, connection.horizon)
    if hazard is None or not rows.size:
        return None
    stays = np.cumprod(1.0 - hazard, axis=1)
    gone = np.zeros_like(stays)
    gone[:, 1:] = 1.0 - stays[:, :-1]
    site = snapshot.params.site
    saved = connection.buy_eur_per_kwh * (1.0 + site.charging_standby)
    return gone * (site.charge_eff * missing_early_eur_per_kwh(snapshot) - saved)
