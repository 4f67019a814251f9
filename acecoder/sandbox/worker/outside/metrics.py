"""What the pool counts, as Prometheus text."""

import threading

BUCKETS_S = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60)


class Metrics:
    """Counters and one histogram, as Prometheus text."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counters = dict.fromkeys(
            (
                "attempts_total",
                "requests_total",
                "requests_refused_total",
                "workers_lost_total",
                "unauthorized_total",
                "connections_refused_total",
            ),
            0,
        )
        self._buckets = [0] * (len(BUCKETS_S) + 1)
        self._sum_s = 0.0

    def count(self, name: str, amount: int = 1) -> None:
        with self._lock:
            self._counters[name] += amount

    def observe(self, seconds: float) -> None:
        with self._lock:
            place = next((i for i, edge in enumerate(BUCKETS_S) if seconds <= edge), -1)
            self._buckets[place] += 1
            self._sum_s += seconds

    def text(self, gauges: dict[str, int]) -> str:
        lines = []
        for name, value in gauges.items():
            lines += [f"# TYPE sandbox_pool_{name} gauge", f"sandbox_pool_{name} {value}"]
        with self._lock:
            for name, value in self._counters.items():
                lines += [f"# TYPE sandbox_pool_{name} counter", f"sandbox_pool_{name} {value}"]
            lines.append("# TYPE sandbox_pool_trial_seconds histogram")
            total = 0
            for edge, count in zip((*BUCKETS_S, "+Inf"), self._buckets, strict=True):
                total += count
                lines.append(f'sandbox_pool_trial_seconds_bucket{{le="{edge}"}} {total}')
            lines += [
                f"sandbox_pool_trial_seconds_sum {self._sum_s:.6f}",
                f"sandbox_pool_trial_seconds_count {total}",
            ]
        return "\n".join(lines) + "\n"
