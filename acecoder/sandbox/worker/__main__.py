"""`python -I -S acecoder/sandbox/worker SETTINGS_JSON`: start a worker, or probe with `--probe`."""

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

from worker.launch import main  # noqa: E402  (the package above must be there first)

main(sys.argv[1:])
