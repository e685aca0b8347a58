from .battery import stored_after_kwh as stored_after_kwh
from .charging import charging_h as charging_h
from .charging import gain_before_kwh as gain_before_kwh
from .charging import gain_kwh as gain_kwh
from .disaggregation import hand_out as hand_out
from .envelope import dispatch_limits_kwh as dispatch_limits_kwh
from .laxity import dischargeable_kwh as dischargeable_kwh
from .laxity import laxity_h as laxity_h
