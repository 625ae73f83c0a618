"""vLLM that gives the answers of the script, and writes down what it was asked and when."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import PrivateAttr

from pipeline.engines.vllm_local import VllmLocal
from schemas.exchange import Answer, Request
from tests.bench.script import answer
from tests.forced import params


@dataclass(frozen=True)
class Asked:
    """One request as the engine saw it.

    Attributes:
        request: The request.
        ids: Its prompt, as token ids.
        params: Its sampling parameters.
        wave: The number of the call that it came with: all of a call are under way at once.
        said: The answer, as token ids.
        cached: Tokens of the prompt that came from the prefix cache.
    """

    request: Request
    ids: list[int]
    params: Any
    wave: int
    said: list[int]
    cached: int


class Scripted(VllmLocal):
    """Stays started from one measurement to the next."""

    _asked: list[tuple[int, Asked]] = PrivateAttr(default_factory=list)
    _waves: int = PrivateAttr(default=0)
    _order: int = PrivateAttr(default=0)
    _wave_of: dict[int, int] = PrivateAttr(default_factory=dict)

    async def start(self, halvings: int = 0) -> None:
        """Start once."""
        if self._engine is None:
            await super().start(halvings)

    async def afresh(self) -> None:
        """Forget what was asked, and empty the prefix cache."""
        self._asked.clear()
        self._wave_of.clear()
        await self._engine.reset_prefix_cache()

    @property
    def asked(self) -> list[Asked]:
        """What was asked, in the order in which it reached the engine."""
        return [asked for _, asked in sorted(self._asked, key=lambda pair: pair[0])]

    async def answer(self, requests: Sequence[Request]) -> list[Answer]:
        """Return the script's answers, said by the model."""
        self._waves += 1
        for request in requests:
            self._wave_of[id(request)] = self._waves
        return await super().answer(requests)

    async def _generated(self, ids: list[int], request: Request, room: int) -> Any:
        place, self._order = self._order, self._order + 1
        output = await super()._generated(ids, request, room)
        asked = Asked(
            request,
            ids,
            self._params(request, room),
            self._wave_of.pop(id(request)),
            list(output.outputs[0].token_ids),
            output.num_cached_tokens or 0,
        )
        self._asked.append((place, asked))
        return output

    def _params(self, request: Request, room: int) -> Any:
        return params(answer(request), room)
