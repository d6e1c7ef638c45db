"""PDF: how does a file of pages become text? One file in; out comes a `Document`, or a `Failure` with its name."""

from tamis.data.pdf.cache import ReadingCache
from tamis.data.pdf.document import Document, read_document
from tamis.data.pdf.failure import Failure
from tamis.data.pdf.reading import Task, read_tasks

__all__ = ["Document", "Failure", "ReadingCache", "Task", "read_document", "read_tasks"]
