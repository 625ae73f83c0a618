"""A scheme: how voices are written as tags, and which moves between them exist."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from schemas.document import Voice

OUTSIDE: Literal["outside"] = "outside"
"""The state in which nobody speaks and nothing but a tag may stand."""

State = Voice | Literal["outside"]


def _listed(value: Any) -> Any:  # noqa: ANN401 - whatever TOML holds; the field checks it
    return [value] if isinstance(value, str) else value


class Move(BaseModel):
    """One tag: in the states ``leaves`` it may stand, and state ``enters`` follows it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    leaves: Annotated[tuple[State, ...], BeforeValidator(_listed), Field(min_length=1)]
    tag: str
    enters: State


class Scheme(BaseModel):
    """A finite automaton whose input is tags; its states are voices, and ``outside`` if it has it.

    Attributes:
        name: What recipes and versions call it.
        start: The state in which a text begins.
        closes: Whether what is opened has to be closed: a text ends in the state in which it began,
            and no single tag can be lost, added or changed unnoticed. If not, it may end anywhere.
        moves: Every tag, once; a tag in a state that it does not leave is an error.
        instead: For voices the scheme lacks, the voice to write them as.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    start: State
    closes: bool = True
    moves: tuple[Move, ...]
    instead: dict[Voice, Voice] = {}

    @property
    def tags(self) -> tuple[str, ...]:
        """Every tag, in the order of the moves."""
        return tuple(move.tag for move in self.moves)

    @property
    def states(self) -> tuple[State, ...]:
        """The start, then every other state in the order in which the moves name them."""
        named = (state for move in self.moves for state in (*move.leaves, move.enters))
        return tuple(dict.fromkeys((self.start, *named)))

    @property
    def ends(self) -> tuple[State, ...]:
        """The states in which a text may end."""
        return (self.start,) if self.closes else self.states

    def shown(self, voice: Voice) -> Voice:
        """Return the voice as which this scheme writes ``voice``."""
        return self.instead.get(voice, voice)
