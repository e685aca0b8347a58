"""The microgrid with fuel-cell cars: sun, wind, hydrogen and contracts (`FCEVMicrogrid-v0`)."""
