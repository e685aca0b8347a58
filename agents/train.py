"""Train the leaderboard's agents: `vpp-gym train`, from a clone of the repository.

    python -m agents.train --env FCEVMicrogrid-v0 --set volumes=true --seed 0

`vpp_gym.training.config` holds the settings that worked best for each environment.
docs/training.md says how a run is followed, interrupted, resumed and used.
"""

from __future__ import annotations

import sys

from vpp_gym.cli import app

if __name__ == "__main__":
    app(["train", *sys.argv[1:]], prog_name="python -m agents.train")
