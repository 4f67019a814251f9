"""promote_model: scores + registry -> a decision, a registered version, a change to git."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from pydantic import Field

from acecoder.config import JsonValue, incidental
from acecoder.engine.contract import In, ModelIn, Out, Registry, Report, StageContext, Version
from acecoder.engine.publishing import content_digest, file_digests
from acecoder.engine.tables import read_table
from acecoder.errors import InputError
from acecoder.evaluation.values import CONTAMINATED_FILE, VALUES_FILE, ValuesByModel
from acecoder.gitops.config import WritesGit
from acecoder.gitops.proposals import Proposal, propose
from acecoder.gitops.repository import Repository
from acecoder.promotion import provenance, serving_files, version_tags
from acecoder.promotion.aliases import crown
from acecoder.promotion.gate import Decision, Gate, MetricRule, Seen, compare, decide
from acecoder.promotion.lineage import trace
from acecoder.promotion.release import (
    RELEASE,
    Release,
    Workload,
    read_release,
    refuse_pickles,
    release_of,
    rendering_of,
)
from acecoder.rl.measures import read_measures
from acecoder.schema import Score

"""What training measured of a model, beside its weights."""


class PromoteModelConfig(WritesGit):
    """What the gate asks for, and where a release is written."""

    model_name: str = Field("acecoder-policy", pattern=r"^[A-Za-z0-9][\w.-]*$")
    """Name in the registry."""
    reward_model_name: str = Field("acecoder-reward-model", pattern=r"^[A-Za-z0-9][\w.-]*$")
    """Name of the reward model in the registry, which is released beside the policy where one is given."""
    environment: str = Field("production", pattern=r"^[a-z0-9][a-z0-9-]*$")
    """The directory of `serving/` that a release is written to."""
    gate: Gate = Gate()
    """What a candidate must show."""
    override: str = ""
    """A person's reason to release a candidate that the gate holds; it is recorded."""
    signing_key_file: str = incidental("")
    """An Ed25519 key (PEM, from a Secret) that signs the provenance of a release; empty for none."""
    base: str = "../../../manifests/serving/{workload}"
    """What the kustomization of a workload stands on: a path in the operations repository, or the
    address of a repository with `?ref=`."""


def promote_model(
    config: PromoteModelConfig,
    *,
    policy: ModelIn,
    candidate_scores: In,
    initial_scores: In,
    reward_model: ModelIn | None = None,
    decision: Out,
    context: StageContext,
) -> Report:
    """Register the policy, compare it with the champion (or, without one, the initial model), and
    release it where the gate agrees.

    A release is a change to `serving/<environment>/` of the operations repository: a commit, or a pull
    request. No alias but `candidate` moves: `champion` follows what serves (`acecoder reconcile`). Where
    no repository is configured nothing serves, and the aliases follow the home's own at once. Raises
    InputError, PlatformError.
    """
    registry = context.registry()
    promotion = _Promotion(config, context, registry)
    ours = promotion.register(config.model_name, policy, candidate_scores)
    promotion.say_scores(ours, candidate_scores)
    models: list[tuple[Workload, Version, Path]] = [("policy", ours, policy)]
    if reward_model is not None:
        ranks = promotion.register(config.reward_model_name, reward_model, candidate_scores)
        models.append(("reward-model", ranks, reward_model))
    champion = registry.behind(config.model_name, "champion")
    found = promotion.decide(ours, champion, policy, candidate_scores, initial_scores)
    record: dict[str, JsonValue] = {
        "model": ours.name,
        "version": ours.version,
        "digest": ours.digest,
        "source": ours.source,
        "scores": ours.scores,
        "run_key": context.run_key,
        "against": _called(champion),
        "environment": config.environment,
        "promote": found.promote,
        "reason": found.reason,
        "override": config.override,
        "checks": found.plain(),
    }
    released = promotion.release(record, found, models) if found.promote else {}
    whole = {**record, **released}
    (decision / "decision.json").write_text(json.dumps(whole, indent=1) + "\n")
    (decision / "decision.md").write_text(serving_files.markdown(whole, found.checks))
    word = "promoted" if found.promote else "not promoted"
    context.progress.say(f"{ours.name} version {ours.version} {word}: {found.reason}")
    for key, value in released.items():
        if value:
            context.progress.say(f"{key}: {value}")
    metrics = {"promoted": float(found.promote), "version": float(ours.version)}
    first = next((check for check in found.checks if check.difference is not None), None)
    if first is not None:
        for key in ("difference", "bound", "low", "high"):
            metrics[key] = float(getattr(first, key))
    return Report(metrics, details=whole)


