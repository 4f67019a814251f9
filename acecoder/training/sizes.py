"""How large models are: what plans of memory are made of."""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from math import prod
from pathlib import Path


@dataclass(frozen=True)
class Size:
    """A causal language model's shape."""

    parameters: int
    """Without a head that is tied to the embedding."""
    layers: int
    hidden: int
    kv_heads: int
    head_dim: int
    vocabulary: int

    @property
    def linear_edges(self) -> int:
        """Inputs and outputs of every linear layer of the transformer, added up: LoRA's numbers per rank."""
        keys = self.kv_heads * self.head_dim
        attention = 4 * self.hidden + 2 * (self.hidden + keys)
        inner = (
            self.parameters - 2 * self.vocabulary * self.hidden
        ) // self.layers - 2 * self.hidden * (self.hidden + keys)
        between = max(1, inner // (3 * self.hidden))
        return self.layers * (attention + 3 * (self.hidden + between))

    @property
    def kv_bytes_per_token(self) -> int:
        """Of keys and values of all layers, at 2 bytes a number."""
        return 2 * 2 * self.layers * self.kv_heads * self.head_dim


_QWEN_7B = Size(7_615_616_512, 28, 3584, 4, 128, 152_064)
_QWEN_32B = Size(32_763_876_352, 64, 5120, 8, 128, 152_064)
KNOWN = {
    "Qwen/Qwen2.5-7B-Instruct": _QWEN_7B,
    "Qwen/Qwen2.5-Coder-0.5B-Instruct": Size(494_032_768, 24, 896, 2, 64, 151_936),
    "Qwen/Qwen2.5-Coder-1.5B-Instruct": Size(1_543_714_304, 28, 1536, 2, 128, 151_936),
    "Qwen/Qwen2.5-Coder-3B-Instruct": Size(3_085_938_688, 36, 2048, 2, 128, 151_936),
    "Qwen/Qwen2.5-Coder-7B": _QWEN_7B,
    "Qwen/Qwen2.5-Coder-7B-Instruct": _QWEN_7B,
    "Qwen/Qwen2.5-Coder-14B-Instruct": Size(14_770_033_664, 48, 5120, 8, 128, 152_064),
    "Qwen/Qwen2.5-Coder-32B-Instruct": _QWEN_32B,
}
"""By name on the hub, as their published configs and weight files say; a plan downloads nothing."""


def size_of(source: str) -> Size | None:
    """Of a model source (`hub:NAME`, `path:DIR`); None where that is not known without loading it."""
    kind, _, name = source.partition(":")
    if kind == "hub":
        return KNOWN.get(name)
    if kind == "path" and (Path(name) / "config.json").is_file():
        return _of_directory(Path(name))
    return None


def _of_directory(directory: Path) -> Size | None:
    config = json.loads((directory / "config.json").read_text())
    heads = config.get("num_attention_heads")
    hidden, layers = config.get("hidden_size"), config.get("num_hidden_layers")
    if not (heads and hidden and layers):
        return None
    parameters = sum(map(_parameters, directory.glob("*.safetensors")))
    kv_heads = config.get("num_key_value_heads") or heads
    head_dim = config.get("head_dim") or hidden // heads
    return Size(parameters, layers, hidden, kv_heads, head_dim, config.get("vocab_size", 0))


def _parameters(file: Path) -> int:
    """The numbers in a safetensors file, by its header."""
    with file.open("rb") as handle:
        (length,) = struct.unpack("<Q", handle.read(8))
        header = json.loads(handle.read(length))
    return sum(prod(entry["shape"]) for name, entry in header.items() if name != "__metadata__")
