"""A vLLM server for tests whose model says, token by token, what the rule book answers."""

import asyncio
from pathlib import Path

from pipeline.engines.openai_http import OpenaiHttp
from pipeline.rulebook import respond
from schemas.exchange import answer_key


class SaidOverHttp(OpenaiHttp):
    """In no hurry; writes down the key of each question that it is asked."""

    path: Path
    seconds: float = 0.2

    async def answer(self, requests):
        await asyncio.sleep(self.seconds)
        return await super().answer(requests)

    def _body(self, request, constraint):
        with self.path.open("a") as file:
            file.write(f"{answer_key(request, self._identity)}\n")
        said = {"structured_outputs": {"choice": [respond(request)]}}
        return super()._body(request, "none") | said
