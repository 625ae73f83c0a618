"""A vLLM server for tests whose model says, token by token, what the rule book answers."""

from pathlib import Path

from pipeline.engines.openai_http import OpenaiHttp
from pipeline.rulebook import respond
from schemas.exchange import answer_key


class SaidOverHttp(OpenaiHttp):
    """Writes down the key of each question that it is asked."""

    path: Path

    def _body(self, request, constraint):
        with self.path.open("a") as file:
            file.write(f"{answer_key(request, self._identity)}\n")
        said = {"structured_outputs": {"choice": [respond(request)]}}
        return super()._body(request, "none") | said
