"""Bulk judging: a table of programs in shards, each judged by a pod of its own, gathered in order.

    store/bulk/<key>/plan.json                 how many shards and programs, and the config
    store/bulk/<key>/shards/<n>/...            problems.jsonl, programs.jsonl
    store/bulk/<key>/verdicts/<n>.jsonl        appears whole, when the shard is done
    store/journal/bulk/<key>-<n>/...           verdicts of a shard under way; gone when it is done

The pods are trusted: they read shards and call the sandbox pool, and run no program.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from itertools import islice
from pathlib import Path

from acecoder.config import decisive, digest_of
from acecoder.engine.home import Home
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
class Plan:
    """What is to be judged, as the store has it."""

    key: str
    shards: int
    programs: int
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


def split(home: Home, problems: Path, programs: Path, config: JudgingConfig, size: int) -> Plan:
    """Put shards of `size` programs into the store; the same tables and config, the same plan.

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
    found = store.get(f"bulk/{key}/plan.json")
    if found is not None:
        # What decides no verdict (where the pool is) may have changed since.
        return _write(store, replace(Plan(**json.loads(found)), config=config.model_dump_json()))
    known = {problem.id: problem for problem in read_table(problems, Problem)}
    there = set(store.names(f"bulk/{key}/shards/"))
    read = read_table(programs, Program)
    shards = count = 0
    plan = Plan(key, 0, 0, config.model_dump_json())
    while chunk := list(islice(read, size)):
        used = {name: _known(known, name) for name in sorted({p.problem_id for p in chunk})}
        for table, records in (("problems", used.values()), ("programs", chunk)):
            if plan.shard(shards, table) not in there:
                store.put(plan.shard(shards, table), _lines(records))
        shards, count = shards + 1, count + len(chunk)
    return _write(store, Plan(key, shards, count, plan.config))


def _write(store: ObjectStore, plan: Plan) -> Plan:
    store.put(f"{plan.directory()}/plan.json", json.dumps(asdict(plan)).encode())
    return plan


def _known(problems: dict[str, Problem], name: str) -> Problem:
    if name not in problems:
        raise InputError(
            f"a program is for a problem that is not there: {name}",
            where="bulk judging",
            remedy="pass the problems that the programs were made for",
        )
    return problems[name]


def _lines(records: Iterable[Record]) -> bytes:
    return "".join(record.model_dump_json() + "\n" for record in records).encode()


def load_plan(home: Home, key: str) -> Plan:
    """Raises InputError where the store has none of that key."""
    store = store_of(home)
    found = store.get(f"bulk/{key}/plan.json")
    if found is None:
        raise InputError(f"no bulk judging '{key}'", where=store.uri("bulk/"))
    return Plan(**json.loads(found))


def judge_shard(home: Home, key: str, index: int) -> None:
    """Judge one shard unless that was done; killed, it resumes from its journal."""
    store, plan = store_of(home), load_plan(home, key)
    progress = Progress(f"shard {index}")
    if store.names(plan.verdicts(index)):
        progress.say("done before")
        return
    directory = home.root / plan.directory() / f"{index:06d}"
    directory.mkdir(parents=True, exist_ok=True)
    for table in ("problems", "programs"):
        data = store.get(plan.shard(index, table))
        if data is None:
            raise InputError("no such shard", where=store.uri(plan.shard(index, table)))
        (directory / f"{table}.jsonl").write_bytes(data)
    config = JudgingConfig.model_validate_json(plan.config)
    journal = home.open_journal("bulk", f"{key}-{index:06d}")
    with ProgramTable(directory / "problems.jsonl", directory / "programs.jsonl") as asked:
        judge(asked.groups(), asked.total, config, journal, progress, FLUSH_EVERY)
        made = list(asked.verdicts(journal))
    store.put(plan.verdicts(index), _lines(made))
    store.delete(store.names(f"journal/bulk/{key}-{index:06d}/"))


def done_shards(home: Home, plan: Plan) -> int:
    return len(store_of(home).names(f"{plan.directory()}/verdicts/"))


def gather(home: Home, plan: Plan) -> Iterator[Verdict]:
    """All verdicts, in the order of the programs. Raises PlatformError where one is missing."""
    store, count = store_of(home), 0
    for index in range(plan.shards):
        data = store.get(plan.verdicts(index))
        if data is None:
            raise PlatformError(
                f"shard {index} has no verdicts yet",
                where=store.uri(plan.directory()),
                remedy="run judge-bulk again: it resumes",
            )
        for line in data.splitlines():
            count += 1
            yield Verdict.model_validate_json(line)
    if count != plan.programs:
        raise PlatformError(
            f"{count} verdicts of {plan.programs} programs",
            where=store.uri(plan.directory()),
            remedy="remove that prefix from the store and judge again",
        )
