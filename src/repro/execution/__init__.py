"""Execution: the one door through which everything trains, in this process or in a child."""
