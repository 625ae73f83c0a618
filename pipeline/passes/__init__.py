"""Passes: what is asked about a document, and what is read out of the answers.

A pass never calls a model. It is two pure methods; batching, retries, the ledger
and GPUs are someone else's job.
"""

from abc import abstractmethod
from collections.abc import Sequence

from pipeline.plugins import Plugin
from schemas.document import Document, Note
from schemas.exchange import Reply, Request


class Pass(Plugin):
    """One step of a journey. Its fields are its settings in a recipe."""

    def ask(self, document: Document) -> list[Request]:
        """Return the questions to ask about this document; none if it need not be asked."""
        return []

    @abstractmethod
    def read(self, document: Document, replies: Sequence[Reply]) -> Note:
        """Return what this pass has to say, given one readable reply for each request."""

    def unreadable(self, document: Document, replies: Sequence[Reply]) -> Note:
        """Return what follows when a reply could not be read, even when asked again.

        A document on which a reviewer was not heard is not published, so it is rejected.
        """
        broken = next(reply for reply in replies if reply.error)
        return Note.reject("unreadable", f"{broken.request.question}: {broken.error}")
