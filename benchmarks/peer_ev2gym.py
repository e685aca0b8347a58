"""Steps a second of EV2Gym, in an interpreter that has it; `benchmarks.peers` asks for them.

Version 2.0.0 imports more than it declares: `pip install ev2gym pandapower numba scipy multicopula`
in an environment of Python 3.11, whose setuptools have `pkg_resources`.
"""

from __future__ import annotations

import os
from pathlib import Path
from time import perf_counter
from typing import Any

from benchmarks.peer_answers import Prepare, Run, Stretch, answer

STEP_MIN = 15
ARRIVALS = {7: 5.0, 37: 1000.0}
"""Multiplier of arrivals that connects about as many cars, by number of cars."""
CASES = ({"setting": "one environment", "environments": 1},)


def load() -> tuple[str, Prepare]:
    """The version, and what prepares a case."""
    from importlib.metadata import version

    import ev2gym
    from ev2gym.models.ev2gym_env import EV2Gym
    from ev2gym.rl_agent.reward import profit_maximization
    from ev2gym.rl_agent.state import V2G_profit_max

    home = Path(ev2gym.__file__).parent

    def prepare(case: dict[str, Any]) -> tuple[float, Run]:
        begin = perf_counter()
        env = EV2Gym(
            config_file=configuration(home, case["chargers"], ARRIVALS[case["cars"]]),
            state_function=V2G_profit_max,
            reward_function=profit_maximization,
            lightweight_plots=True,
            seed=0,
        )
        return perf_counter() - begin, episodes(env)

    return version("ev2gym"), prepare


def configuration(home: Path, chargers: int, arrivals: float) -> int:
    """Its example of V2G for profit with so many chargers at homes, as a file to read once.

    Args:
        home: folder of the package.
        chargers: it gets.
        arrivals: their multiplier.
    """
    import yaml

    text = (home / "example_config_files" / "V2GProfitMax.yaml").read_text(encoding="utf-8")
    settings = yaml.safe_load(text)
    settings.update(
        number_of_charging_stations=chargers,
        scenario="private",
        simulation_days="both",
        spawn_multiplier=arrivals,
        ev_specs_file=str(home / "data" / "ev_specs_v2g_enabled2024.json"),
    )
    reading, writing = os.pipe()
    os.write(writing, yaml.safe_dump(settings).encode())
    os.close(writing)
    return reading


def episodes(env: Any) -> Run:
    """Whole episodes with one action, resets timed apart."""
    env.action_space.seed(0)
    action = env.action_space.sample()

    def run(seconds: float) -> Stretch:
        steps, step_s, reset_s, connected = 0, 0.0, 0.0, 0.0
        while steps == 0 or step_s + reset_s < seconds:
            begin = perf_counter()
            env.reset()
            reset_s += perf_counter() - begin
            done = False
            while not done:
                begin = perf_counter()
                done = env.step(action)[2]
                step_s += perf_counter() - begin
                steps += 1
                connected += env.current_evs_parked
        return Stretch(steps, step_s, reset_s, connected / steps)

    return run


if __name__ == "__main__":
    answer(load)
