"""`python -s -P -S acecoder/sandbox/worker ...`: what runs in and around the sandbox.

SETTINGS_JSON           a worker: PID 1 of closed namespaces (station.py starts it)
--probe                 can a worker be had here?
--stdio SETTINGS_JSON   a station behind stdin and stdout, for a container of one's own
--pool [OPTIONS]        the pool's HTTP server
"""

import importlib
import importlib.util
import os
import sys

here = os.path.dirname(os.path.abspath(__file__))
# As the package `worker` and by its path alone: nothing beside it becomes importable.
sys.path[:] = [path for path in sys.path if os.path.abspath(path) != here]
spec = importlib.util.spec_from_file_location(
    "worker", os.path.join(here, "__init__.py"), submodule_search_locations=[here]
)
assert spec and spec.loader
package = importlib.util.module_from_spec(spec)
sys.modules["worker"] = package
spec.loader.exec_module(package)

if sys.argv[1:2] == ["--pool"]:
    server = importlib.import_module("worker.outside.server")
    raise SystemExit(server.main(sys.argv[2:]))
if sys.argv[1:2] == ["--stdio"]:
    json = importlib.import_module("json")
    stdio = importlib.import_module("worker.outside.stdio")
    raise SystemExit(stdio.serve(json.loads(sys.argv[2])))
launch = importlib.import_module("worker.inside.launch")
launch.main(sys.argv[1:])
