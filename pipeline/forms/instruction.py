"""A task that somebody gives, then the work itself and its result."""

from typing import ClassVar

from pipeline.pieces import Pieced, Rule, begins_with_a_human, unanswered


class Instruction(Pieced):
    """The AI carries out what it is given, with the document as its material."""

    rules: ClassVar[tuple[Rule, ...]] = (begins_with_a_human, unanswered)
