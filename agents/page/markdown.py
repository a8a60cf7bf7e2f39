"""The report as HTML: Markdown that a model wrote goes in, safe markup comes out.

Laws: HTML in it stays text, images are not shown, links lead to http and https addresses only; a number in brackets
leads to the source of that number, if there is one; headings go on from the page's own, none skips a level.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from markdown_it import MarkdownIt
from markdown_it.token import Token

from ...core.drawing.svg import Markup, clean, escape, tag

MAX_CHARS = 200_000
_ADDRESS = re.compile(r"https?://", re.IGNORECASE)
_NUMBERS = re.compile(r"\[(\d{1,6}(?:, ?\d{1,6})*)\]")
_TOP_HEADING, _LAST_HEADING = 3, 6


@dataclass
class Rendered:
    """Markup, and the numbers that were cited in it: each has an element `ref-NUMBER`."""

    markup: Markup
    cited: set[int] = field(default_factory=set)


def rendered(text: str, known: Collection[int], *, title: str = "") -> Rendered:
    """A report as markup.

    Args:
        text: Markdown; beyond `MAX_CHARS` it is cut.
        known: numbers of citations that have a source.
        title: what the page is called; a first heading that says the same is left out.
    """
    parser = _Parser("commonmark", {"html": False}).enable("table").disable("image")
    tokens = parser.parse(clean(text[:MAX_CHARS]))
    if len(tokens) > 1 and tokens[0].type == "heading_open" and tokens[1].content.strip() == clean(title).strip():
        del tokens[:3]
    _settle_headings(tokens)
    cited: set[int] = set()
    for token in tokens:
        if token.children:
            token.children = _with_citations(token.children, known, cited)
    return Rendered(Markup(parser.renderer.render(tokens, parser.options, {})), cited)


class _Parser(MarkdownIt):
    def validateLink(self, url: str) -> bool:  # noqa: N802 - the library's name
        """Whether a link leads to where links may lead; one that does not stays text."""
        return bool(_ADDRESS.match(url))


def _settle_headings(tokens: Sequence[Token]) -> None:
    """Headings below the page's own, in order."""
    found = [int(token.tag[1]) for token in tokens if token.type == "heading_open"]
    before, shift = _TOP_HEADING - 1, _TOP_HEADING - min(found, default=1)
    for token in tokens:
        if token.type == "heading_open":
            before = min(int(token.tag[1]) + shift, before + 1, _LAST_HEADING)
            token.tag = f"h{before}"
        elif token.type == "heading_close":
            token.tag = f"h{before}"


def _with_citations(tokens: Sequence[Token], known: Collection[int], cited: set[int]) -> list[Token]:
    found: list[Token] = []
    inside_link = False
    for token in tokens:
        if token.type == "link_open":
            inside_link = True
            token.attrSet("rel", "noopener noreferrer nofollow")
        elif token.type == "link_close":
            inside_link = False
        if token.type == "text" and not inside_link:
            found += _split(token.content, known, cited)
        else:
            found.append(token)
    return found


def _split(text: str, known: Collection[int], cited: set[int]) -> list[Token]:
    """Text with its citations as links."""
    pieces: list[Token] = []
    done = 0
    for match in _NUMBERS.finditer(text):
        numbers = [int(each) for each in match[1].split(",")]
        if not any(each in known for each in numbers):
            continue
        links = ", ".join(_link(each, known, cited) for each in numbers)
        pieces += [_token("text", text[done : match.start()]), _token("html_inline", f"[{links}]")]
        done = match.end()
    return [*pieces, _token("text", text[done:])]


def _link(number: int, known: Collection[int], cited: set[int]) -> Markup:
    if number not in known:
        return escape(str(number))
    where = {} if number in cited else {"id": f"ref-{number}"}
    cited.add(number)
    return tag("a", escape(str(number)), href=f"#cite-{number}", class_="cite", aria_label=f"Source {number}", **where)


def _token(kind: str, content: str) -> Token:
    token = Token(kind, "", 0)
    token.content = content
    return token
