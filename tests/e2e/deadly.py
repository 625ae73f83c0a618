"""An engine for tests that ends its process when a document tells it to."""

import os
from pathlib import Path

from pipeline.engines import Engine
from pipeline.engines.rules import Rules


class Deadly(Engine):
    """The rule book, unless the document holds the word and no file says that it is mended."""

    word: str = "zyxomma"
    path: Path | None = None

    def identity(self, request):
        return Rules().identity(request)

    async def answer(self, requests):
        if not (self.path and self.path.exists()) and any(
            self.word in request.turns[1].text for request in requests
        ):
            os._exit(9)
        return await Rules().answer(requests)
