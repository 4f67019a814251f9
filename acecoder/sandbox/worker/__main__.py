"""`python -s -P -S acecoder/sandbox/worker ...`: what runs in and around the sandbox.

SETTINGS_JSON           a worker: PID 1 of closed namespaces (station.py starts it)
--probe                 can a worker be had here?
--stdio SETTINGS_JSON   a station behind stdin and stdout, for a container of one's own
--pool [OPTIONS]        the pool's HTTP server
"""

import importlib.util
import os
import sys

here = os.path.dirname(os.path.abspath(__file__))
# As the package `worker` and by its path alone: nothing beside it becomes importable.
sys.path[:] = [path for path in sys.path if os.path.abspath(path) != here]
spec = importlib.util.spec_from_file_location(
    "worker", os.path.join(here, "__init__.py"), submodule_search_locations=[here]
)
package = importlib.util.module_from_spec(spec)
sys.modules["worker"] = package
spec.loader.exec_module(package)

if sys.argv[1:2] == ["--pool"]:
    from worker.server import main as serve_pool

    raise SystemExit(serve_pool(sys.argv[2:]))
if sys.argv[1:2] == ["--stdio"]:
    import json

    from worker.stdio import serve

    raise SystemExit(serve(json.loads(sys.argv[2])))
from worker.launch import main  # noqa: E402  (the package above must be there first)

main(sys.argv[1:])
