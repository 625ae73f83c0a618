"""What the shipped or a recipe's own prompts ask of AI text, as the lint reads it."""

from pipeline.voices.lint import COPIED_WORDS, Banned
from pipeline.voices.words import runs, words
from prompts import Prompts


def banned_phrases(prompts: Prompts) -> Banned:
    """Return the phrases of ``banned.toml``, each with its reason."""
    rows = prompts.table("banned.toml").get("phrase", [])
    return Banned.of({row["text"]: row["why"] for row in rows})


def instruction_runs(prompts: Prompts) -> frozenset[str]:
    """Return every run of words that a writer has read and must not copy out."""
    names = ["constitution.md", *(f"draft/{name}.md" for name in prompts.names("draft"))]
    texts = (prompts.text(name) for name in names)
    return frozenset().union(*(runs(words(text), COPIED_WORDS) for text in texts))
