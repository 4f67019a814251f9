"""Bulk judging: a table of programs in shards, each judged by a pod of its own, gathered in order.

    store/bulk/<key>/shards.json                 how many shards and programs, and the config
    store/bulk/<key>/shards/<n>/...            problems.jsonl, programs.jsonl
    store/bulk/<key>/verdicts/<n>.jsonl        appears whole, when the shard is done
    store/journal/bulk/<key>-<n>/...           verdicts of a shard under way; gone when it is done

The pods are trusted: they read shards and call the sandbox pool, and run no program.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from itertools import islice
from pathlib import Path

from acecoder.config import decisive, digest_of
from acecoder.engine.distinct import OnDisk, OwnIds, the_one
from acecoder.engine.home import Home
from acecoder.engine.lookup import Lookup
from acecoder.engine.progress import Progress
from acecoder.engine.publishing import content_digest
from acecoder.engine.store import ObjectStore
from acecoder.engine.tables import read_table
from acecoder.errors import InputError, PlatformError
from acecoder.judging.table import JudgingConfig, ProgramTable, judge
from acecoder.schema import Problem, Program, Record, Verdict

FLUSH_EVERY = 500
"""Verdicts an object of a shard's journal: what a pod that dies may have to judge again."""


@dataclass(frozen=True)
class Shards:
    """What is to be judged, as the store has it."""

    key: str
    num_shards: int
    num_programs: int
    config: str
    """The `JudgingConfig` as JSON."""

    def directory(self) -> str:
        return f"bulk/{self.key}"

    def verdicts(self, index: int) -> str:
        return f"{self.directory()}/verdicts/{index:06d}.jsonl"

    def shard(self, index: int, table: str) -> str:
        return f"{self.directory()}/shards/{index:06d}/{table}.jsonl"


def store_of(home: Home) -> ObjectStore:
    """The store that pods and their starter share. Raises InputError where there is none."""
    if home.store is None:
        raise InputError(
            "bulk judging needs an object store",
            where="ACECODER_STORE",
            remedy="ACECODER_STORE=s3://BUCKET/PREFIX, AWS_ENDPOINT_URL and keys, as pods have them",
        )
    return home.store


def split(home: Home, problems: Path, programs: Path, config: JudgingConfig, size: int) -> Shards:
    """Put shards of `size` programs into the store; the same tables and config, the same shards.

    A killed split resumes where it was. Raises InputError on a bad record or an unknown problem.
    """
    store = store_of(home)
    parts = [
        content_digest(problems),
        content_digest(programs),
        decisive(config),
        size,
        config.sandbox.digest(),
    ]
    key = digest_of(parts)[:16]
    found = store.get(f"bulk/{key}/shards.json")
    if found is not None:
        # What decides no verdict (where the pool is) may have changed since.
        return _write(store, replace(Shards(**json.loads(found)), config=config.model_dump_json()))
    there = set(store.names(f"bulk/{key}/shards/"))
    num_shards = count = 0
    shards = Shards(key, 0, 0, config.model_dump_json())
    with Lookup(problems, Problem, "id") as known, closing(OnDisk()) as taken:
        read = OwnIds(taken).of(read_table(programs, Program))
        while chunk := list(islice(read, size)):
            used = [
                the_one(known, name, "bulk judging")
                for name in sorted({p.problem_id for p in chunk})
            ]
            for table, records in (("problems", used), ("programs", chunk)):
                if shards.shard(num_shards, table) not in there:
                    store.put(shards.shard(num_shards, table), _lines(records))
            num_shards, count = num_shards + 1, count + len(chunk)
    return _write(store, Shards(key, num_shards, count, shards.config))


def _write(store: ObjectStore, shards: Shards) -> Shards:
    store.put(f"{shards.directory()}/shards.json", json.dumps(asdict(shards)).encode())
    return shards


def _lines(records: Iterable[Record]) -> bytes:
    return "".join(record.model_dump_json() + "\n" for record in records).encode()


def load(home: Home, key: str) -> Shards:
    """Raises InputError where the store has none of that key."""
    store = store_of(home)
    found = store.get(f"bulk/{key}/shards.json")
    if found is None:
        raise InputError(f"no bulk judging '{key}'", where=store.uri("bulk/"))
    return Shards(**json.loads(found))


def judge_shard(home: Home, key: str, index: int) -> None:
    """Judge one shard unless that was done; killed, it resumes from its journal."""
    store, shards = store_of(home), load(home, key)
    progress = Progress(f"shard {index}")
    if store.names(shards.verdicts(index)):
        progress.say("done before")
        return
    directory = home.root / shards.directory() / f"{index:06d}"
    directory.mkdir(parents=True, exist_ok=True)
    for table in ("problems", "programs"):
        data = store.get(shards.shard(index, table))
        if data is None:
            raise InputError("no such shard", where=store.uri(shards.shard(index, table)))
        (directory / f"{table}.jsonl").write_bytes(data)
    config = JudgingConfig.model_validate_json(shards.config)
    journal = home.open_journal("bulk", f"{key}-{index:06d}")
    with ProgramTable(directory / "problems.jsonl", directory / "programs.jsonl") as asked:
        judge(asked.groups(), asked.total, config, journal, progress, FLUSH_EVERY)
        made = list(asked.verdicts(journal))
    store.put(shards.verdicts(index), _lines(made))
    store.delete(store.names(f"journal/bulk/{key}-{index:06d}/"))


def done_shards(home: Home, shards: Shards) -> int:
    return len(store_of(home).names(f"{shards.directory()}/verdicts/"))


def gather(home: Home, shards: Shards) -> Iterator[Verdict]:
    """All verdicts, in the order of the programs. Raises PlatformError where one is missing."""
    store, count = store_of(home), 0
    for index in range(shards.num_shards):
        data = store.get(shards.verdicts(index))
        if data is None:
            raise PlatformError(
                f"shard {index} has no verdicts yet",
                where=store.uri(shards.directory()),
                remedy="run judge-bulk again: it resumes",
            )
        for line in data.splitlines():
            count += 1
            yield Verdict.model_validate_json(line)
    if count != shards.num_programs:
        raise PlatformError(
            f"{count} verdicts of {shards.num_programs} programs",
            where=store.uri(shards.directory()),
            remedy="remove that prefix from the store and judge again",
        )
