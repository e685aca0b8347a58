"""A policy of `VPPStay-v0` on a fleet: every car by itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vpp_gym.envs.stay_kernel import stays_in
from vpp_gym.errors import InvalidInputError
from vpp_gym.evaluation.agent import Predictor
from vpp_gym.evaluation.stay_runs import load_by_charger
from vpp_gym.policies.learned import LearnedForecaster
from vpp_gym.policy import check_predict
from vpp_gym.views import Decisions, Snapshot


class StayAgent:
    """Dispatches every connected EV by one predictor that learnt in `VPPStay-v0`.

    The predictor sees each EV as in that environment, all of a fleet in one batch, and its
    action is read as there. It bids nothing; give it to `vpp_gym.policies.Operator` with a
    bidder.

    Args:
        predictor: a trained model; `predict` takes (n, size) observations.
        name: row label in results.
        forecast: that it was trained with, "learned" or "anchored".
        contract: changes of the contracts on offer; None: what the world offers.

    Raises:
        InvalidInputError: an unknown forecast, or a predictor that cannot be called so.
    """

    privileged = False
    term_h: int | None = None

    def __init__(
        self,
        predictor: Predictor,
        *,
        name: str,
        forecast: str = "learned",
        contract: Mapping[str, Any] | None = None,
    ) -> None:
        if forecast not in ("learned", "anchored"):
            raise InvalidInputError("forecast", forecast, "use learned or anchored")
        check_predict("predictor.predict", predictor.predict)
        self.predictor, self.name, self.forecast = predictor, name, forecast
        self.contract = dict(contract or {})
        self._forecaster = LearnedForecaster()

    def predict(
        self,
        observation: Snapshot,
        state: Any = None,
        episode_start: Any = None,
        deterministic: bool = True,
    ) -> tuple[Decisions, Any]:
        """The net load of every EV.

        Raises:
            InvalidInputError: a snapshot that is not of quarter hours, or actions out of shape
                or range.
        """
        seen = stays_in(observation, self._forecaster, self.forecast == "learned")
        if not len(seen):
            return Decisions(net_load_kwh=load_by_charger(observation, None)), state
        actions, _ = self.predictor.predict(seen, None, None, deterministic)
        return Decisions(net_load_kwh=load_by_charger(observation, actions)), state
