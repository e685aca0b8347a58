"""Rolling plans in compiled code, for whole batches: the same numbers as `vpp_gym.policies`."""
