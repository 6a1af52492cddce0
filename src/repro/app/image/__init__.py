"""The use cases of ``repro image``: build it, build it twice and compare, and fetch its wheels."""
