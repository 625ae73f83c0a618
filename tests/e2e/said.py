"""vLLM for tests whose model says what the rule book answers: a build must come to the same."""

import asyncio
from pathlib import Path

from pipeline.engines.vllm_local import VllmLocal
from pipeline.rulebook import respond
from schemas.exchange import answer_key
from tests.forced import params


class Said(VllmLocal):
    """In no hurry; writes down the key of each question that it is asked."""

    path: Path
    seconds: float = 0.2

    async def answer(self, requests):
        await asyncio.sleep(self.seconds)
        return await super().answer(requests)

    def _params(self, request, room):
        with self.path.open("a") as file:
            file.write(f"{answer_key(request, self._identity)}\n")
        return params(respond(request), room)
