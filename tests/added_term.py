"""Where a term of money shows up that two lines have added: run by `tests.test_ledger`.

Writes as JSON what every table, figure and page makes of `FEE`, in the virtual power plant and
in the worlds of fuel-cell cars.
"""

from __future__ import annotations

import json
import runpy
import sys
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pandas as pd

from benchmarks.weeks import SUMS
from vpp_gym.cli.report import run_report
from vpp_gym.evaluation.leaderboard import leaderboard
from vpp_gym.evaluation.metrics import profit_parts, totals
from vpp_gym.evaluation.rollout import RunResult, evaluate
from vpp_gym.fcev.car_park import ledger as car_park
from vpp_gym.fcev.car_park.baselines import baselines as car_park_baselines
from vpp_gym.fcev.car_park.params import CarParkParams
from vpp_gym.fcev.car_park.scenario import CarParkSource
from vpp_gym.fcev.microgrid import ledger as microgrid
from vpp_gym.fcev.microgrid.baselines import baselines as microgrid_baselines
from vpp_gym.fcev.microgrid.params import MicrogridParams
from vpp_gym.fcev.microgrid.scenario import MicrogridSource
from vpp_gym.fcev.totals import totals as fcev_totals
from vpp_gym.markets.ledger import LEDGER, MONEY, POSITION, TERMS
from vpp_gym.plots.leaderboard import draw_leaderboard, gain_parts_eur
from vpp_gym.plots.profit_breakdown import draw_profit_breakdown
from vpp_gym.policies.baselines import baseline
from vpp_gym.reproduction.rahman2023.outcome import outcome_of
from vpp_gym.reproduction.rahman2023.published import NO_CONTROL
from vpp_gym.reproduction.rahman2023.run_records import RunRecords
from vpp_gym.scenarios.synthetic import SyntheticSource
from vpp_gym.training.request import run_settings
from vpp_gym.training.validation import GAIN, Validation

FEE = "network_fee_eur"
DAYS = 3
POLICIES = ("charge_on_arrival", "rolling_mpc_tariff+expected_load", "hindsight")
DOCS = Path("docs")


def main() -> None:
    """Write what became of the fee."""
    year = SyntheticSource("test", days=DAYS, dt_h=1.0).scenario(0)
    runs = [evaluate(baseline(name), year, keep_records=True) for name in POLICIES]
    days = pd.concat([run.days for run in runs], ignore_index=True)
    facts = {
        "steps": of_steps(runs[1]),
        "days": of_days(days),
        "figures": of_figures(days),
        "report": run_report(runs[1]),
        "reproduction": of_reproduction(runs[1]),
        "environment": of_environment(),
        "training": of_training(),
        "pages": of_pages(),
        "fuel_cell_cars": {"car park": of_car_park(), "microgrid": of_microgrid()},
    }
    json.dump(facts, sys.stdout)


def of_steps(run: RunResult) -> dict[str, Any]:
    """The fee beside the net import that it is booked for, summed over the steps."""
    assert run.records is not None, "the records were kept"
    booked = dict(zip(TERMS, run.records.T, strict=True))
    load_kwh = booked["charge_kwh"] - booked["discharge_kwh"]
    return {
        "fee": booked[FEE].sum(),
        "imported_kwh": np.maximum(load_kwh, 0.0).sum(),
    }


def of_days(days: pd.DataFrame) -> dict[str, Any]:
    """Profit, its parts, totals and the leaderboard."""
    runs, board = totals(days), leaderboard(days, privileged={"hindsight"}, n_resamples=20)
    parts, parts_of_runs = profit_parts(days), profit_parts(runs)
    unpaid = days[FEE].abs().max() == 0
    return {
        "fee": 0.0 if unpaid else days.groupby("policy")[FEE].sum()[POLICIES[1]],
        "off_by": {
            "money": largest(days["profit_eur"] - days[list(MONEY)].sum(axis=1)),
            "parts of days": largest(days["profit_eur"] - parts.sum(axis=1)),
            "parts of runs": largest(runs["profit_eur"] - parts_of_runs.sum(axis=1)),
            "columns of a board": largest(
                board["profit_eur"] - board[list(LEDGER.split)].sum(axis=1)
            ),
            "without bids": largest(
                runs["profit_eur"] - runs[POSITION.eur] - runs["operations_eur"]
            ),
        },
        "in": {
            "days": FEE in days,
            "totals": FEE in runs,
            "leaderboard": FEE in board,
            "stored weeks": FEE in SUMS,
        },
    }


