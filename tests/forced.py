"""What makes vLLM say given words: tests and benchmarks know then what comes back.

Only the words are given. Every token goes the whole way through scheduler, cache, model, grammar
and detokenizer, whatever the model.
"""

from typing import Any


def params(text: str, room: int) -> Any:
    """Return vLLM's sampling parameters under which a request is answered with this text."""
    from vllm import SamplingParams
    from vllm.sampling_params import RequestOutputKind, StructuredOutputsParams

    return SamplingParams(
        temperature=0,
        max_tokens=room,
        structured_outputs=StructuredOutputsParams(choice=[text]),
        output_kind=RequestOutputKind.FINAL_ONLY,
        skip_special_tokens=False,
    )
