"""A station behind stdin and stdout, for a container without a network.

A line of JSON in, a trial; a line of JSON out, its attempts. The first line out says whether the
kernel is gVisor's; the container's caller decides what to make of it.
"""

import json
import sys

from worker import kernel
from worker.station import Refused, Station, StationLost, to_wire


def serve(settings: dict) -> int:
    """Answer until stdin closes; the exit status."""
    station = Station(settings["packages"])
    _say({"started": True, "why_not_gvisor": kernel.why_not_gvisor()})
    for line in sys.stdin:
        try:
            _say({"attempts": to_wire(station.run(json.loads(line)))})
        except (StationLost, OSError) as error:  # OSError: no process to be had
            station.close()
            _say({"lost": str(error), "refused": isinstance(error, Refused)})
    station.close()
    return 0


def _say(message: dict) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()
