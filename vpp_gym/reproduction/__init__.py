"""Case studies of publications, run again in this simulator."""
