from . import contracts as contracts
from . import envs as envs
from . import evaluation as evaluation
from . import fcev as fcev
from . import policies as policies
from . import scenarios as scenarios
from .errors import InvalidInputError as InvalidInputError
from .errors import SolveFailedError as SolveFailedError
from .evaluation.agent import EnvironmentAgent as EnvironmentAgent
from .evaluation.leaderboard import leaderboard as leaderboard
from .evaluation.rollout import RunResult as RunResult
from .evaluation.rollout import evaluate as evaluate
from .params import DEFAULT as DEFAULT
from .params import PAPER_2023 as PAPER_2023
from .params import VPPParams as VPPParams
from .policies.base import Dispatcher as Dispatcher
from .policies.baselines import baseline as baseline
from .policies.baselines import baselines as baselines
from .policies.operator import Operator as Operator
from .policy import Policy as Policy
from .scenarios.named import load_scenario as load_scenario
from .scenarios.scenario import Scenario as Scenario
from .scenarios.scenario import Sessions as Sessions
from .simulation.simulation import Simulation as Simulation
from .views import Decisions as Decisions
from .views import Snapshot as Snapshot

__version__: str
