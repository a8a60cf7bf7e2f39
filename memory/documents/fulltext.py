"""Full text over passages by BM25 (tantivy): numbered passages in, numbers and scores of the best out.

Words are folded and stemmed; scripts without spaces are indexed character by character. Queries are built from words,
never parsed, so that any string is a query.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

import tantivy

from ..errors import StorageError
from ..text.words import STOP_WORDS

TITLE_BOOST = 2.0
MAX_QUERY_WORDS = 64
"""Words of a query that count; a longer one is a pasted text, and its first words say what it is about."""

_MAX_QUERY_CHARS = 20_000
_MAX_WORD_BYTES = 120
_WRITER_BYTES = 64_000_000

_UNSPACED = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
_WORD = rf"[{_UNSPACED}]|[[\p{{L}}\p{{N}}\p{{M}}]--[{_UNSPACED}]]+"


class Numbered(NamedTuple):
    """One passage to index: its number, its document's id, and what is searched in it."""

    number: int
    document: str
    title: str
    text: str


class FullText:
    """An index in `folder`, or in memory without one."""

    def __init__(self, folder: Path | None = None) -> None:
        """Open or create.

        Raises:
            ValueError: when the folder holds something that is no such index, or a damaged one.
            OSError: when it cannot be written.
        """
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
        self._index = tantivy.Index(_schema(), path=str(folder) if folder is not None else None)
        self._index.register_tokenizer("words", _analyzer())
        self._query_words = _analyzer(stop_words=STOP_WORDS)
        self._all_words = _analyzer()

    @classmethod
    def opened(cls, folder: Path) -> FullText | None:
        """The index in `folder`, a new one when there is none; None when what is there is damaged."""
        try:
            fulltext = cls(folder)
            fulltext.count()
        except (ValueError, FileNotFoundError):
            return None
        return fulltext

    @classmethod
    def made_anew(cls, folder: Path) -> FullText:
        """An empty index in place of whatever is in `folder`."""
        shutil.rmtree(folder, ignore_errors=True)
        return cls(folder)

    def count(self) -> int:
        """How many passages there are."""
        return int(self._index.searcher().num_docs)

    def search(self, query: str, limit: int) -> list[tuple[int, float]]:
        """(number, score) of the best passages, best first, equal scores by number."""
        words = self._words(query)
        if not words or limit <= 0:
            return []
        schema = self._index.schema
        clauses: list[tuple[tantivy.Occur, tantivy.Query]] = []
        for word in words:
            title = tantivy.Query.boost_query(tantivy.Query.term_query(schema, "title", word), TITLE_BOOST)
            clauses += [
                (tantivy.Occur.Should, tantivy.Query.term_query(schema, "text", word)),
                (tantivy.Occur.Should, title),
            ]
        searcher = self._index.searcher()
        # A few more than asked for, so that among equal scores at the border the order of segments does not decide.
        hits = searcher.search(tantivy.Query.boolean_query(clauses), limit=limit + 10, count=False).hits
        numbers = searcher.fast_field_values("number", [address for _, address in hits])
        found = [(int(number or 0), float(score)) for (score, _), number in zip(hits, numbers, strict=True)]
        return sorted(found, key=lambda hit: (-hit[1], hit[0]))[:limit]

    def reload(self) -> None:
        """See what another process has written."""
        self._index.reload()

    def writer(self) -> Writer:
        """Changes that become visible together."""
        return Writer(self._index)

    def _words(self, query: str) -> list[str]:
        """The distinct words of a query; stop words only where there are no others."""
        clean = query[:_MAX_QUERY_CHARS].encode("utf-8", "replace").decode("utf-8")
        words = self._query_words.analyze(clean) or self._all_words.analyze(clean)
        return list(dict.fromkeys(words))[:MAX_QUERY_WORDS]


class Writer:
    """Additions and removals; committed at the end of the `with` block, dropped when it is left by an error."""

    def __init__(self, index: tantivy.Index) -> None:
        self._index = index
        # One thread: the same files then give the same index.
        with _storage_errors():
            self._writer = index.writer(_WRITER_BYTES, 1)

    def __enter__(self) -> Writer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with _storage_errors():
            if kind is None:
                self._writer.commit()
            else:
                self._writer.rollback()
            self._writer.wait_merging_threads()
            self._index.reload()

    def add(self, passages: Iterable[Numbered]) -> None:
        """Index passages."""
        for passage in passages:
            self._writer.add_document(
                tantivy.Document(
                    number=passage.number, document=passage.document, title=passage.title, text=passage.text
                )
            )

    def remove(self, document: str) -> None:
        """Remove all passages of a document."""
        self._writer.delete_documents_by_term("document", document)

    def clear(self) -> None:
        """Remove everything."""
        self._writer.delete_all_documents()


@contextmanager
def _storage_errors() -> Iterator[None]:
    """Tell of a ValueError as tantivy raises it when the disk is full, read-only or the index in use."""
    try:
        yield
    except ValueError as error:
        raise StorageError(f"The full-text index cannot be written: {error}.", hint="Is the disk full?") from error


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    builder.add_integer_field("number", fast=True)
    builder.add_text_field("document", tokenizer_name="raw", index_option="basic")
    builder.add_text_field("title", tokenizer_name="words", index_option="freq")
    builder.add_text_field("text", tokenizer_name="words", index_option="freq")
    return builder.build()


def _analyzer(stop_words: frozenset[str] = frozenset()) -> tantivy.TextAnalyzer:
    builder = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.regex(_WORD))
    builder = builder.filter(tantivy.Filter.remove_long(_MAX_WORD_BYTES)).filter(tantivy.Filter.lowercase())
    builder = builder.filter(tantivy.Filter.ascii_fold())
    if stop_words:
        builder = builder.filter(tantivy.Filter.custom_stopword(sorted(stop_words)))
    return builder.filter(tantivy.Filter.stemmer("english")).build()
