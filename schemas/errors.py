"""Errors a person can mend: what is wrong, where, and what to do.

PipelineError
├── RecipeError     the recipe does not say what can be done     exit 2
├── SourceError     a source is missing or matches nothing       exit 2
│   └── ChangedError   a file is not what it was when planned    exit 2
├── StorageError    a folder cannot be written or read           exit 1
├── CorruptError    bytes differ from what their manifest says   exit 1
├── EngineError     an engine failed otherwise than by waiting  exit 1
│   └── EngineLostError  an engine died and must be started anew exit 1
├── ConservationError  documents do not add up                   exit 1
├── BusyError       another build works in the same folder       exit 2
├── WorkerError     workers die without a document to blame      exit 1
├── VersionError    no such dataset or version                   exit 2
├── ParseError      tagged text breaks its scheme                exit 1
└── PromptError     a prompt is missing or does not render       exit 2
"""

from difflib import get_close_matches
from typing import Any


class PipelineError(Exception):
    """An error with a remedy. ``str()`` is what and where; ``hint`` is what to do."""

    exit_code = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint

    def __reduce__(self) -> tuple[Any, ...]:
        # Exceptions with keyword arguments do not survive pickling, and these cross processes.
        return _rebuilt, (type(self), str(self), self.hint)


def _rebuilt(kind: type[PipelineError], message: str, hint: str) -> PipelineError:
    return kind(message, hint=hint)


class RecipeError(PipelineError):
    """The recipe asks for something that does not exist or does not fit."""

    exit_code = 2


class SourceError(PipelineError):
    """A source cannot be found or opened."""

    exit_code = 2


class ChangedError(SourceError):
    """A file has changed or vanished since the build was planned."""


class StorageError(PipelineError):
    """A folder or object store refuses to be written or read."""


class CorruptError(PipelineError):
    """Stored bytes are not those their manifest names."""


class EngineError(PipelineError):
    """An engine failed in a way that it does not know itself."""


class EngineLostError(EngineError):
    """An engine died. Whoever runs it starts it anew, with less to do at once."""


class ConservationError(PipelineError):
    """Documents were lost or doubled: what came in is not what went out."""


class BusyError(PipelineError):
    """Another build is at work in the same corpus folder."""

    exit_code = 2


class WorkerError(PipelineError):
    """Workers keep dying and no single document is to blame."""


class VersionError(PipelineError):
    """A dataset or version does not exist."""

    exit_code = 2


class ParseError(PipelineError):
    """Tagged text breaks its scheme.

    Attributes:
        code: ``illegal_move``, ``unclosed``, ``unescaped`` or ``no_voice``, stable for counting.
        position: Where, in code points of the text.
        state: Who speaks there.
        expected: The tags that are legal there.
    """

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        code: str,
        position: int,
        state: str,
        expected: tuple[str, ...] = (),
    ) -> None:
        super().__init__(message, hint=hint)
        self.code = code
        self.position = position
        self.state = state
        self.expected = expected

    def __reduce__(self) -> tuple[Any, ...]:
        return _reparsed, (str(self), {**vars(self)})


def _reparsed(message: str, fields: dict[str, Any]) -> ParseError:
    return ParseError(message, **fields)


class PromptError(PipelineError):
    """A prompt is missing or names something it is not given."""

    exit_code = 2


def nearest(word: str, known: list[str]) -> str:
    """Return "did you mean …" with the known words, or only the list if none is close."""
    close = get_close_matches(word, known, n=1, cutoff=0.6)
    listed = f"there are {', '.join(sorted(known))}" if known else "there are none"
    return f"did you mean '{close[0]}'? {listed[0].upper()}{listed[1:]}" if close else listed
