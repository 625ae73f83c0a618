"""The AI retells the document, quoting the people in it and ending quotes before their danger."""

from typing import ClassVar

from pipeline.pieces import Pieced, Rule, nobody_invented


class Narration(Pieced):
    """The AI speaks all through, or between stretches of the source; no human text is written."""

    rules: ClassVar[tuple[Rule, ...]] = (nobody_invented,)
    quotes_in_marks: ClassVar[bool] = True
    quotes_source: ClassVar[bool] = True
    plain: ClassVar[bool] = True
