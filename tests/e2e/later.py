"""An engine for tests that has no answer about one document until a file is there."""

from pathlib import Path

from pipeline.engines import Engine, Waiting
from pipeline.engines.rules import Rules


class Later(Engine):
    """The rule book; what holds the word waits for the file."""

    path: Path
    word: str = "zyxomma"

    def identity(self, request):
        return Rules().identity(request)

    async def answer(self, requests):
        if not self.path.exists() and any(self.word in r.turns[1].text for r in requests):
            raise Waiting
        return await Rules().answer(requests)
