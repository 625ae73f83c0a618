"""vLLM for tests whose model says, token by token, what the rule book answers.

Only the words are given: the way there is the real one, through vLLM's scheduler, cache and
grammar. So a build must come to what the rule book itself comes to.
"""

from pathlib import Path

from pipeline.engines.vllm_local import VllmLocal
from pipeline.rulebook import respond
from schemas.exchange import answer_key


class Said(VllmLocal):
    """Writes down the key of each question that it is asked."""

    path: Path

    def _params(self, request, room):
        from vllm import SamplingParams
        from vllm.sampling_params import RequestOutputKind, StructuredOutputsParams

        with self.path.open("a") as file:
            file.write(f"{answer_key(request, self._identity)}\n")
        return SamplingParams(
            temperature=0,
            max_tokens=room,
            structured_outputs=StructuredOutputsParams(choice=[respond(request)]),
            output_kind=RequestOutputKind.FINAL_ONLY,
            skip_special_tokens=False,
        )
