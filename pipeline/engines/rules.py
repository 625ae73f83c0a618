"""A rule book in place of a model: no GPU, no network, the same answer every time.

It reads the very turns a model would read, and answers in the same JSON. It finds
what its lexicons name and says little; it never claims more than it knows.
"""

import asyncio
from collections.abc import Sequence
from functools import cache

from pipeline.engines import Engine
from pipeline.plugins import code_digest
from pipeline.rulebook import respond
from prompts import SHIPPED
from schemas.exchange import Answer, Identity, Request, Usage, sha256


class Rules(Engine):
    """Needs no settings."""

    def identity(self, request: Request) -> Identity:
        """Return the digest of the rule book's code and lexicons: they are its weights."""
        return Identity("rules", "rule-book", revision=_revision())

    def is_free(self, request: Request) -> bool:
        """Rules cost nothing."""
        return True

    def fingerprint(self) -> str:
        """Return the revision of the rule book."""
        return _revision()

    async def answer(self, requests: Sequence[Request]) -> list[Answer]:
        """Return the rule book's answer to each request."""
        answers: list[Answer] = []
        for request in requests:
            text = respond(request)
            read = sum(len(turn.text.encode()) for turn in request.turns) // 4
            usage = Usage(read=read, written=len(text.encode()) // 4)
            answers.append(Answer(text, self.identity(request), usage=usage))
            # One document's six reviews must not keep the others from moving on.
            await asyncio.sleep(0)
        return answers


@cache
def _revision() -> str:
    lexicons = sorted((SHIPPED / "lexicons").glob("*.toml"))
    code = code_digest(
        "pipeline.rulebook", "pipeline.fence", "pipeline.sentences", "pipeline.voices"
    )
    return sha256(code, *(path.read_bytes() for path in lexicons))[:16]
