"""Sections of the document become the questions that they answer, and the AI's answers."""

from typing import ClassVar

from pipeline.pieces import Pieced, Rule, unanswered


class Dialogue(Pieced):
    """Somebody asks, the AI answers; what is not turned into a question may stay as it is."""

    rules: ClassVar[tuple[Rule, ...]] = (unanswered,)
