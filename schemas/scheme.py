"""A scheme: how voices are written as tags, and which moves between them exist."""

from pydantic import BaseModel, ConfigDict, Field

from schemas.document import Voice


class Move(BaseModel):
    """One legal tag: in voice ``leaves`` it may stand, and voice ``enters`` speaks after it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    leaves: Voice
    tag: str = Field(min_length=3)
    enters: Voice


class Scheme(BaseModel):
    """A finite automaton whose states are voices and whose input is tags.

    Attributes:
        name: What recipes and versions call it.
        start: The voice in which a text begins.
        ends: The voices in which a text may end.
        moves: Every legal tag; a tag that is not here, in that voice, is an error.
        instead: For voices the scheme lacks, the voice to write them as.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    start: Voice
    ends: tuple[Voice, ...]
    moves: tuple[Move, ...]
    instead: dict[Voice, Voice] = {}

    @property
    def tags(self) -> tuple[str, ...]:
        """Every tag once, in the order in which the moves name them."""
        return tuple(dict.fromkeys(move.tag for move in self.moves))

    def shown(self, voice: Voice) -> Voice:
        """Return the voice as which this scheme writes ``voice``."""
        return self.instead.get(voice, voice)
