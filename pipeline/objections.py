"""Which objections still stand against the newest rewrite of a document."""

from schemas.document import Decision, Document, Note, Objection


def notes_since_writing(document: Document) -> tuple[Note, ...]:
    """Return the note of what was written last, well or badly, and all that were left after it.

    A pass that had nothing to write, such as a revision of trusted text, takes no objection away.
    """
    for index in range(len(document.notes) - 1, -1, -1):
        note = document.notes[index]
        if note.spans is not None or (note.by in ("draft", "revise") and note.objections):
            return document.notes[index:]
    return ()


def standing(document: Document) -> tuple[Objection, ...]:
    """Return every objection to the newest rewrite, each once.

    A jury that approves overrules the reviewers; what code objects to it does not.
    """
    notes = notes_since_writing(document)
    overruled = any(note.votes and note.decision is Decision.KEEP for note in notes)
    found = (o for note in notes if not note.votes for o in note.objections)
    return tuple(dict.fromkeys(o for o in found if o.rubric == "lint" or not overruled))


def was_rewritten(document: Document) -> bool:
    """Return whether any text that a model wrote stands in the newest rewrite."""
    return any(span.source_start is None for span in document.spans)


def wants_review(document: Document) -> bool:
    """Return whether somebody must judge the rewrite.

    A writer who abstains on a flagged document is judged as well: either the screening was wrong,
    or something bad would stand uncommented. So is trusted text, though no model wrote it.
    """
    return document.rewrite is not None and (was_rewritten(document) or document.flagged)
