from . import car_park as car_park
from . import microgrid as microgrid
from .technology import ElectrolyserParams as ElectrolyserParams
from .technology import FuelCellParams as FuelCellParams
from .totals import mean_year as mean_year
from .totals import totals as totals
