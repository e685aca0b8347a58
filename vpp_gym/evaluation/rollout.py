"""One policy through one scenario: a row per day, and where it came from."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from vpp_gym.arrays import Floats
from vpp_gym.errors import InvalidInputError
from vpp_gym.evaluation.agent import EnvironmentAgent
from vpp_gym.evaluation.metrics import satisfaction
from vpp_gym.evaluation.provenance import provenance
from vpp_gym.evaluation.runner import Runner, runner_for
from vpp_gym.markets.ledger import MONEY, TERMS
from vpp_gym.params import VPPParams, as_params
from vpp_gym.policies.base import Policy, Privileged, with_offer
from vpp_gym.scenarios.columns import whole
from vpp_gym.scenarios.scenario import Scenario
from vpp_gym.simulation.offers import offer_labels

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class RunResult:
    """What one policy did in one scenario.

    Attributes:
        days: one row per local day, see `evaluate`.
        metadata: policy, scenario, parameters, span, versions, commit and command.
        records: (steps, len(TERMS)) every term of every step, if it was asked for.
    """

    days: pd.DataFrame
    metadata: Mapping[str, Any]
    records: Floats | None = None


def evaluate(
    policy: Policy,
    scenario: Scenario,
    params: VPPParams | Mapping[str, Any] | str | None = None,
    *,
    start_step: int = 0,
    end_step: int | None = None,
    seed: int = 0,
    keep_records: bool = False,
    progress: Progress | None = None,
) -> RunResult:
    """Run a policy through the steps start_step <= t < end_step of a scenario.

    The run begins with an empty car park and no commitments: started at
    midnight, its first day has no bids, and the gate of that day sets those of
    the second. Cars still connected at the end have not left, so their service
    is not booked; a whole scenario ends with everybody gone.

    Args:
        policy: follows `vpp_gym.policies.base.Policy`; its menu term replaces
            that of the parameters unless it is None. An `EnvironmentAgent` sees
            the observations of its environment instead of snapshots.
        scenario: what happens.
        params: rules of the world, or a preset's name.
        start_step: first step.
        end_step: one past the last step; the end of the scenario by default.
        seed: names the run in the results: the training seed of an agent.
        keep_records: keep the terms of every step.
        progress: called with the days done and the days in all after each day.

    Returns:
        days with the columns policy, scenario, seed, day, date, steps,
        profit_eur, position_eur, every term of `vpp_gym.markets.ledger.TERMS`,
        contracts_type_1 and on or contracts_control_based and the like (accepted,
        by offer),
        demand_satisfaction, fully_served_share, solve_ms_mean and solve_ms_max
        (of `predict`). What happens at midnight is booked to the day that ends.
    """
    _check_arguments(policy, scenario)
    world = with_offer(policy, as_params(params))
    if isinstance(policy, EnvironmentAgent) and policy.guarantee:
        world = world.replace(guarantee=True)
    start_step = whole("start_step", start_step, least=0)
    end = scenario.n_steps if end_step is None else whole("end_step", end_step, least=1)
    if not 0 <= start_step < end <= scenario.n_steps:
        raise InvalidInputError(
            "end_step", (start_step, end), f"stay within 0 and {scenario.n_steps} steps"
        )
    seat = runner_for(policy, scenario, world, start_step, end)
    if isinstance(policy, Privileged) and policy.privileged:
        policy.reveal(scenario, world, start_step, end)
    records, accepted, solve_s = _roll(policy, seat, scenario.day[start_step:end], progress)
    labels = offer_labels(world)
    days = _day_rows(records, accepted, labels, solve_s, scenario, start_step)
    for column, label in enumerate((policy.name, scenario.name, seed)):
        days.insert(column, ("policy", "scenario", "seed")[column], label)
    metadata = {
        "policy": policy.name,
        "privileged": policy.privileged,
        "scenario": scenario.name,
        "seed": seed,
        "start_step": start_step,
        "end_step": end,
        "params": world.model_dump(mode="json"),
        **provenance(),
    }
    return RunResult(days, metadata, records if keep_records else None)


def _check_arguments(policy: Any, scenario: Any) -> None:
    missing = [n for n in ("name", "term_h", "privileged", "predict") if not hasattr(policy, n)]
    if missing:
        raise InvalidInputError(
            "policy",
            policy,
            f"it has no {missing[0]}: follow vpp_gym.policies.base.Policy, take one of "
            "vpp_gym.policies.baselines.baselines(), or wrap a trained model in EnvironmentAgent",
        )
    if policy.privileged and not isinstance(policy, Privileged):
        raise InvalidInputError("policy.privileged", True, f"give {policy.name} a reveal method")
    if not isinstance(scenario, Scenario):
        raise InvalidInputError(
            "scenario",
            scenario,
            "give a Scenario, e.g. vpp_gym.scenarios.named.as_source(name).scenario(0)",
        )


def _roll(
    policy: Policy, seat: Runner, day: NDArray[np.int64], progress: Progress | None
) -> tuple[Floats, Floats, Floats]:
    """Terms (steps, n_terms), contracts accepted so far (steps, types), seconds of predict."""
    n_steps = len(day)
    records = np.empty((n_steps, len(TERMS)))
    accepted = np.empty((n_steps, np.shape(seat.simulation.accepted)[-1]))
    solve_s = np.full(n_steps, np.nan)
    state: Any = None
    t = 0
    while t < n_steps:
        observation = seat.look()
        begun = time.perf_counter()
        decisions, state = policy.predict(observation, state, np.array([t == 0]), True)
        solve_s[t] = time.perf_counter() - begun
        booked = seat.act(decisions)
        until = t + len(booked.records)
        records[t:until], accepted[t:until] = booked
        for step in range(t, until):
            if progress is not None and (step + 1 == n_steps or day[step + 1] > day[step]):
                progress(int(day[step] - day[0]) + 1, int(day[-1] - day[0]) + 1)
        t = until
    return records, accepted, solve_s


def _day_rows(
    records: Floats,
    accepted: Floats,
    labels: Sequence[str],
    solve_s: Floats,
    scenario: Scenario,
    start_step: int,
) -> pd.DataFrame:
    span = slice(start_step, start_step + len(records))
    steps = pd.DataFrame(records, columns=list(TERMS))
    steps.insert(0, "profit_eur", steps[list(MONEY)].sum(axis=1))
    bids_eur = steps["da_eur"] + steps["im_eur"] - steps["load_value_eur"]
    steps.insert(1, "position_eur", bids_eur)
    signed = np.diff(accepted, axis=0, prepend=0)
    for place, label in enumerate(labels):
        steps[f"contracts_{label}"] = signed[:, place]
    day = pd.Series(scenario.day[span], name="day")
    solve_ms = pd.Series(1000 * solve_s).groupby(day)
    days = steps.groupby(day).sum()
    days.insert(0, "steps", steps.groupby(day).size())
    first_date = scenario.clock[0].astype("datetime64[D]")
    days.insert(0, "date", (first_date + days.index.to_numpy()).astype(str))
    days = days.assign(
        **satisfaction(days), solve_ms_mean=solve_ms.mean(), solve_ms_max=solve_ms.max()
    )
    return days.reset_index()
