"""How much memory a training takes, by arithmetic; all in bytes.

Mixed precision with Adam: 4 bytes of float32 weights, 4 of gradients and 8 of moments per parameter, which
FSDP2 splits over the processes.
"""

from __future__ import annotations

from dataclasses import dataclass

from acecoder.training.sizes import Size

WEIGHTS, GRADIENTS, MOMENTS = 4, 4, 8
STATE_BYTES_PER_PARAMETER = WEIGHTS + GRADIENTS + MOMENTS
COMPUTE = 2
"""Bytes of a number in bfloat16."""
LAYER_NUMBERS_PER_TOKEN = 34
"""Of one transformer layer's activations, in units of its hidden size (Korthikanti et al. 2022, section 4.1,
without attention's matrix, which fused kernels do not keep)."""


@dataclass(frozen=True)
class TrainingMemory:
    """What one process of a training holds."""

    state: int
    """Weights, gradients and moments: its share of them."""
    gathered: int
    """Of FSDP2: the layers that are whole at a time, two, for the next is fetched meanwhile."""
    activations: int
    """With checkpointing: what each layer is given, all of one layer, and for a policy the logits of what it
    wrote with their gradient."""
    host: int
    """Memory of the machine while the first process of a node loads the weights."""
    reference: int = 0
    """Of RL: its share of the initial model."""
    engine: int = 0
    """Of RL: what vLLM takes on the same GPU."""
    engine_sleeps: bool = False
    """It gives that back while the policy is updated."""

    @property
    def gpu(self) -> int:
        """The most of it that is on a GPU at a time."""
        kept = self.state + self.reference
        update = self.gathered + self.activations
        return kept + (max(update, self.engine) if self.engine_sleeps else update + self.engine)


def training_memory(
    size: Size, *, shares: int, tokens_per_forward: int, written_tokens: int = 0, lora_rank: int = 0
) -> TrainingMemory:
    """Of a training whose state is split into `shares` (1: it is not). `written_tokens`: of a policy, those
    whose log-probabilities are taken. `lora_rank`: of the matrices that are trained in place of all weights
    (0: all are trained)."""
    layer = size.parameters // size.layers
    per_token = size.hidden * COMPUTE * (size.layers + LAYER_NUMBERS_PER_TOKEN)
    return TrainingMemory(
        state=state_bytes(size, lora_rank) // shares,
        gathered=2 * layer * COMPUTE if shares > 1 else 0,
        activations=tokens_per_forward * per_token + 2 * COMPUTE * written_tokens * size.vocabulary,
        host=WEIGHTS * size.parameters,
    )


def state_bytes(size: Size, lora_rank: int = 0) -> int:
    """Of all processes: float32 weights, and gradients and moments of what is trained."""
    if not lora_rank:
        return STATE_BYTES_PER_PARAMETER * size.parameters
    return WEIGHTS * size.parameters + STATE_BYTES_PER_PARAMETER * lora_rank * size.linear_edges


def generation_memory(size: Size, *, tokens: int) -> int:
    """Weights in bfloat16, and the keys and values of `tokens`, the least that a server starts with."""
    return COMPUTE * size.parameters + tokens * size.kv_bytes_per_token
