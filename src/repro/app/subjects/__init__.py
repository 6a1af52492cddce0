"""The subjects of a use case: runs and references, read, checked, and trusted or not."""
