"""From a request to an answer: the ledger first, then the engine of the request's role."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from pipeline.engines import Engine, Waiting
from pipeline.ledger import Ledger
from schemas.document import Document, Outcome, OutcomeKind
from schemas.errors import EngineError, PipelineError, RecipeError
from schemas.exchange import Answer, Request, Role, answer_key, sha256
from schemas.unit import QuestionCost


class Answering:
    """Answers the requests of one unit, and knows afterwards what they cost."""

    def __init__(self, engines: Mapping[Role, Sequence[Engine]], ledger: Ledger) -> None:
        self._engines = engines
        self._ledger = ledger
        self._given: dict[str, tuple[str, Answer]] = {}
        self._asked: set[str] = set()
        # The newest answer to each question about each document, which is the one that counts.
        self._newest: dict[tuple[str, str], str] = {}
        self._kept: dict[str, int] = {}

    async def answer(self, requests: Sequence[Request]) -> list[Answer]:
        """Return one answer for each request, asking only for what the ledger does not hold.

        Raises:
            Waiting: An engine will answer later; what did not have to wait is in the ledger.
            EngineLostError: An engine has died; what it had answered is in the ledger.
        """
        keyed = [(answer_key(r, self._engine(r).identity(r)), r) for r in requests]
        unknown = [(key, r) for key, r in keyed if self._ledger.find(key) is None]
        refused: dict[str, Answer] = {}
        asked: dict[int, list[tuple[str, Request]]] = {}
        for key, request in unknown:
            asked.setdefault(id(self._engine(request)), []).append((key, request))
        for together in asked.values():
            refused |= await self._ask(together)
        answers = []
        for key, request in keyed:
            found = self._ledger.find(key)
            if found is None:
                answers.append(refused[key])
                continue
            self._given[key] = (request.question, found)
            self._newest[request.document, request.question] = key
            answers.append(found)
        return answers

    async def _ask(self, unknown: Sequence[tuple[str, Request]]) -> dict[str, Answer]:
        """Put what is answered into the ledger; return what could not be asked or was refused."""
        requests = [request for _, request in unknown]
        engine = self._engine(requests[0])
        answers: Sequence[Answer | None]
        waiting = None
        try:
            answers = await engine.answer(requests)
        except Waiting as error:
            waiting, answers = error, error.answers or [None] * len(requests)
        except PipelineError:
            raise
        except Exception as error:
            raise EngineError(
                f"engine '{engine.name()}' failed at {requests[0].question} about "
                f"{requests[0].document}: {type(error).__name__}: {error}",
                hint="run the same command again when it is mended; answers so far are kept",
            ) from error
        refused: dict[str, Answer] = {}
        for (key, request), answer in zip(unknown, answers, strict=True):
            if answer is None:
                continue
            answer = _writable(answer)
            if answer.finish.is_answer:
                self._ledger.add(key, request, answer)
                self._asked.add(key)
            else:
                refused[key] = answer
        if waiting:
            raise waiting
        return refused

    def _engine(self, request: Request) -> Engine:
        if request.role not in self._engines:
            raise RecipeError(
                f"'{request.question}' asks the {request.role}, and the recipe names none",
                hint=f"add `{request.role} = …` under [roles]",
            )
        engines = self._engines[request.role]
        return engines[request.juror % len(engines)]

    def ended(self, document: Document, outcome: Outcome) -> None:
        """Count what of the newest answer about a document stands in it, now that it is done."""
        note = document.rewrite
        if note is None or outcome.kind is not OutcomeKind.ACCEPTED:
            return
        key = self._newest.get((document.id, f"{note.by}/{note.form}"))
        if key is None:
            return
        _, answer = self._given[key]
        made = sum(len(span.text) for span in document.spans if span.source_start is None)
        # An answer is text and the JSON around it: what stands of it is counted in its own measure.
        share = min(1.0, made / len(answer.text)) if answer.text else 0.0
        self._kept[key] = round(answer.usage.written * share)

    def kept(self) -> dict[str, int]:
        """Return how many tokens stand in finished documents, by key, of every answer given."""
        return {key: self._kept.get(key, 0) for key in self._given}

    def costs(self) -> dict[str, QuestionCost]:
        """Return what each kind of question cost, by question, sorted."""
        keys: dict[str, list[str]] = {}
        for key, (question, _) in self._given.items():
            keys.setdefault(question, []).append(key)
        return {question: self._cost(keys[question]) for question in sorted(keys)}

    def _cost(self, keys: Sequence[str]) -> QuestionCost:
        answers = [self._given[key][1] for key in keys]
        asked = sum(key in self._asked for key in keys)
        return QuestionCost(
            asked=asked,
            remembered=len(keys) - asked,
            read=sum(answer.usage.read for answer in answers),
            cached=sum(answer.usage.cached for answer in answers),
            written=sum(answer.usage.written for answer in answers),
            thought=sum(answer.usage.thought for answer in answers),
            kept=sum(self._kept.get(key, 0) for key in keys),
            seconds=sum(answer.usage.seconds for answer in answers),
            by=dict(Counter(f"{answer.by.engine}:{answer.by.model}" for answer in answers)),
        )

    def digest(self) -> str:
        """Return a digest of the answers that were used, whatever their order."""
        return sha256(*sorted(self._given))


def _writable(answer: Answer) -> Answer:
    """Return the answer without halves of surrogate pairs: they cannot be written, nor meant."""
    text = answer.text.encode("utf-8", "replace").decode()
    return answer if text == answer.text else replace(answer, text=text)
