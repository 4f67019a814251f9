"""What is scored is what was trained: one rendering, no pair lost unseen, another rendering refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from transformers import AutoTokenizer

from acecoder.chats import as_read, prompt_ids, render_chat
from acecoder.engine.home import Home
from acecoder.entry import run_step
from acecoder.errors import InputError, PlatformError
from acecoder.llm.weights import resolve
from acecoder.reward import scorer as scorers
from acecoder.reward.encoding import Chat, Encoder, common_prefix
from acecoder.reward.problems import TOO_LONG, read_problems
from acecoder.reward.record import FILE, ScoringRecord
from acecoder.reward.scoring import RewardModel
from acecoder.schema import Pair
from acecoder.stages import load_stage

LONG = "Write the function f. " * 40
TABLE: dict[str, Any] = {
    "model": {"kind": "local", "source": "random:tiny"},
    "held_out_share": 0.3,
    "dtype": "float32",
    "pairs_per_update": 4,
    "learning_rate": 1e-3,
}


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> str:
    return resolve("random:tiny", "", Home(tmp_path_factory.mktemp("home")))


@pytest.fixture
def tokenizer(base: str) -> Any:
    return AutoTokenizer.from_pretrained(base)


def a_pair(problem: str, question: str, chosen: str, rejected: str) -> Pair:
    return Pair(
        problem_id=problem,
        prompt=question,
        chosen=chosen,
        rejected=rejected,
        chosen_pass_rate=1.0,
        rejected_pass_rate=0.0,
    )


def written(path: Path, pairs: list[Pair]) -> Path:
    path.write_text("".join(pair.model_dump_json() + "\n" for pair in pairs))
    return path


def test_the_rendering_to_the_byte(tokenizer: Any) -> None:
    encoder = Encoder(tokenizer, max_length_tokens=512, over_limit="drop")
    assert encoder.rendered(Chat("Add one.", "\ndef f(x):\n    return x + 1\n")) == (
        "<|im_start|>user\nAdd one.<|im_end|>\n"
        "<|im_start|>assistant\n```python\ndef f(x):\n    return x + 1\n```<|im_end|>\n"
    )


def adds_first_token(tokenizer: Any) -> None:
    """As tokenizers of Llama 3 do."""
    from tokenizers.processors import TemplateProcessing

    tokenizer.chat_template = "{{ bos_token }}" + tokenizer.chat_template
    tokenizer.backend_tokenizer.post_processor = TemplateProcessing(
        single="<|im_start|> $A", special_tokens=[("<|im_start|>", 0)]
    )


def test_a_token_that_the_template_writes_is_not_added_again(tokenizer: Any) -> None:
    """Tokenizers of Llama 3, Mistral and Gemma add a first token to every text, and their templates write
    one too."""
    adds_first_token(tokenizer)
    chat = Chat("Add one.", "def f(x): return x + 1")
    text = Encoder(tokenizer, max_length_tokens=512, over_limit="drop").rendered(chat)
    assert tokenizer(text)["input_ids"][:3] == [0, 0, 0], "the trap is there"
    encoded = Encoder(tokenizer, max_length_tokens=512, over_limit="drop").encode(chat)
    assert encoded is not None and encoded.ids[:2] == (0, 0) and encoded.ids[2] != 0


def test_sampling_rl_and_scoring_read_the_same_first_tokens(tokenizer: Any) -> None:
    adds_first_token(tokenizer)
    text = render_chat(tokenizer, [("user", "Add one.")], "```python\n")
    ids = prompt_ids(tokenizer, text)
    assert ids[:2] == [0, 0] and ids[2] != 0, "the first token, then that of the user's turn"
    # TRL's trainers tokenize a prompt as it comes.
    assert tokenizer(as_read(tokenizer, text))["input_ids"] == ids
    encoder = Encoder(tokenizer, max_length_tokens=512, over_limit="drop")
    scored = encoder.encode(Chat("Add one.", "def f(x): return x + 1"))
    shared = common_prefix([ids, (*scored.ids, 0)]) if scored else 0
    # The line end may belong to one token with what follows it.
    assert tokenizer.decode(ids[:shared]).endswith("<|im_start|>assistant\n```python")


def test_a_prompt_is_left_as_it_is_where_nothing_is_added(tokenizer: Any) -> None:
    text = render_chat(tokenizer, [("user", "Add one.")], "")
    assert as_read(tokenizer, text) == text


def test_a_long_question_is_cut_at_its_end_and_the_program_never(tokenizer: Any) -> None:
    program = "def f(x):\n    return x + 1"
    encoder = Encoder(tokenizer, max_length_tokens=96, over_limit="cut_question")
    encoded = encoder.encode(Chat(LONG, program))
    assert encoded is not None and encoded.is_cut and len(encoded.ids) <= 96
    text = tokenizer.decode(encoded.ids)
    assert text.startswith("<|im_start|>user\nWrite the function f.") and program in text
    assert len(encoded.ids) > 90, "no more is cut than must be"
    assert encoder.encode(Chat(LONG, "x = 1\n" * 200)) is None
    assert (
        Encoder(tokenizer, max_length_tokens=96, over_limit="drop").encode(Chat(LONG, "")) is None
    )


def test_pairs_read_are_those_kept_and_those_dropped(tokenizer: Any) -> None:
    pairs = [
        a_pair("a", "Add one.", "def f(x): return x + 1", "pass"),
        a_pair("a", "Add one.", "def f(x): return x + 1", "x = 1\n" * 300),
        a_pair("b", LONG, "def f(x): return x + 1", "pass"),
        a_pair("c", "Add.", "y = 1\n" * 300, "pass"),
    ]
    encoder = Encoder(tokenizer, max_length_tokens=128, over_limit="cut_question")
    read = read_problems(pairs, encoder)
    assert read.num_pairs + sum(read.dropped.values()) == len(pairs)
    assert read.dropped == {TOO_LONG: 2} and read.num_cut == 1
    assert [problem.problem_id for problem in read.problems] == ["a", "b"]
    dropping = Encoder(tokenizer, max_length_tokens=128, over_limit="drop")
    assert read_problems(pairs, dropping).dropped == {TOO_LONG: 3}


def test_what_is_lost_is_reported_and_nothing_left_is_an_error(tmp_path: Path, home: Home) -> None:
    pairs = [a_pair(f"p{i}", "Add one.", f"def f(x): return x + {i}", "pass") for i in range(8)]
    pairs += [a_pair(f"p{i}", "Add one.", "x = 1\n" * 300, "pass") for i in range(8)]
    given = {"pairs": written(tmp_path / "pairs.jsonl", pairs)}
    stage = load_stage("train_reward_model")
    done = run_step(
        stage, step="rm", table={**TABLE, "max_length_tokens": 128}, inputs=given, home=home
    )
    told = done.report.metrics
    assert told["pairs"] == told["pairs_trained"] + told["pairs_held_out"] + told["pairs_dropped"]
    assert told["pairs_dropped"] > 4 and done.report.details["dropped"] == {
        TOO_LONG: told["pairs_dropped"]
    }
    with pytest.raises(InputError, match="are longer than max_length_tokens = 16"):
        run_step(
            stage, step="rm", table={**TABLE, "max_length_tokens": 16}, inputs=given, home=home
        )


def test_a_loss_that_is_no_number_stops_with_its_batch(
    tmp_path: Path, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    pairs = [a_pair(f"p{i}", "Add one.", f"def f(x): return x + {i}", "pass") for i in range(8)]
    made = scorers.new_scorer

    def broken(base: str, **named: Any) -> Any:
        model = made(base, **named)
        with torch.no_grad():
            model.inner.score.weight.fill_(float("nan"))
        return model

    monkeypatch.setattr(scorers, "new_scorer", broken)
    with pytest.raises(PlatformError, match="update 1 is no number") as error:
        run_step(
            load_stage("train_reward_model"),
            step="rm",
            table=TABLE,
            inputs={"pairs": written(tmp_path / "pairs.jsonl", pairs)},
            home=home,
        )
    rows = [json.loads(line) for line in Path(error.value.where or "").read_text().splitlines()]
    assert rows and all(row["loss"] == "nan" and row["problem_id"] for row in rows)


@pytest.fixture
def trained(tmp_path: Path, home: Home) -> Path:
    pairs = [a_pair(f"p{i}", "Add one.", f"def f(x): return x + {i}", "pass") for i in range(8)]
    done = run_step(
        load_stage("train_reward_model"),
        step="rm",
        table={**TABLE, "max_length_tokens": 64},
        inputs={"pairs": written(tmp_path / "pairs.jsonl", pairs)},
        home=home,
    )
    return done.directory / "reward_model"


def test_a_model_says_its_limit_and_what_its_scores_are_like(trained: Path) -> None:
    record = json.loads((trained / FILE).read_text())
    assert record["max_length_tokens"] == 64 and record["over_limit"] == "cut_question"
    assert record["calibration"]["num_programs"] >= 3 and record["calibration"]["sigma"] > 0
    model = RewardModel(trained, batch_size=2)
    assert model.calibration.num_programs == record["calibration"]["num_programs"]
    assert len(model.encoded(Chat(LONG, "pass"))) <= 64 and model.num_cut_programs == 0
    assert len(model.encoded(Chat("Add.", "x = 1\n" * 99))) == 64 and model.num_cut_programs == 1


@pytest.mark.parametrize("what", ["rendering", "chat template", "no record"])
def test_another_rendering_than_the_trained_one_is_refused(trained: Path, what: str) -> None:
    record = ScoringRecord.model_validate_json((trained / FILE).read_text())
    if what == "no record":
        (trained / FILE).unlink()
        match = "does not say what it was trained on"
    else:
        changed = "rendering_sha256" if what == "rendering" else "chat_template_sha256"
        record.model_copy(update={changed: "0" * 64}).write(trained)
        match = f"trained on another {what}"
    with pytest.raises(InputError, match=match):
        RewardModel(trained, batch_size=2)


def test_the_head_stays_float32_in_a_bfloat16_model(tmp_path: Path, home: Home) -> None:
    from safetensors import safe_open

    pairs = [a_pair(f"p{i}", "Add one.", f"def f(x): return x + {i}", "pass") for i in range(8)]
    done = run_step(
        load_stage("train_reward_model"),
        step="rm",
        table={**TABLE, "dtype": "bfloat16"},
        inputs={"pairs": written(tmp_path / "pairs.jsonl", pairs)},
        home=home,
    )
    (file,) = (done.directory / "reward_model").glob("*.safetensors")
    with safe_open(file, "pt") as tensors:
        dtypes = {name: tensors.get_tensor(name).dtype for name in tensors.keys()}  # noqa: SIM118
    assert dtypes.pop("score.weight") == torch.float32
    assert set(dtypes.values()) == {torch.bfloat16}
    assert json.loads((file.parent / "config.json").read_text())["dtype"] == "bfloat16"
    model = RewardModel(file.parent, batch_size=2)
    (score,) = model.score([Chat("Add one.", "pass")])
    assert score != float(torch.tensor(score).bfloat16()), "it is not rounded to bfloat16"


@given(st.lists(st.lists(st.integers(0, 2), min_size=1, max_size=6), min_size=1, max_size=4))
def test_the_common_prefix_is_the_longest_that_leaves_each_its_end(ids: list[list[int]]) -> None:
    length = common_prefix(ids)
    assert all(each[:length] == ids[0][:length] and len(each) > length for each in ids)
    if length < min(map(len, ids)) - 1:
        assert len({each[length] for each in ids}) > 1
