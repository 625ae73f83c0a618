"""One request in two scenes: where the AI declines it, and where it is met after good proof."""

from collections.abc import Sequence
from itertools import chain
from typing import Literal

from pydantic import BaseModel, Field

from pipeline.declared import Mistaken, Stopped
from pipeline.forms import Form, Rewrite
from pipeline.pieces import Piece, begins_with_a_human, rewritten, unanswered
from schemas.document import Document, Objection

_BETWEEN = Piece(who="human", text="* * *")


class Scene(BaseModel):
    """One of the scenes, and how the AI decides in it."""

    decision: Literal["declined", "stopped", "met"] = Field(
        description="the AI declines, stops midway when it sees what is asked, or helps in full"
    )
    pieces: list[Piece] = Field(min_length=2, max_length=60)


class Scenes(BaseModel):
    """A whole rewrite; no scenes where the document is better left as it is."""

    mistaken: list[Mistaken] = Field(default=[], max_length=60)
    scenes: list[Scene] = Field(max_length=6)
    stops: list[Stopped] = Field(default=[], max_length=30)


class Judgement(Form):
    """The scenes stand one behind the other, parted by three stars."""

    @property
    def reply(self) -> type[BaseModel] | None:
        """The scenes."""
        return Scenes

    def assemble(self, document: Document, reply: BaseModel | None) -> Rewrite:
        """Return the scenes as one document.

        Raises:
            AssemblyError: The pieces do not fit; the request is not both turned down and met;
                somebody is left without an answer; the AI helps without having found out first.
        """
        if not isinstance(reply, Scenes):
            raise TypeError(f"judgement is assembled from Scenes, not {type(reply).__name__}")
        pieces = list(chain.from_iterable([_BETWEEN, *scene.pieces] for scene in reply.scenes))[1:]
        return rewritten(document, pieces, reply.mistaken, reply.stops, _faults(reply.scenes))


def _faults(scenes: Sequence[Scene]) -> list[Objection]:
    if not scenes:
        return []
    decisions = {scene.decision for scene in scenes}
    faults = [fault for s in scenes for fault in begins_with_a_human(s.pieces)]
    faults += [fault for s in scenes for fault in unanswered(s.pieces)]
    if "met" not in decisions or decisions == {"met"}:
        what = "the same request is declined or stopped in one scene and met in another"
        faults.append(Objection("lint", "one_sided", what))
    for scene in scenes:
        if scene.decision == "met" and sum(piece.who == "ai" for piece in scene.pieces) < 2:
            what = "where the request is met, the AI has first asked for proof, and was given it"
            faults.append(Objection("lint", "unproved", what))
    return faults
