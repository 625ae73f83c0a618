"""A real vLLM engine on the CPU, with a small model of random weights and a tokenizer of our own.

The tags are single tokens of its vocabulary, as they are for training; they can be written letter
by letter as well.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from vllm import SamplingParams
from vllm.v1.sample.logits_processor import AdapterLogitsProcessor

_THINKING = ["<think>", "</think>"]
# As much room as no test gives to anything but thinking.
THINKS = 5000


def make_model(
    folder: Path,
    texts: list[str],
    tags: list[str],
    *,
    layers: int = 2,
    width: int = 64,
    **shape: int,
) -> None:
    """Write a small model of random weights, and a tokenizer trained on ``texts``."""
    from tokenizers import ByteLevelBPETokenizer
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    bpe = ByteLevelBPETokenizer()
    bpe.train_from_iterator(texts, vocab_size=1500, special_tokens=["<s>", "</s>", *_THINKING])
    bpe.add_tokens(tags)
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=bpe._tokenizer, bos_token="<s>", eos_token="</s>"
    )
    tokenizer.save_pretrained(folder)
    torch.manual_seed(0)
    usual = {
        "hidden_size": width,
        "intermediate_size": 2 * width,
        "num_hidden_layers": layers,
        "num_attention_heads": width // 32,
        "num_key_value_heads": width // 32,
    }
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        max_position_embeddings=32_768,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        **usual | shape,
    )
    LlamaForCausalLM(config).save_pretrained(folder)


class TableGuard(AdapterLogitsProcessor):
    """Forbids, token by token, the tags that a scheme's transition table forbids.

    ``SamplingParams.extra_args["guard"]`` holds the table, the ids of its tags, and the end's id.
    """

    def is_argmax_invariant(self) -> bool:
        return False

    def new_req_logits_processor(
        self, params: SamplingParams
    ) -> Callable[[list[int], torch.Tensor], torch.Tensor] | None:
        guard: dict[str, Any] = (params.extra_args or {}).get("guard", {})
        if not guard:
            return None

        def allowed(written: list[int], logits: torch.Tensor) -> torch.Tensor:
            state = guard["start"]
            for token in written:
                if token in guard["ids"]:
                    state = guard["table"][state][guard["ids"].index(token)]
            for token, enters in zip(guard["ids"], guard["table"][state], strict=True):
                if enters < 0:
                    logits[token] = float("-inf")
            if state not in guard["ends"]:
                logits[guard["end_id"]] = float("-inf")
            return logits

        return allowed


class ThinksBriefly(AdapterLogitsProcessor):
    """Ends the thinking of a model that knows nothing after five tokens."""

    def is_argmax_invariant(self) -> bool:
        return False

    def new_req_logits_processor(
        self, params: SamplingParams
    ) -> Callable[[list[int], torch.Tensor], torch.Tensor] | None:
        if (params.max_tokens or 0) < THINKS:
            return None
        end = 3  # its place among the special tokens

        def allowed(written: list[int], logits: torch.Tensor) -> torch.Tensor:
            if end not in written:
                wanted = logits[end].clone()
                logits[end] = float("-inf")
                if len(written) >= 5:
                    logits[:] = float("-inf")
                    logits[end] = wanted
            return logits

        return allowed


class RunsOutOfMemory(AdapterLogitsProcessor):
    """Does what a GPU does when more is asked of it than it has room for."""

    most = 2

    def is_argmax_invariant(self) -> bool:
        return True

    def new_req_logits_processor(self, params: SamplingParams) -> None:
        return None

    def update_state(self, batch_update: Any) -> None:
        if batch_update and batch_update.batch_size > self.most:
            raise torch.OutOfMemoryError(f"{batch_update.batch_size} sequences at once")
