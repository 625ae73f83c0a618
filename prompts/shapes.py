"""What the data files beside the prompts hold, and what is wrong with one that does not."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError

_Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Names(_Strict):
    given: list[_Text] = Field(min_length=1)
    family: list[_Text] = Field(min_length=1)


class _World(_Names):
    """Names for all whose language has no list: enough that each draw leaves others."""

    given: list[_Text] = Field(min_length=6)
    family: list[_Text] = Field(min_length=3)


class _NameLists(BaseModel):
    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[Annotated[str, StringConstraints(pattern="^[a-z]{2,3}$")], _Names]

    world: _World


class _Worn(_Strict):
    text: _Text
    why: _Text


class _Opening(_Strict):
    text: _Text


class _BannedLists(_Strict):
    phrase: list[_Worn] = []
    opening: list[_Opening] = []
    name: list[_Worn] = []


_SHAPES: dict[str, tuple[TypeAdapter[Any], str]] = {
    "names.toml": (
        TypeAdapter(_NameLists),
        "a table for each language, as [de], and one called [world], each with the lists `given` "
        "and `family`; world has six and three names at least",
    ),
    "banned.toml": (
        TypeAdapter(_BannedLists),
        "[[phrase]] and [[name]] with `text` and `why`, and [[opening]] with `text`",
    ),
    "cards/": (
        TypeAdapter(dict[str, Annotated[list[_Text], Field(min_length=1)]]),
        'a list for each decision, of what is drawn from, as `register = ["dry", "warm"]`',
    ),
    "review/forms/": (
        TypeAdapter(dict[str, _Text]),
        'a text for each rubric, as `motive = "- `saviour`: …"`',
    ),
}


def misshapen(name: str, table: Mapping[str, Any]) -> tuple[str, str]:
    """Return what is wrong with a data file and what it is to hold; two empty texts if nothing is.

    Args:
        name: Its name among the prompts, such as ``cards/story.toml``.
        table: What was read from it.
    """
    for key, (shape, holds) in _SHAPES.items():
        if name != key and not (key.endswith("/") and name.startswith(key)):
            continue
        try:
            shape.validate_python(table, strict=True)
        except ValidationError as error:
            fault = error.errors()[0]
            where = ".".join(str(part) for part in fault["loc"])
            return f"{where}: {fault['msg']}", f"it holds {holds}"
    return "", ""
