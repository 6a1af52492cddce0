"""What follows from the lock: which wheel each system installs, and the bill of materials."""
