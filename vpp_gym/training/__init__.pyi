from .environments import make_batch as make_batch
from .request import run_settings as run_settings
from .vec_env import BatchVecEnv as BatchVecEnv
from .wrappers import GainReward as GainReward
from .wrappers import LoadReward as LoadReward
from .wrappers import ScaledReward as ScaledReward
