"""The books of a run, and the same loads settled with other bids."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from vpp_gym.arrays import Floats
from vpp_gym.evaluation.rollout import RunResult
from vpp_gym.markets.ledger import COLUMN
from vpp_gym.reproduction.rahman2023.case import HOURS


class RunRecords(NamedTuple):
    """What a run booked.

    Attributes:
        records: (steps, len(TERMS)) every term of every step.
        accepted: contracts signed, by place on the menu; empty without a menu.
        result: of `evaluate`; None where many runs were stepped together.
    """

    records: Floats
    accepted: tuple[int, ...]
    result: RunResult | None = None

    @classmethod
    def of(cls, result: RunResult) -> RunRecords:
        """RunRecords of a run that kept its records."""
        assert result.records is not None, "the records were kept"
        columns = [name for name in result.days if str(name).startswith("contracts_type_")]
        accepted = tuple(int(result.days[name].sum()) for name in columns)
        return cls(result.records, accepted, result)

    def with_bids(self, schedules_kwh: Floats, da: Floats, im: Floats) -> RunRecords:
        """The same loads with other bids, under one imbalance price.

        No operation of the case study looks at its bids, so they change nothing else: no
        load, and so no payment of drivers or to owners.

        Args:
            schedules_kwh: (365, 24) sold; nothing on the eve.
            da: (steps,) day-ahead price [EUR/kWh].
            im: (steps,) imbalance price [EUR/kWh].
        """
        records = self.records.copy()
        sold_kwh = np.concatenate([np.zeros(HOURS), schedules_kwh.ravel()])
        load_kwh = records[:, COLUMN.charge_kwh] - records[:, COLUMN.discharge_kwh]
        im_sold_kwh = -sold_kwh - load_kwh
        records[:, COLUMN.da_sold_kwh], records[:, COLUMN.im_sold_kwh] = sold_kwh, im_sold_kwh
        records[:, COLUMN.da_eur], records[:, COLUMN.im_eur] = sold_kwh * da, im_sold_kwh * im
        return self._replace(records=records)
