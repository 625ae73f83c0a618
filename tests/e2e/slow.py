"""An engine for tests: the rule book, in no hurry, that writes down what it is asked."""

import asyncio
from pathlib import Path

from pipeline.engines import Engine
from pipeline.engines.rules import Rules
from schemas.exchange import answer_key


class Slow(Engine):
    """The rule book's answers, each after a while, each question's key in a file."""

    seconds: float
    path: Path

    def identity(self, request):
        return Rules().identity(request)

    def fingerprint(self):
        return Rules().fingerprint()

    async def answer(self, requests):
        await asyncio.sleep(self.seconds)
        with self.path.open("a") as file:
            file.writelines(f"{answer_key(r, self.identity(r))}\n" for r in requests)
        return await Rules().answer(requests)
