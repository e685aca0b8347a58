from .bidding import VPPBiddingEnv as VPPBiddingEnv
from .bidding import VPPBiddingVectorEnv as VPPBiddingVectorEnv
from .contracts import VPPContractsEnv as VPPContractsEnv
from .contracts import VPPContractsVectorEnv as VPPContractsVectorEnv
from .day_ahead import VPPDayAheadEnv as VPPDayAheadEnv
from .day_ahead import VPPDayAheadVectorEnv as VPPDayAheadVectorEnv
from .dispatch import VPPDispatchEnv as VPPDispatchEnv
from .dispatch import VPPDispatchVectorEnv as VPPDispatchVectorEnv
