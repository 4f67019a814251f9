"""A miniature of a published AceCodeRM is imported and gives its own scores; ours is read by others' classes."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import (
    AutoModelForSequenceClassification,
    AutoModelForTokenClassification,
    AutoTokenizer,
    Qwen2Config,
    Qwen2ForCausalLM,
)

from acecoder.cli import main
from acecoder.engine.home import Home
from acecoder.errors import InputError
from acecoder.llm.weights import resolve
from acecoder.reward.encoding import Chat
from acecoder.reward.importing import import_reward_model
from acecoder.reward.record import FILE
from acecoder.reward.scorer import new_scorer
from acecoder.reward.scoring import RewardModel

TEMPLATE = """\
<|im_start|>system
You judge programs.<|im_end|>
<|im_start|>user
{{ question }}
{% if tests %}It must pass: {{ tests[0] }}
{% endif %}<|im_end|>
<|im_start|>assistant
Here is one:
```python
{{ program }}
```<|im_end|>
"""
CHATS = [
    Chat("Add one to x.", "def f(x):\n    return x + 1", ("assert f(1) == 2", "assert f(2) == 3")),
    Chat("Add one to x.", "def f(x):\n    return x", ("assert f(1) == 2", "assert f(2) == 3")),
    Chat("Say no.", "print('no')"),
]


class Published:
    """A causal model with a value head as AceCodeRM is published: scored at the last attended token."""

    def __init__(self, directory: Path, tokenizer: Any) -> None:
        torch.manual_seed(3)
        config = Qwen2Config(
            vocab_size=len(tokenizer), hidden_size=64, intermediate_size=96, num_hidden_layers=2,
            num_attention_heads=4, num_key_value_heads=2, eos_token_id=tokenizer.eos_token_id,
        )  # fmt: skip
        self.model = Qwen2ForCausalLM(config).eval()
        self.summary = torch.nn.Linear(64, 1)
        state = {
            **self.model.state_dict(),
            **{f"v_head.summary.{k}": v for k, v in self.summary.state_dict().items()},
        }
        self.model.save_pretrained(directory)
        tokenizer.save_pretrained(directory)
        # As it is loaded from there: transformers chooses its class by the model's kind.
        self.tokenizer = AutoTokenizer.from_pretrained(directory)
        names = sorted(state)
        (directory / "model.safetensors").unlink()
        parts = {
            "model-00001-of-00002.safetensors": names[::2],
            "model-00002-of-00002.safetensors": names[1::2],
        }
        for file, own in parts.items():
            save_file(
                {n: state[n].clone().detach() for n in own}, directory / file, {"format": "pt"}
            )
        told = json.loads((directory / "config.json").read_text())
        told |= {"architectures": ["Qwen2ForCausalRM"], "auto_map": {"AutoModel": "hostile.Model"}}
        (directory / "config.json").write_text(json.dumps(told))

    def score(self, text: str) -> float:
        ids = self.tokenizer(text, return_tensors="pt", add_special_tokens=False)["input_ids"]
        with torch.no_grad():
            hidden = self.model.model(ids).last_hidden_state
            return float(self.summary(hidden)[0, -1, 0])


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> str:
    return resolve("random:tiny", "", Home(tmp_path_factory.mktemp("home")))


@pytest.fixture
def published(tmp_path: Path, base: str) -> Published:
    return Published(tmp_path / "published", AutoTokenizer.from_pretrained(base))


def rendered_by_hand(chat: Chat) -> str:
    test = f"It must pass: {chat.tests[0]}\n" if chat.tests else ""
    return (
        "<|im_start|>system\nYou judge programs.<|im_end|>\n"
        f"<|im_start|>user\n{chat.question}\n{test}<|im_end|>\n"
        f"<|im_start|>assistant\nHere is one:\n```python\n{chat.program}\n```<|im_end|>\n"
    )


def test_an_imported_model_gives_the_scores_of_the_published_one(
    tmp_path: Path, published: Published, capsys: pytest.CaptureFixture[str]
) -> None:
    template = tmp_path / "template.jinja"
    template.write_text(TEMPLATE)
    source, made = f"path:{tmp_path / 'published'}", tmp_path / "made"
    arguments = [source, str(made), "--template", str(template), "--max-length-tokens", "512"]
    assert main(["import-reward-model", *arguments]) == 0
    assert "You judge programs." in capsys.readouterr().out
    model = RewardModel(made, batch_size=8)
    assert [model.rendered(chat) for chat in CHATS] == [rendered_by_hand(chat) for chat in CHATS]
    expected = [published.score(rendered_by_hand(chat)) for chat in CHATS]
    assert model.score(CHATS) == pytest.approx(expected, abs=1e-6)
    assert "auto_map" not in json.loads((made / "config.json").read_text())
    assert not list(made.glob("*.bin"))
    assert main(["import-reward-model", *arguments]) == 2, "what is there is not written over"


def test_names_with_a_wrapper_before_them_are_read_alike(
    tmp_path: Path, published: Published
) -> None:
    source, renamed = tmp_path / "published", tmp_path / "renamed"
    shutil.copytree(source, renamed)
    for file in renamed.glob("*.safetensors"):
        save_file(
            {
                name if name.startswith("v_head") else f"pretrained_model.{name}": tensor
                for name, tensor in load_file(file).items()
            },
            file,
            {"format": "pt"},
        )
    found = []
    for directory in (source, renamed):
        made = tmp_path / f"made-{directory.name}"
        import_reward_model(directory, made, template=TEMPLATE, max_length_tokens=512)
        found.append(RewardModel(made, batch_size=8).score(CHATS))
    assert found[0] == found[1]


@pytest.mark.parametrize("what", ["a model without a head", "pickles alone"])
def test_what_is_no_reward_model_is_refused(tmp_path: Path, base: str, what: str) -> None:
    source = tmp_path / "source"
    shutil.copytree(base, source)
    if what == "pickles alone":
        for file in source.glob("*.safetensors"):
            file.rename(file.with_suffix(".bin"))
    with pytest.raises(InputError, match="pickle" if what == "pickles alone" else "v_head.summary"):
        import_reward_model(source, tmp_path / "made", template="x", max_length_tokens=64)


def test_a_broken_template_or_file_is_said_and_leaves_nothing(
    tmp_path: Path, published: Published, capsys: pytest.CaptureFixture[str]
) -> None:
    template, made = tmp_path / "template.jinja", tmp_path / "made"
    arguments = ["import-reward-model", f"path:{tmp_path / 'published'}", str(made)]
    for text, why in (("{{ question", "not a Jinja"), ("{{ answer }}", "cannot be rendered")):
        template.write_text(text)
        assert main([*arguments, "--template", str(template)]) == 2
        assert why in capsys.readouterr().err and not made.exists()
    template.write_text(TEMPLATE)
    shard = next((tmp_path / "published").glob("*.safetensors"))
    shard.write_bytes(shard.read_bytes()[:200])
    assert main([*arguments, "--template", str(template)]) == 2
    assert "damaged" in capsys.readouterr().err and not made.exists()


def test_scores_that_are_no_numbers_are_refused(tmp_path: Path, published: Published) -> None:
    made = tmp_path / "made"
    import_reward_model(tmp_path / "published", made, template=TEMPLATE, max_length_tokens=512)
    for file in made.glob("*.safetensors"):
        tensors = load_file(file)
        if "score.weight" in tensors:
            tensors["score.weight"].fill_(float("nan"))
            save_file(tensors, file, {"format": "pt"})
    with pytest.raises(InputError, match="no finite number"):
        RewardModel(made, batch_size=2).score(CHATS)


def test_what_we_write_is_read_by_the_classes_of_others(tmp_path: Path, base: str) -> None:
    """transformers' classifier (also vLLM's and OpenRLHF's layout) and the token classifier that verl opens."""
    made = tmp_path / "ours"
    tokenizer = AutoTokenizer.from_pretrained(base)
    from acecoder.reward.record import ScoringRecord
    from acecoder.training.saving import write_model

    scorer = new_scorer(base, seed=0)
    scorer.inner.config.pad_token_id = tokenizer.pad_token_id
    write_model(scorer.inner, scorer.inner.state_dict(), tokenizer, made, dtype="float32")
    ScoringRecord.of(tokenizer, max_length_tokens=512, over_limit="drop").write(made)
    assert (made / FILE).is_file()
    model = RewardModel(made, batch_size=8)
    ours = model.score(CHATS)
    classifier = AutoModelForSequenceClassification.from_pretrained(made).eval()
    tokens = AutoModelForTokenClassification.from_pretrained(made, num_labels=1).eval()
    for chat, score in zip(CHATS, ours, strict=True):
        ids = torch.tensor([model.encoded(chat)])
        with torch.no_grad():
            assert float(classifier(ids).logits[0, 0]) == pytest.approx(score, abs=1e-5)
            assert float(tokens(ids).logits[0, -1, 0]) == pytest.approx(score, abs=1e-5)
