"""An engine for tests that answers about a document when it is told to."""

import asyncio

from pydantic import PrivateAttr

from pipeline.engines import Engine
from schemas.errors import EngineLostError
from schemas.exchange import Answer, Identity


class Gated(Engine):
    """Answers with the document's id, once ``open`` was called for it."""

    _gates: dict = PrivateAttr(default_factory=dict)
    starts: list = []  # noqa: RUF012 - pydantic copies it for each engine
    under_way: list = []  # noqa: RUF012 - the same

    async def start(self, halvings=0):
        await asyncio.sleep(0)
        self.starts.append(halvings)

    def identity(self, request):
        return Identity("gated", "gated")

    def open(self, document):
        self._gate(document).set()

    def _gate(self, document):
        return self._gates.setdefault(document, asyncio.Event())

    async def answer(self, requests):
        answers = []
        for request in requests:
            if request.document == "deadly":
                raise EngineLostError("died")
            self.under_way.append(request.document)
            await self._gate(request.document).wait()
            self.under_way.remove(request.document)
            answers.append(Answer(request.document, self.identity(request)))
        return answers
