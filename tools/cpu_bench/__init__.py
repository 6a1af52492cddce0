"""The CPU test bench: commands that see a different processor than the machine has."""
