"""From turns to token ids, turn by turn.

A chat template is asked only how it frames turns; what is said in them is encoded by itself.
So requests that share turns share tokens, whatever the template does with old turns; a turn is
encoded once and not for every question about its document; and a document that holds a template's
own marks, such as ``<|im_end|>``, cannot end its turn: they are encoded as the letters they are.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from schemas.errors import RecipeError
from schemas.exchange import Turn

Message = dict[str, str]
Render = Callable[[list[Message]], str]
Layout = Callable[[Sequence[Turn]], list[tuple[str, list[str]]]]

_PLAIN = Path(__file__).with_name("plain.jinja")
# Turns of all documents under way, and of the questions that are put to each.
_KNOWN_TURNS = 8192
# Stands for the text of a turn while a template frames it; no template treats it specially.
_MARK = "turn-text-{}-ends"
_MARKED = re.compile(r"turn-text-(\d+)-ends")


def as_turns(turns: Sequence[Turn]) -> list[tuple[str, list[str]]]:
    """Return one message for each turn, as (role, texts)."""
    return [(turn.speaker, [turn.text]) for turn in turns]


def without_system(turns: Sequence[Turn]) -> list[tuple[str, list[str]]]:
    """Return the system turn as the beginning of the first user turn, the others as they are."""
    system = [turn.text for turn in turns if turn.speaker == "system"]
    first, *rest = (turn for turn in turns if turn.speaker != "system")
    return [(first.speaker, [*system, first.text]), *as_turns(rest)]


def in_one_turn(turns: Sequence[Turn]) -> list[tuple[str, list[str]]]:
    """Return the whole conversation as one user turn."""
    return [("user", [turn.text for turn in turns])]


LAYOUTS: dict[str, Layout] = {
    "turns": as_turns,
    "no_system": without_system,
    "one_turn": in_one_turn,
}
"""How turns become messages, the best way first."""

# Long enough to show what a template does with turns that are not the last.
_TRIAL = tuple(
    Turn(speaker, "") for speaker in ("system", "user", "assistant", "user", "assistant", "user")
)
# With how many turns every request of a role begins: conversation.py.
_OPENING = 3


def fitting_layout(render: Render) -> str | None:
    """Return the first layout under which a template says every turn, once and in order.

    And under which nothing that comes before the last turn depends on it, so that prompts which
    differ in their last turn share all tokens before it. None if there is no such layout.
    """
    for name, layout in LAYOUTS.items():
        try:
            long, short = (_framed(render, layout(turns)) for turns in (_TRIAL, _TRIAL[:4]))
        except Exception:  # noqa: BLE001, S112 - templates refuse by raising whatever they like
            continue
        said = [[int(n) for n in _MARKED.findall(text)] for text in (long, short)]
        frames = [_MARKED.split(text)[::2][: _OPENING + 1] for text in (long, short)]
        if said == [[*range(6)], [*range(4)]] and frames[0] == frames[1]:
            return name
    return None


def _framed(render: Render, messages: list[tuple[str, list[str]]]) -> str:
    """Return what a template makes of messages whose texts are marks, numbered in order."""
    number = 0
    marked: list[Message] = []
    for role, texts in messages:
        marks = [_MARK.format(number + place) for place in range(len(texts))]
        number += len(texts)
        marked.append({"role": role, "content": "\n\n".join(marks)})
    return render(marked)


class PromptTokens:
    """The token ids of conversations under one template and tokenizer."""

    def __init__(
        self,
        render: Render,
        encode: Callable[[str], list[int]],
        own_tokens: Iterable[str],
        layout: str,
    ) -> None:
        """Take a template and a tokenizer.

        Args:
            render: Returns the prompt that the template makes of messages.
            encode: Returns the ids of a text, special tokens parsed and none added.
            own_tokens: What the tokenizer takes for one token wherever it stands, such as
                ``<|im_end|>``.
            layout: One of ``LAYOUTS``.
        """
        self._render, self._encode = render, encode
        self._layout = LAYOUTS[layout]
        tokens = sorted((token for token in own_tokens if len(token) > 1), key=len, reverse=True)
        self._own = re.compile("|".join(map(re.escape, tokens)) or "(?!)")
        self._frame = lru_cache(maxsize=64)(self._framed)
        self._said = lru_cache(maxsize=_KNOWN_TURNS)(self._encoded)

    def ids(self, turns: Sequence[Turn]) -> list[int]:
        """Return the token ids of a conversation, up to where the answer begins."""
        messages = self._layout(turns)
        frame = self._frame(tuple((role, len(texts)) for role, texts in messages))
        ids = list(frame[0])
        texts = (text for _, texts in messages for text in texts)
        for text, behind in zip(texts, frame[1:], strict=True):
            ids += self._said(text)
            ids += behind
        return ids

    def _framed(self, shape: tuple[tuple[str, int], ...]) -> list[list[int]]:
        """Return the ids of what stands before, between and behind the texts of a conversation."""
        text = _framed(self._render, [(role, [""] * count) for role, count in shape])
        return [self._encode(piece) if piece else [] for piece in _MARKED.split(text)[::2]]

    def _encoded(self, text: str) -> list[int]:
        """Return the ids of a turn's text, in which nothing is a token of the template's own."""
        ids: list[int] = []
        start = 0
        while match := self._own.search(text, start):
            # Cut inside, it is two pieces of which neither is the token.
            ids += self._encode(text[start : match.start() + 1])
            start = match.start() + 1
        return ids + self._encode(text[start:])


def chat_template(name: str) -> str:
    """Return the text of a chat template, or "" for the model's own.

    Args:
        name: ``model``, ``plain``, or the path of a Jinja file.

    Raises:
        RecipeError: The file cannot be read.
    """
    if name == "model":
        return ""
    path = _PLAIN if name == "plain" else Path(name)
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RecipeError(
            f"the chat template {path} cannot be read: {error}",
            hint='mend `chat_template`: "model", "plain", or the path of a Jinja file',
        ) from error


def prompt_tokens(tokenizer: Any, template: str, values: dict[str, Any]) -> PromptTokens:  # noqa: ANN401 - a Hugging Face tokenizer; its library is the engine's affair
    """Return how conversations become token ids with a Hugging Face tokenizer.

    Args:
        tokenizer: The tokenizer.
        template: The text of a chat template; "" for the tokenizer's own.
        values: What the template asks for beside messages.

    Raises:
        RecipeError: There is no template, or it can carry our conversations in no layout.
    """
    if not template and not getattr(tokenizer, "chat_template", None):
        raise RecipeError(
            "the model has no chat template",
            hint='set chat_template = "plain", as for base models, or name a Jinja file',
        )
    own = {"chat_template": template} if template else {}

    def render(messages: list[Message]) -> str:
        text = tokenizer.apply_chat_template(
            messages, tokenize=False, add_generation_prompt=True, **values, **own
        )
        return str(text)

    layout = fitting_layout(render)
    if layout is None:
        raise RecipeError(
            "the chat template loses turns, or changes earlier turns with the last one, in every "
            f"layout that was tried: {', '.join(LAYOUTS)}",
            hint='set chat_template = "plain", or name a Jinja file that says every turn',
        )
    return PromptTokens(
        render,
        lambda text: list(tokenizer.encode(text, add_special_tokens=False)),
        tokenizer.get_added_vocab(),
        layout,
    )
