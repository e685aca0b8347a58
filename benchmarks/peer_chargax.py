"""Steps a second of Chargax, in an interpreter that has it; `benchmarks.peers` asks for them.

Version 0.3.6 needs Python 3.13 and is installed from its repository.
"""

from __future__ import annotations

from time import perf_counter
from typing import Any

from benchmarks.peer_answers import Prepare, Run, Stretch, answer, repeated

STEP_MIN = 5
STEPS_A_DAY = 288
STEPS_A_CALL = 32
"""In one compiled call of a batch; of one environment it is a day."""
CARS_A_DAY = {7: 36, 37: 800}
"""That connect about as many cars, by number of cars."""
GROUPS, ONE_GROUP = "chargers in groups of 2", "chargers in one group"
LOOP, SCAN = "jit, loop in Python", "jit, vmap and scan"
CASES = tuple(
    {"setting": f"{layout}; {loop}", "layout": layout, "loop": loop, "environments": environments}
    for layout, loop, environments in (
        (GROUPS, SCAN, 1),
        (GROUPS, SCAN, 256),
        (ONE_GROUP, LOOP, 1),
        (ONE_GROUP, SCAN, 1),
        (ONE_GROUP, SCAN, 16),
        (ONE_GROUP, SCAN, 256),
        (ONE_GROUP, SCAN, 2_048),
    )
)


def load() -> tuple[str, Prepare]:
    """The version, and what prepares a case."""
    from importlib.metadata import version

    import chargax
    import jax

    def prepare(case: dict[str, Any]) -> tuple[float, Run]:
        size = 2 if case["layout"] == GROUPS else case["chargers"]
        groups = [
            chargax.EVSE(num_chargers=size, voltage=230, max_current=50)
            for _ in range(case["chargers"] // size)
        ]
        splitter = chargax.StationSplitter(
            max_kw_throughput=600.0, efficiency=0.995, connections=groups
        )
        station = chargax.ChargingStation(
            max_kw_throughput=600.0, efficiency=1.0, connections=[splitter]
        )
        profile = {
            "user_profile": "residential",
            "average_cars_per_day": CARS_A_DAY[case["cars"]],
        }
        env = chargax.Chargax(station=station, default_data_kwargs=profile)
        if case["loop"] == LOOP:
            return one_by_one(env)
        return scanned(env, case["environments"])

    return f"{version('chargax')} with jax {version('jax')}, {jax.default_backend()}", prepare


def connected(state: Any) -> Any:
    """Cars in one environment."""
    return state.grid.evses_flat.charger_is_car_connected.sum()


def actions(env: Any, num_envs: int) -> Any:
    """A random action for each environment."""
    import jax

    spaces, tree = jax.tree.flatten(
        env.action_space, is_leaf=lambda space: hasattr(space, "sample")
    )

    def one(key: Any) -> Any:
        keys = jax.random.split(key, len(spaces))
        drawn = [space.sample(own) for space, own in zip(spaces, keys)]  # noqa: B905  of Python 3.9
        return jax.tree.unflatten(tree, drawn)

    return jax.vmap(one)(jax.random.split(jax.random.PRNGKey(1), num_envs))


def one_by_one(env: Any) -> tuple[float, Run]:
    """One environment, every step a call from Python."""
    import jax

    key = jax.random.PRNGKey(0)
    action = jax.tree.map(lambda leaf: leaf[0], actions(env, 1))

    def one(key: Any, state: Any, action: Any) -> Any:
        key, own = jax.random.split(key)
        result, state = env.step(own, state, action)
        return key, state, result, connected(state)

    _, state = env.reset(key)
    begin = perf_counter()
    compiled = jax.jit(one).lower(key, state, action).compile()
    compile_s = perf_counter() - begin
    _, state, _, _ = compiled(key, state, action)

    def run(seconds: float) -> Stretch:
        cars = []

        def step() -> None:
            nonlocal key, state
            key, state, result, count = compiled(key, state, action)
            jax.block_until_ready(result)
            cars.append(count)

        calls, spent = repeated(step, seconds)
        return Stretch(calls, spent, connected=float(sum(map(float, cars))) / calls)

    return compile_s, run


def scanned(env: Any, num_envs: int) -> tuple[float, Run]:
    """A batch, many steps in one compiled call."""
    import jax

    key = jax.random.PRNGKey(0)
    action = actions(env, num_envs)
    steps = STEPS_A_DAY if num_envs == 1 else STEPS_A_CALL

    def one(carry: Any, key: Any) -> Any:
        state, _, action = carry
        keys = jax.random.split(key, num_envs)
        result, state = jax.vmap(env.step)(keys, state, action)
        return (state, result.observation, action), (result.reward, jax.vmap(connected)(state))

    def many(key: Any, state: Any, seen: Any, action: Any) -> Any:
        key, own = jax.random.split(key)
        carry, (rewards, cars) = jax.lax.scan(
            one, (state, seen, action), jax.random.split(own, steps)
        )
        return key, *carry[:2], rewards, cars.mean()

    seen, state = jax.vmap(env.reset)(jax.random.split(key, num_envs))
    begin = perf_counter()
    compiled = jax.jit(many).lower(key, state, seen, action).compile()
    compile_s = perf_counter() - begin
    key, state, seen = spread(compiled, num_envs, key, state, seen, action)

    def run(seconds: float) -> Stretch:
        cars = []

        def step() -> None:
            nonlocal key, state, seen
            key, state, seen, rewards, count = compiled(key, state, seen, action)
            jax.block_until_ready((state, seen, rewards))
            cars.append(count)

        calls, spent = repeated(step, seconds)
        mean = float(sum(map(float, cars))) / calls
        return Stretch(calls * steps * num_envs, spent, connected=mean)

    return compile_s, run


def spread(compiled: Any, num_envs: int, key: Any, state: Any, seen: Any, action: Any) -> Any:
    """A batch whose environments are at different times of the day."""
    import jax
    import jax.numpy as jnp

    key, state, seen, _, _ = compiled(key, state, seen, action)
    if num_envs == 1:
        return key, state, seen
    kept = state
    calls = STEPS_A_DAY // STEPS_A_CALL
    mixed = jax.jit(
        lambda chosen, new, old: jax.tree.map(
            lambda a, b: jnp.where(chosen.reshape(-1, *(1,) * (a.ndim - 1)), a, b), new, old
        )
    )
    for call in range(1, calls):
        key, state, seen, _, _ = compiled(key, state, seen, action)
        kept = mixed(jnp.arange(num_envs) % calls == call, state, kept)
    return key, kept, seen


if __name__ == "__main__":
    answer(load)
