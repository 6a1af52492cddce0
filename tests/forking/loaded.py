"""Run `repro`, and write what its process had loaded, set and been given in the end to a file."""

import json
import os
import random
import sys
import threading
from pathlib import Path

from repro.cli import main

if __name__ == "__main__":
    target = Path(sys.argv.pop(1))
    try:
        main()
    finally:
        numpy = sys.modules.get("numpy")
        found = {
            "modules": sorted(sys.modules),
            "environ": dict(os.environ),
            "path": sys.path,
            "argv": sys.argv,
            "finders": len(sys.meta_path),
            "threads": threading.active_count(),
            "drawn": [random.random(), float(numpy.random.random()) if numpy else None],
        }
        target.write_text(json.dumps(found), encoding="utf-8")
