from .ledger import LEDGER as LEDGER
from .ledger import MONEY as MONEY
from .ledger import TERMS as TERMS
from .risk import tail_mean as tail_mean
from .settlement import applied_prices as applied_prices
from .settlement import imbalance_eur as imbalance_eur
from .settlement import reference_price as reference_price
