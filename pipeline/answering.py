"""From a request to an answer: the ledger first, then the engine of the request's role."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from pipeline.engines import Engine, Waiting
from pipeline.ledger import Ledger
from schemas.errors import EngineError, PipelineError, RecipeError
from schemas.exchange import Answer, Request, Role, answer_key, sha256
from schemas.unit import QuestionCost


class Answering:
    """Answers the requests of one unit, and knows afterwards what they cost."""

    def __init__(self, engines: Mapping[Role, Engine], ledger: Ledger) -> None:
        self._engines = engines
        self._ledger = ledger
        self._given: dict[str, tuple[str, Answer]] = {}
        self._asked: set[str] = set()

    async def answer(self, requests: Sequence[Request]) -> list[Answer]:
        """Return one answer for each request, asking only for what the ledger does not hold.

        Raises:
            Waiting: An engine will answer later; what did not have to wait is in the ledger.
        """
        keyed = [(answer_key(r, self._engine(r).identity(r)), r) for r in requests]
        unknown = [(key, r) for key, r in keyed if self._ledger.find(key) is None]
        for role in dict.fromkeys(r.role for _, r in unknown):
            await self._ask([(key, r) for key, r in unknown if r.role == role])
        answers = []
        for key, request in keyed:
            found = self._ledger.find(key)
            if found is None:
                raise RuntimeError(f"no answer to {request.question} about {request.document}")
            self._given[key] = (request.question, found)
            answers.append(found)
        return answers

    async def _ask(self, unknown: Sequence[tuple[str, Request]]) -> None:
        requests = [request for _, request in unknown]
        engine = self._engine(requests[0])
        try:
            answers = await engine.answer(requests)
        except (PipelineError, Waiting):
            raise
        except Exception as error:
            raise EngineError(
                f"engine '{engine.name()}' failed at {requests[0].question} about "
                f"{requests[0].document}: {type(error).__name__}: {error}",
                hint="run the same command again when it is mended; answers so far are kept",
            ) from error
        for (key, request), answer in zip(unknown, answers, strict=True):
            # Halves of surrogate pairs cannot be written, and cannot be meant.
            text = answer.text.encode("utf-8", "replace").decode()
            self._ledger.add(key, request, replace(answer, text=text))
            self._asked.add(key)

    def _engine(self, request: Request) -> Engine:
        if request.role not in self._engines:
            raise RecipeError(
                f"'{request.question}' asks the {request.role}, and the recipe names none",
                hint=f"add `{request.role} = …` under [roles]",
            )
        return self._engines[request.role]

    def costs(self) -> dict[str, QuestionCost]:
        """Return what each kind of question cost, by question, sorted."""
        costs: dict[str, QuestionCost] = {}
        for key, (question, answer) in self._given.items():
            cost = costs.setdefault(question, QuestionCost(by={}))
            cost.asked += key in self._asked
            cost.remembered += key not in self._asked
            cost.read += answer.usage.read
            cost.cached += answer.usage.cached
            cost.written += answer.usage.written
            cost.thought += answer.usage.thought
            cost.seconds += answer.usage.seconds
            who = f"{answer.by.engine}:{answer.by.model}"
            cost.by[who] = cost.by.get(who, 0) + 1
        return dict(sorted(costs.items()))

    def digest(self) -> str:
        """Return a digest of the answers that were used, whatever their order."""
        return sha256(*sorted(self._given))