def of_figures(days: pd.DataFrame) -> dict[str, Any]:
    """Whether the bars add up to the gain, and to the profit."""
    board = leaderboard(days, privileged={"hindsight"}, n_resamples=20).assign(kind="rule")
    gain = board["profit_eur"] - board.set_index("policy")["profit_eur"]["charge_on_arrival"]
    draw_leaderboard(board)
    parts = profit_parts(board).set_index(board["policy"]).to_dict(orient="index")
    axes = draw_profit_breakdown(parts).axes[0]
    return {
        "gain_off_by": largest(gain - gain_parts_eur(board).sum(axis=1)),
        "profit_off_by": largest(axes.lines[0].get_xdata() - board["profit_eur"]),
    }


def of_reproduction(run: RunResult) -> dict[str, float]:
    """The outcome of a run of the case study, and what its figure shows."""
    outcome = outcome_of(NO_CONTROL, RunRecords.of(run))
    profit_eur = float(run.days["profit_eur"].sum())
    return {
        "profit_off_by": outcome.profit_eur - profit_eur,
        "parts_off_by": sum(outcome.parts_eur.values()) - profit_eur,
    }


def of_environment() -> dict[str, float]:
    """Rewards and terms of a day."""
    env = gym.make("VPPDayAhead-v0", scenario="synthetic:test", dt_h=1.0, reward="profit")
    env.reset(seed=0, options={"scenario": 0, "start_day": 0})
    fee_eur, off_by = 0.0, 0.0
    for _ in range(24):
        _, reward, _, _, info = env.step(env.action_space.high)
        fee_eur += info[FEE]
        off_by = max(off_by, abs(float(reward) - sum(info[name] for name in MONEY)))
    return {"fee": fee_eur, "off_by": off_by}


class LeastLoad:
    """In place of a network: charges as little as it may."""

    def predict(self, observations: Any) -> tuple[Any, None]:
        """The action for a batch."""
        return np.full((len(observations), 1), -1.0), None


def of_training() -> dict[str, Any]:
    """Gains of a network with and without bids differ by the position alone."""
    year = SyntheticSource("validation", days=2).scenario(0)
    found = {}
    for reward in ("profit", "load"):
        changes = {"wrappers.reward": reward, "params.guarantee": False}
        run = run_settings("VPPDayAhead-v0", changes=changes)
        validation = Validation(run, scenario=year)
        found[reward] = validation(LeastLoad())  # type: ignore[arg-type]
    reference_eur = LEDGER.part_eur(POSITION.name, validation.reference)
    position_eur = found["profit"]["position_eur"] - reference_eur
    gained = {reward: one[GAIN] for reward, one in found.items()}
    return {
        "fee": validation.reference[FEE],
        "off_by": gained["profit"] - gained["load"] - position_eur,
    }


def of_pages() -> dict[str, bool]:
    """Whether the generated pages have the term."""
    evs = runpy.run_path(str(DOCS / "build.py"))["page"]()
    tables = runpy.run_path(str(DOCS / "build_fuel_cell_cars.py"))["tables"]()
    row = f"| `{FEE}` | EUR | yes |"
    names = ("car park terms", "microgrid terms")
    return {"environment": row in evs, **{name: row in tables[name] for name in names}}


def of_car_park() -> dict[str, Any]:
    """Days of the article's strategy."""
    params = CarParkParams().replace(n_cars=30)
    scenario = CarParkSource(params).scenario(0)
    policy = car_park_baselines()["article"]
    rows = evaluate(policy, scenario, params, end_step=24 * DAYS).days
    return of_rows(rows, car_park.LEDGER)


def of_microgrid() -> dict[str, Any]:
    """Days of the article's strategy."""
    params = MicrogridParams().replace(n_cars=8)
    scenario = MicrogridSource(params).scenario(0)
    policy = microgrid_baselines()["article"]
    rows = evaluate(policy, scenario, params, end_step=24 * DAYS).days
    return of_rows(rows, microgrid.LEDGER)


def of_rows(rows: pd.DataFrame, ledger: Any) -> dict[str, Any]:
    """The fee of days, of totals, and whether the parts add up."""
    return {
        "fee": rows[FEE].sum(),
        "total": fcev_totals(rows)[FEE].sum(),
        "off_by": largest(rows["profit_eur"] - profit_parts(rows, ledger).sum(axis=1)),
    }


def largest(difference: Any) -> float:
    """The largest of absolute values."""
    return float(np.abs(np.asarray(difference, dtype=np.float64)).max())


if __name__ == "__main__":
    main()
