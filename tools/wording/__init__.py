"""The parts of ``tools.messages``: messages from the source, and messages from real commands."""
