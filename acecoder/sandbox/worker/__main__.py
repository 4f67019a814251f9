"""`python -I -S acecoder/sandbox/worker SETTINGS_JSON`: start a worker, or probe with `--probe`."""

import os
import sys

sys.path[:] = [path for path in sys.path if not path.endswith("worker")]
sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from worker.launch import main  # noqa: E402  (the path above must be set first)

main(sys.argv[1:])
