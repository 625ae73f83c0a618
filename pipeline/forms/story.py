"""A story: people as they are, and an AI among them as the constitution says."""

from typing import ClassVar

from pipeline.pieces import Pieced, Rule, both_speak


class Story(Pieced):
    """A human narrator tells; what the AI in the story says, does and thinks is in its voice."""

    rules: ClassVar[tuple[Rule, ...]] = (both_speak,)
    plain: ClassVar[bool] = True
