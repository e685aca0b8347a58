"""The suite of the microgrid."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from benchmarks.suites.fcev import COMMON, HIGH, LAST, LOW, FCEVSuite, thousandth
from vpp_gym.evaluation.tables import MISSING, Columns, percent
from vpp_gym.fcev.calendar import HOURS
from vpp_gym.fcev.microgrid.baselines import baselines as microgrid_baselines
from vpp_gym.fcev.microgrid.hindsight import microgrid_bound
from vpp_gym.fcev.microgrid.params import MicrogridParams
from vpp_gym.fcev.microgrid.scenario import MicrogridSource
from vpp_gym.fcev.microgrid.simulation import MicrogridScenario


def _index(value: float | None) -> str:
    return MISSING if value is None or np.isnan(value) else f"{value:.3f}"


class MicrogridSuite(FCEVSuite):
    """The microgrid with volume-based or control-based contracts."""

    name = "microgrid"
    env_ids = ("FCEVMicrogrid-v0",)
    worlds = 4
    description = "a neighbourhood of 200 households and 50 fuel-cell cars, in synthetic test years"
    differs = "households, weather, cars and prices"
    scale_words = (
        f"Score: 0 is `{LOW}`, the strategy of Park Lee et al. 2018, 100 is `{HIGH}`, a bound "
        f"on the profit of any policy: the linear program of the whole year, in which a stay "
        f"commits what it gives, and a car outside its interval comes for the least reward "
        f"that it needs. `foresight` carries out the optimum with contracts as they are "
        f"signed. Profit is minus the cost of the year. Self-sufficiency is the share of the "
        f"load that is not imported; fairness is Jain's index of the drivers' V2G."
    )
    tracks = {  # noqa: RUF012
        "volume": "volume-based contracts, and wind is there to make hydrogen",
        "wind": "volume-based contracts, and wind may serve houses",
    }
    changes: ClassVar = {"volume": {}, "wind": {"wind": {"serves_houses": True}}}
    known = ("article", "direct_use")
    columns: ClassVar[Columns] = {
        **COMMON,
        "Self-sufficiency %": lambda row: percent(row.get("self_sufficiency")),
        "Import MWh": thousandth("import_kwh"),
        "V2G MWh": thousandth("v2g_kwh"),
        "Committed MWh": thousandth("committed_kwh"),
        "Fairness": lambda row: _index(row.get("fairness")),
        **LAST,
    }
    brief = (*COMMON, "Self-sufficiency %", "V2G MWh", "Fairness")

    def baselines(self) -> Mapping[str, Any]:
        """The policies, and the bound on the profit of all."""
        return {**microgrid_baselines(), HIGH: None}

    def params(self, track: str) -> MicrogridParams:
        """Rules of a track."""
        return MicrogridParams().changed(self.changes[track])

    def scenario(self, track: str, world: int, data: Path | None) -> MicrogridScenario:
        """A scenario of a track."""
        return MicrogridSource(self.params(track), self.years()).scenario(world)

    def bound(
        self, scenario: MicrogridScenario, params: MicrogridParams, days: int | None
    ) -> pd.DataFrame:
        """Day rows that no policy exceeds in sum."""
        return microgrid_bound(scenario, params, end_step=None if days is None else HOURS * days)
