"""A station behind stdin and stdout, for a container without a network.

A line of JSON in, a trial; a line of JSON out, its attempts. The first line out says whether the
kernel is gVisor's; the container's caller decides what to make of it.
"""

import json
import os
import select
import sys
import threading

from ..isolation import kernel
from ..wire import Data, to_wire
from .station import Refused, Station, StationLost


def serve(settings: Data) -> int:
    """Answer until stdin closes; the exit status."""
    station = Station(settings["packages"])
    threading.Thread(target=_end_with_caller, daemon=True).start()
    _say({"started": True, "why_not_gvisor": kernel.why_not_gvisor()})
    for line in sys.stdin:
        try:
            _say({"attempts": to_wire(station.run(json.loads(line)))})
        except (StationLost, OSError) as error:  # OSError: no process to be had
            station.close()
            _say({"lost": str(error), "refused": isinstance(error, Refused)})
    station.close()
    return 0


def _end_with_caller() -> None:
    """A caller that was killed must not leave a program running up to its limits."""
    poll = select.poll()
    poll.register(0, 0)  # hang-up only
    poll.poll()
    os._exit(0)  # of the container's first process: all others end with it


def _say(message: Data) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()
