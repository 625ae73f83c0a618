"""An engine for tests that ends its process when a document tells it to."""

import os

from pipeline.engines import Engine
from pipeline.engines.rules import Rules


class Deadly(Engine):
    """The rule book, unless the document holds the word."""

    word: str = "zyxomma"

    def identity(self, request):
        return Rules().identity(request)

    async def answer(self, requests):
        if any(self.word in request.turns[1].text for request in requests):
            os._exit(9)
        return await Rules().answer(requests)
