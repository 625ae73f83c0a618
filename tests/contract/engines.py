"""What every engine promises, whatever answers behind it; the tests of each engine call this."""

from pipeline.engines import Capacity
from pipeline.journey import parsed
from schemas.exchange import Finish


async def keeps_the_contract(engine, requests):
    """Check a started engine on the requests of a journey; return its answers."""
    before = engine.fingerprint()

    answers = await engine.answer(requests)

    assert len(answers) == len(requests)
    for request, answer in zip(requests, answers, strict=True):
        assert answer.by.keyed == engine.identity(request).keyed
        assert answer.finish in (Finish.STOP, Finish.LENGTH)
        if answer.finish is Finish.STOP:
            # Every question has another schema than its neighbours: an answer in the wrong place
            # would not fit.
            assert parsed(request, answer).value is not None
        usage = answer.usage
        assert 0 <= usage.cached <= usage.read
        assert min(usage.written, usage.thought, usage.seconds) >= 0
    assert await engine.answer([]) == []
    assert isinstance(engine.capacity(), Capacity)
    assert engine.capacity().requests >= 1
    assert engine.fingerprint() == before
    await engine.settle()
    return answers


def in_turns(requests):
    """Return requests so that no two neighbours are answered in one schema, as far as they go."""
    by_schema = {}
    for request in requests:
        by_schema.setdefault(request.reply, []).append(request)
    mixed = []
    while any(by_schema.values()):
        mixed += [left.pop(0) for left in by_schema.values() if left]
    return mixed
