"""The ledger: sums by role, by model and by subtask go in, tables of tokens, calls and dollars come out."""

from __future__ import annotations

from collections.abc import Mapping

from ...core.amounts import dollars, duration
from ...core.drawing.html import paragraph, section, table
from ...core.drawing.svg import Markup, escape, join, shortened, tag
from .books import Book
from .facts import Facts

_HEADER = ("", "Calls", "Prompt", "of it cached", "Completion", "of it reasoning", "Tokens", "Cost", "Time of calls")
MAX_SUBTASKS = 50
_NAME_CHARS = 80


def ledger_section(facts: Facts) -> Markup:
    """What was spent, by whom, and of what."""
    spending = facts.spending
    content = [*map(paragraph, _budgets(facts))]
    if not spending.total.calls:
        return section("Ledger", *content, paragraph("No model was called."), key="ledger")
    content.append(_part("By role", "Role", spending.roles, "What each role spent.", total=spending.total))
    content.append(_part("By model", "Model", spending.models, "What each model was used for."))
    largest = dict(sorted(spending.subtasks.items(), key=lambda each: -each[1].usage.total_tokens)[:MAX_SUBTASKS])
    if largest:
        some = f"The {len(largest)} subtasks that spent most, of {len(spending.subtasks):,}."
        told = "What each subtask spent." if len(largest) == len(spending.subtasks) else some
        content.append(_part("By subtask", "Subtask", largest, told))
    return section("Ledger", *content, key="ledger")


def _budgets(facts: Facts) -> list[str]:
    """What was allowed, and how much of it went."""
    view, told = facts.view, []
    if facts.budget_tokens is not None:
        told.append(
            _against("tokens", f"{view.tokens:,}", f"{facts.budget_tokens:,}", view.tokens, facts.budget_tokens)
        )
    if facts.budget_dollars is not None:
        spent = dollars(view.dollars)
        told.append(_against("dollars", spent, dollars(facts.budget_dollars), view.dollars, facts.budget_dollars))
    planned = sum(row.budget_tokens for row in view.rows.values() if not row.dropped)
    if planned:
        told.append(f"The plan allowed its subtasks {planned:,} tokens.")
    unsettled = view.tokens - facts.spending.total.usage.total_tokens
    if view.ended and unsettled > 0:
        told.append(f"{unsettled:,} tokens of calls that were cut off are counted in full, and are in no table below.")
    return told


def _against(what: str, spent: str, budget: str, amount: float, limit: float) -> str:
    share = f" ({amount / limit:.0%})" if limit else ""
    return f"Budget of {what}: {spent} of {budget} spent{share}."


def _part(title: str, what: str, books: Mapping[str, Book], caption: str, total: Book | None = None) -> Markup:
    rows = [_row(shortened(name, _NAME_CHARS), book) for name, book in books.items()]
    if total is not None:
        rows.append(_row("all", total))
    return join(tag("h3", escape(title)), table([what, *_HEADER[1:]], rows, caption=caption))


def _row(name: str, book: Book) -> list[str]:
    usage = book.usage
    counts = (book.calls, usage.prompt_tokens, usage.cached_tokens, usage.completion_tokens, usage.reasoning_tokens)
    return [
        name,
        *(f"{each:,}" for each in (*counts, usage.total_tokens)),
        dollars(book.dollars),
        duration(book.seconds),
    ]