class _Promotion:
    """One candidate on its way through the gate."""

    def __init__(
        self, config: PromoteModelConfig, context: StageContext, registry: Registry
    ) -> None:
        self._config, self._context, self._registry = config, context, registry

    def register(self, name: str, directory: Path, scores: Path) -> Version:
        """A version of the model in the registry; the one of the same files, if there is one."""
        home = self._context.home
        refuse_pickles(list(file_digests(directory)), str(directory))
        tags = {
            "digest": content_digest(directory),
            "rendering": rendering_of(directory),
            "scores": home.permanent(scores),
            "home": str(home.root),
        }
        found = self._registry.register(name, directory, home.permanent(directory), tags)
        run_key = found.tags.get("run_key") or self._context.run_key  # the run that made it first
        if not run_key:
            return found
        found = replace(found, tags={**found.tags, "run_key": run_key})
        own = version_tags.of_steps(found, self._registry.finished(run_key))
        self._registry.tag(found, own | {"run_key": run_key})
        return replace(found, tags={**found.tags, **own})

    def say_scores(self, ours: Version, scores: Path) -> None:
        """Tag the policy's version with its scores, where there is a table of them."""
        if any(scores.glob("records.*")):
            self._registry.tag(ours, version_tags.of_scores(read_table(scores, Score)))

    def decide(
        self, ours: Version, champion: Version | None, policy: Path, mine: Path, initial: Path
    ) -> Decision:
        """What the gate says, and what a person says over it."""
        config = self._config
        theirs = initial if champion is None else self._context.home.open(champion.scores)
        opponent = _called(champion)
        checks = [
            compare(rule, _values(mine, rule), _values(theirs, rule), opponent)
            for rule in config.gate.metrics
        ]
        found = decide(config.gate, checks, _seen(mine, policy))
        if champion is not None and champion.version == ours.version:
            found = Decision(True, "the same model: this version is the champion", found.checks)
        # Also of the champion itself: a release that git has taken back may serve for a while yet.
        withdrawn = self._withdrawn(ours)
        if withdrawn and found.promote:
            found = replace(found, promote=False, reason=withdrawn)
        if config.override and not found.promote:
            return replace(
                found, promote=True, reason=f"by hand: {config.override} ({found.reason})"
            )
        return found

    def _withdrawn(self, ours: Version) -> str:
        """Why a version that was released before is not released again by itself, or nothing."""
        before = ours.tags.get(f"released.{self._config.environment}", "")
        if not before or self._config.git.write == "nothing":
            return ""
        with self._repository().at_head() as head:
            path = f"{serving_files.folder(self._config.environment, 'policy')}/{RELEASE}"
            text = head.read(path)
        if text and read_release(text, path).digest == ours.digest:
            return ""
        return (
            f"it was released before (commit {before[:12]}) and taken back; promote_model.override "
            "with a reason releases it again"
        )

    def release(
        self,
        record: dict[str, JsonValue],
        found: Decision,
        models: list[tuple[Workload, Version, Path]],
    ) -> dict[str, JsonValue]:
        """Write the release to git; the commit, the branch, the address of the pull request."""
        config = self._config
        if config.git.write == "nothing":
            return {"commit": "", "released": "no: git.write is 'nothing'"}
        ours = models[0][1]
        releases = [self._release(workload, version, path) for workload, version, path in models]
        texts = serving_files.evidence(record, found.checks)
        statements = {
            release.workload: self._provenance(release, version, found)
            for release, (_, version, _) in zip(releases, models, strict=True)
        }
        title = f"Promote {ours.name} version {ours.version} to {config.environment}"
        proposes = config.git.write == "pull_request"
        branch = f"promote/{config.environment}/{ours.name}-v{ours.version}" if proposes else ""
        made = self._repository().commit(
            lambda head: serving_files.files(
                head,
                releases,
                environment=config.environment,
                base=config.base,
                evidence=texts,
                statements=statements,
            ),
            f"{title}\n\n{found.reason}\n\nRun-Key: {self._context.run_key or '-'}\nDigest: {ours.digest}",
            branch=branch,
        )
        address = propose(config.git, Proposal(branch, title, _body(texts))) if proposes else ""
        for _, version, _ in models:
            self._registry.tag(version, {f"released.{config.environment}": made.id})
        if not config.git.url:
            # Nothing serves from the home's own repository: what it releases is the champion.
            for _, version, _ in models:
                crown(self._registry, version.name, version.version)
        return {"commit": made.id, "branch": branch, "pull_request": address}

    def _release(self, workload: Workload, version: Version, directory: Path) -> Release:
        return release_of(
            directory,
            workload=workload,
            name=version.name,
            version=version.version,
            source=version.source,
            run_key=version.tags.get("run_key", ""),
        )

    def _provenance(self, release: Release, version: Version, found: Decision) -> str:
        """Where it came from, signed where a key is given."""
        steps = self._registry.finished(release.run_key) if release.run_key else []
        stated = provenance.statement(release, trace(version, steps), found.plain())
        if self._config.signing_key_file:
            stated = provenance.envelope(stated, Path(self._config.signing_key_file))
        return json.dumps(stated, indent=1, sort_keys=True) + "\n"

    def _repository(self) -> Repository:
        home = self._context.home
        if not self._config.git.url and home.store is not None:
            raise InputError(
                "no operations repository is configured, and a pod's disk does not outlive it",
                where="promote_model.git",
                remedy='git.url in the infra file, or git.write = "nothing" to decide alone',
            )
        return Repository(self._config.git, home.git)


def _body(texts: dict[str, str]) -> str:
    """The evidence as a pull request shows it."""
    return next(text for name, text in texts.items() if name.endswith(".md"))


def _called(champion: Version | None) -> str:
    return "the initial model" if champion is None else f"champion version {champion.version}"


def _seen(scores: Path, policy: Path) -> Seen:
    """What lies beside the scores and the weights."""
    contaminated = scores / CONTAMINATED_FILE
    share = None
    if contaminated.exists():
        share = float(json.loads(contaminated.read_text())["share"])
    measured = read_measures(policy)
    return Seen(share, measured.get("hacking_gap"), measured.get("reward_difference"))


def _values(scores: Path, rule: MetricRule) -> dict[str, float] | None:
    """A metric by problem, or None where it was not measured."""
    try:
        by_model: ValuesByModel = json.loads((scores / VALUES_FILE).read_text())
    except FileNotFoundError:
        raise InputError("no values per problem beside the scores", where=str(scores)) from None
    if len(by_model) != 1:
        raise InputError(
            f"scores of {len(by_model)} models ({', '.join(by_model)})",
            where=str(scores),
            remedy="evaluate each model's programs in a step of its own",
        )
    (values,) = by_model.values()
    return values.get(rule.benchmark, {}).get(rule.metric)
