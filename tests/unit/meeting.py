"""An engine for tests that notes how many of its kind are starting at once."""

import asyncio

from pipeline.engines.rules import Rules

SEEN: list[int] = []
_starting: list[str] = []


class Meeting(Rules):
    """The rule book, with as many models as it is told to have."""

    models: int

    @property
    def gpus(self):
        return self.models

    async def start(self, halvings=0):
        _starting.append("")
        await asyncio.sleep(0.01)
        SEEN.append(len(_starting))
        _starting.pop()
