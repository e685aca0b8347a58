"""The fleet's schedule as one linear program in HiGHS, kept and solved again warm.

The same program as `schedule` without its quadratic terms and binaries, stated to
HiGHS directly: at 25 EVs and 24 steps a re-solve takes a tenth of the time that
goes through cvxpy. A test holds the two together.
"""

from __future__ import annotations

import time

import highspy
import numpy as np
from scipy.sparse import csc_array, diags_array, eye_array, hstack, kron, vstack

from vpp_gym.arrays import Floats
from vpp_gym.errors import InvalidInputError, SolveFailedError
from vpp_gym.solvers.schedule_data import Instance, ScheduleData, ScheduleRules, instance_of
from vpp_gym.solvers.solution import Solution, solution_of


class FleetLP:
    """Cheapest schedule of up to n EVs over up to H steps; exact.

    Args:
        n_evs: EVs the program has room for.
        horizon: steps the program has room for.
        rules: efficiencies, penalty, site limit, pooling.

    Raises:
        InvalidInputError: rules that are not linear.
    """

    def __init__(self, n_evs: int, horizon: int, rules: ScheduleRules | None = None) -> None:
        if n_evs < 1 or horizon < 1:
            raise InvalidInputError("n_evs, horizon", (n_evs, horizon), "give at least 1")
        self.n_evs, self.horizon = n_evs, horizon
        self.rules = rules or ScheduleRules()
        if self.rules.is_quadratic or self.rules.boolean:
            raise InvalidInputError("rules", self.rules, "use ScheduleProgram for these")
        self._rows = self._matrix()
        self._highs = highspy.Highs()
        self._highs.silent()
        self._loaded = False

    def solve(self, data: ScheduleData) -> Solution:
        """The optimal schedule for these data, made feasible to the last digit.

        Raises:
            InvalidInputError: data that cannot be used or do not fit.
            SolveFailedError: infeasible or not solved.
        """
        instance = instance_of(data, self.rules, self.n_evs, self.horizon)
        start_s = time.perf_counter()
        self._state(instance)
        self._highs.run()
        status = self._highs.getModelStatus()
        label = f"HIGHS: {self._highs.modelStatusToString(status)}"
        if status != highspy.HighsModelStatus.kOptimal:
            raise SolveFailedError(f"schedule of the fleet: {label}")
        size = self.n_evs * self.horizon
        values = np.asarray(self._highs.getSolution().col_value[: 2 * size])
        charge, discharge = values.reshape(2, self.n_evs, self.horizon)
        elapsed_s = time.perf_counter() - start_s
        return solution_of(instance, self.rules, charge, discharge, label, elapsed_s)

    def _matrix(self) -> csc_array:
        """Rows of the program over the columns charge, discharge, gain, short, bought, sold."""
        n, horizon, rules = self.n_evs, self.horizon, self.rules
        each, steps = eye_array(n), eye_array(horizon)
        all_evs, all_steps = np.ones((1, n)), np.ones((1, horizon))
        cells = eye_array(n * horizon)
        before = diags_array(np.ones(horizon - 1), offsets=-1, shape=(horizon, horizon))
        rise = kron(each, steps - before)
        last = kron(each, csc_array(np.eye(1, horizon, horizon - 1)))
        site = kron(all_evs, steps)
        blocks = [
            [-rules.charge_eff * cells, cells / rules.discharge_eff, rise, None, None, None],
            [None, kron(each, all_steps), None, None, None, None],
            [None, None, last, each, None, None],
            [site, -site, None, None, None, None],
            [site, -site, None, None, -steps, steps],
        ]
        shapes = [n * horizon] * 3 + [n, horizon, horizon]
        return csc_array(vstack([_row(row, shapes) for row in blocks]))

    def _columns(self, instance: Instance) -> tuple[Floats, Floats, Floats]:
        """Cost and bounds of every column."""
        n, horizon, rules = self.n_evs, self.horizon, self.rules
        size = n * horizon
        trade = 0.0 if rules.pooled else 1.0
        hard = rules.shortfall_eur_per_kwh is None
        cost = np.concatenate(
            [
                np.tile(trade * instance.buy, n),
                np.broadcast_to(-trade * instance.sell, (n, horizon)).ravel(),
                np.zeros(size),
                np.full(n, rules.shortfall_eur_per_kwh or 0.0),
                (1.0 - trade) * instance.buy,
                (trade - 1.0) * instance.sell[0],
            ]
        )
        room_down = np.repeat(instance.lower_kwh - instance.energy_kwh, horizon)
        room_up = np.repeat(instance.upper_kwh - instance.energy_kwh, horizon)
        pool = np.full(2 * horizon, np.inf if rules.pooled else 0.0)
        low = np.concatenate([np.zeros(2 * size), room_down, np.zeros(n + 2 * horizon)])
        high = np.concatenate(
            [
                instance.charge_max_kwh.ravel(),
                instance.discharge_max_kwh.ravel(),
                room_up,
                np.full(n, 0.0 if hard else np.inf),
                pool,
            ]
        )
        return cost, low, high

    def _row_bounds(self, instance: Instance) -> tuple[Floats, Floats]:
        """Bounds of every row: battery, contract (16d), target, site, pool."""
        n, horizon = self.n_evs, self.horizon
        battery, limit = np.zeros(n * horizon), np.full(horizon, self.rules.site_limit_kwh)
        free = np.full(horizon, np.inf)
        pool = -instance.committed_kwh
        low = [
            battery,
            np.full(n, -np.inf),
            instance.target_kwh - instance.energy_kwh,
            -limit,
            pool if self.rules.pooled else -free,
        ]
        high = [
            battery,
            instance.contract_kwh,
            np.full(n, np.inf),
            limit,
            pool if self.rules.pooled else free,
        ]
        return np.concatenate(low), np.concatenate(high)

    def _state(self, instance: Instance) -> None:
        """Hand the numbers to HiGHS: the whole model first, changes later."""
        cost, low, high = self._columns(instance)
        row_low, row_high = self._row_bounds(instance)
        if not self._loaded:
            self._load(cost, low, high, row_low, row_high)
            return
        columns = np.arange(len(cost), dtype=np.int32)
        self._highs.changeColsCost(len(cost), columns, cost)
        self._highs.changeColsBounds(len(cost), columns, low, high)
        rows = np.arange(len(row_low), dtype=np.int32)
        # Missing in the package's own stubs.
        self._highs.changeRowsBounds(len(rows), rows, row_low, row_high)  # type: ignore[attr-defined]

    def _load(
        self, cost: Floats, low: Floats, high: Floats, row_low: Floats, row_high: Floats
    ) -> None:
        model = highspy.HighsLp()
        model.num_row_, model.num_col_ = self._rows.shape
        model.col_cost_, model.col_lower_, model.col_upper_ = cost, low, high
        model.row_lower_, model.row_upper_ = row_low, row_high
        model.a_matrix_.format_ = highspy.MatrixFormat.kColwise
        model.a_matrix_.start_ = self._rows.indptr
        model.a_matrix_.index_ = self._rows.indices
        model.a_matrix_.value_ = self._rows.data
        if self._highs.passModel(model) != highspy.HighsStatus.kOk:
            raise SolveFailedError("schedule of the fleet: HiGHS did not accept the model")
        self._loaded = True


def _row(blocks: list, widths: list[int]) -> csc_array:
    """Blocks side by side, None for zeros."""
    height = next(block.shape[0] for block in blocks if block is not None)
    return hstack(
        [
            csc_array((height, width)) if block is None else block
            for block, width in zip(blocks, widths, strict=True)
        ]
    )
