"""What questions cost, added up."""

from collections.abc import Iterable

from schemas.unit import QuestionCost


def summed(costs: Iterable[dict[str, QuestionCost]]) -> dict[str, QuestionCost]:
    """Return cost by question, sorted, over many units."""
    whole: dict[str, QuestionCost] = {}
    for questions in costs:
        for question, cost in questions.items():
            whole[question] = added(whole.get(question, QuestionCost()), cost)
    return dict(sorted(whole.items()))


def added(one: QuestionCost, other: QuestionCost) -> QuestionCost:
    """Return two costs as one."""
    who = dict(one.by)
    for name, count in other.by.items():
        who[name] = who.get(name, 0) + count
    numbers = {
        name: getattr(one, name) + getattr(other, name)
        for name in QuestionCost.model_fields
        if name != "by"
    }
    return QuestionCost(**numbers, by=who)
