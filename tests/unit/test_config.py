"""Profiles: unknown keys are refused by name, `--set` wins, keys never hold secrets."""

from __future__ import annotations

from pathlib import Path

import pytest

from acecoder.config import decisive, validate
from acecoder.errors import InputError
from acecoder.llm.endpoint import EndpointModel
from acecoder.pipelines import dags
from acecoder.profiles import Profile, apply_settings, read_profile, step_table


def profile_of(tmp_path: Path, change: str, to: str) -> Profile:
    text = Path("pipelines/profiles/smoke.toml").read_text()
    assert change in text
    path = tmp_path / "mine.toml"
    path.write_text(text.replace(change, to))
    return Profile.load(str(path))


@pytest.mark.parametrize(
    ("change", "to", "said"),
    [
        ("max_seeds = 6", "max_seedz = 6", "unknown key 'max_seedz'"),
        ("max_seeds = 6", "max_seeds = 0", "max_seeds: Input should be greater than or equal to 1"),
        ("[collect_seeds]", "[colect_seeds]", "unknown table [colect_seeds]"),
        ("[sample_programs.candidates]", "[sample_programs.candidate]", "'candidate' in [sample"),
        ('source = "random:tiny"', 'sauce = "random:tiny"', "unknown key 'model.sauce'"),
        ("[models.base]", "[models.other]", "model: Field required"),
    ],
)
def test_a_mistake_in_a_profile_is_named(tmp_path: Path, change: str, to: str, said: str) -> None:
    with pytest.raises(InputError) as caught:
        dags.build("acecoder", profile_of(tmp_path, change, to))
    assert said in str(caught.value)
    assert "mine.toml" in str(caught.value)


def test_a_missing_profile_and_broken_toml_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no profile"):
        Profile.load("nowhere/none.toml")
    broken = tmp_path / "broken.toml"
    broken.write_text("a = [")
    with pytest.raises(InputError, match=r"broken\.toml: not valid TOML"):
        read_profile(broken)


def test_settings_override_the_profile_and_keep_types() -> None:
    base = {"a": {"n": 1, "deep": {"x": 1}}}
    changed = apply_settings(base, ["a.n=2", "a.deep.x=0.5", "a.name=hello", "b.on=true"])
    assert changed == {"a": {"n": 2, "deep": {"x": 0.5}, "name": "hello"}, "b": {"on": True}}
    assert base == {"a": {"n": 1, "deep": {"x": 1}}}
    with pytest.raises(InputError, match=r"--set: cannot read 'nonsense'"):
        apply_settings(base, ["nonsense"])


def test_a_step_overrides_its_stage_and_nested_tables_merge() -> None:
    profile = {"s": {"n": 1, "limits": {"a": 1, "b": 2}, "use": {"n": 3, "limits": {"b": 9}}}}
    assert step_table(profile, "s", "use", ["use"]) == {"n": 3, "limits": {"a": 1, "b": 9}}
    assert step_table(profile, "s", "", ["use"]) == {"n": 1, "limits": {"a": 1, "b": 2}}


def test_fields_that_cannot_change_a_result_are_left_out_of_the_key() -> None:
    one = EndpointModel(base_url="http://a/v1", model="m", timeout_s=1)
    two = EndpointModel(base_url="http://b/v1", model="m", timeout_s=9)
    assert decisive(one) == decisive(two)
    assert decisive(one) != decisive(EndpointModel(base_url="http://a/v1", model="n"))


def test_a_url_with_a_password_in_it_is_refused() -> None:
    with pytest.raises(InputError, match="must not hold a user or password"):
        validate(
            EndpointModel,
            {"kind": "endpoint", "base_url": "https://me:secret@host/v1", "model": "m"},
            where="test",
        )


def test_a_profile_begins_with_another_and_overrides_it_key_by_key(tmp_path: Path) -> None:
    from acecoder.profiles import read_profile

    (tmp_path / "base.toml").write_text("[a]\nx = 1\ny = { p = 1, q = 2 }\n[b]\nz = 3\n")
    own = tmp_path / "own.toml"
    own.write_text("[profile]\nextends = 'base'\n[a]\ny = { q = 5 }\n")
    found = read_profile(own)
    assert found["a"] == {"x": 1, "y": {"p": 1, "q": 5}} and found["b"] == {"z": 3}
    own.write_text("[profile]\nextends = 'smoke'\n[train_policy]\nsteps = 3\n")
    assert read_profile(own)["train_policy"]["steps"] == 3
    assert "models" in read_profile(own), "a shipped one, where there is none beside it"
    (tmp_path / "base.toml").write_text("[profile]\nextends = 'own'\n")
    own.write_text("[profile]\nextends = 'base'\n")
    with pytest.raises(InputError, match="extends itself"):
        read_profile(own)
    own.write_text("[profile]\nextends = 'nothing-such'\n")
    with pytest.raises(InputError, match="no profile"):
        read_profile(own)
