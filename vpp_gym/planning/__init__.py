"""Plans in compiled code, most for whole batches: the same numbers as `vpp_gym.policies`."""
