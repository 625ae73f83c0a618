"""The answer to the screening question: what a document is, and what is bad or dangerous in it."""

from pydantic import BaseModel, Field

from pipeline.sentences import MAX_SENTENCE
from pipeline.taxonomy import Act, AuthorType, Harm, Hazard, Motive, Whom


class Found(BaseModel):
    """A stretch of the document, by the numbers of its first and last sentence."""

    first: int = Field(ge=1, le=MAX_SENTENCE)
    last: int = Field(ge=1, le=MAX_SENTENCE)


class FoundAct(Found):
    """A stretch in which somebody works against others."""

    label: Act
    motive: Motive
    harm: Harm
    whom: Whom
    severity: int = Field(ge=1, le=3)
    remark: str = Field(default="", max_length=200)


class FoundHazard(Found):
    """A stretch that would help somebody do serious harm."""

    label: Hazard
    severity: int = Field(ge=0, le=3)
    substance: bool = False


class Guess(BaseModel):
    """Something that the text does not say and that can be told from it, and how surely."""

    value: str = Field(max_length=80)
    sure: float = Field(ge=0, le=1)


class GuessedAuthor(BaseModel):
    """The same for the kind of author."""

    value: AuthorType
    sure: float = Field(ge=0, le=1)


class Screening(BaseModel):
    """What the screening finds."""

    language: str = Field(max_length=8)
    media_type: Guess
    topic: Guess
    author_type: GuessedAuthor
    author: str | None = Field(default=None, max_length=120)
    published: Guess | None = None
    quality: float = Field(ge=0, le=1)
    acts: list[FoundAct] = Field(default=[], max_length=60)
    hazards: list[FoundHazard] = Field(default=[], max_length=30)
    questions: list[Found] = Field(default=[], max_length=20)
    suits: list[str] = Field(max_length=10)
