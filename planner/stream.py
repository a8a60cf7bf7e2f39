"""PlanStream: pieces of a model's text in, the plan's head and its subtasks out, each the moment it is whole.

An item is emitted on its closing brace, decoded and checked at once, so that it can be committed and started while the
rest is still being written. Laws: what was emitted would stand in the whole plan, whatever the text is cut into; the
first fault ends the stream and is kept in `fault`; the work is linear in the text.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from .errors import RAW_CHARS, Fault, StreamFault
from .forecast.correct import Correct, unchanged
from .plan import MAX_SUBTASKS, Plan, PlanHead, PlanPrefix, Subtask
from .reading import JsonReader, NotJson, field_name, read_head, read_subtask, shortened
from .scan import Capture, RootFinder, skip_space
from .validate import PlanCheck, PlanRules

Item: TypeAlias = PlanHead | Subtask

_HEAD_KEYS = tuple(PlanHead.model_fields)
_KEYS = tuple(Plan.model_fields)


class PlanStream:
    """Reads one plan from a stream of text.

    Prose, code fences and `<think>` blocks around the plan are passed over. Head fields may come in any order, also
    after `subtasks`; items wait until the head is whole.

    With `committed`, the stream continues a plan: the head it repeats is ignored, subtasks that are committed already
    are passed over, and the others are checked and counted as what follows.

    `correct` changes each new subtask's numbers before it is checked, so that what it sets is held to the rules too.
    """

    def __init__(self, rules: PlanRules, committed: PlanPrefix | None = None, *, correct: Correct = unchanged) -> None:
        self.fault: StreamFault | None = None
        self._correct = correct
        self.closed = False
        self._check = PlanCheck(rules)
        self._head: PlanHead | None = None
        self._subtasks: list[Subtask] = []
        self._known: frozenset[str] = frozenset()
        self._fields: dict[str, Any] = {}
        self._waiting: list[str] = []
        self._out: list[Item] = []
        self._raw: list[str] = []
        self._raw_chars = 0
        self._finder = RootFinder()
        self._key = ""
        self._keys: set[str] = set()
        self._capture = Capture()
        self._captured: Callable[[str], None] = self._on_key
        self._step: Callable[[str, int], int] = self._seek
        if committed is not None:
            self._resume(committed)

    @property
    def committed(self) -> PlanPrefix | None:
        """What stands: the head and the subtasks emitted so far, with those this stream continues."""
        return None if self._head is None else PlanPrefix(self._head, tuple(self._subtasks))

    @property
    def raw(self) -> str:
        """The text so far, cut at `RAW_CHARS` characters."""
        return "".join(self._raw)

    def feed(self, text: str) -> list[Item]:
        """Read on; the items that became whole in this piece, in order. Text after a fault or the end is ignored."""
        self._keep_raw(text)
        self._out = []
        at = 0
        try:
            while at < len(text) and self.fault is None and not self.closed:
                at = self._step(text, at)
        except NotJson as error:
            self._fail([Fault(self._path(), str(error))])
        return self._out

    def finish(self) -> Plan:
        """The whole plan, once the text has ended.

        Raises:
            StreamFault: when there was a fault, or the plan did not close.
        """
        prefix = self.committed
        if self.fault is None and self.closed and prefix is not None:
            return prefix.plan()
        begun = self._step != self._seek
        cut = Fault("", "the text ends before the plan does" if begun else "the text holds no plan")
        raise self.fault or self._fail([cut])

    def _resume(self, committed: PlanPrefix) -> None:
        self._head = committed.head
        self._subtasks = list(committed.subtasks)
        self._known = frozenset(each.id for each in committed.subtasks)
        self._check.head(committed.head)
        for subtask in committed.subtasks:
            self._check.subtask(subtask)

    def _keep_raw(self, text: str) -> None:
        if self._raw_chars < RAW_CHARS:
            self._raw.append(text[: RAW_CHARS - self._raw_chars])
            self._raw_chars += len(text)

    def _fail(self, faults: list[Fault]) -> StreamFault:
        self.fault = StreamFault(faults, raw=self.raw, committed=self.committed)
        return self.fault

    def _path(self) -> str:
        if self._key != "subtasks":
            return self._key
        return f"subtasks[{self._check.count + len(self._waiting)}]"

    # What the text may hold next. Each step takes a piece and a place in it, and gives the place it stopped at.

    def _seek(self, text: str, at: int) -> int:
        end = self._finder.feed(text[at:])
        if end < 0:
            return len(text)
        self._key = self._finder.key
        self._keys.add(self._key)
        self._step = self._value
        return at + end

    def _value(self, text: str, at: int) -> int:
        if self._key == "subtasks":
            return self._expect(text, at, {"[": self._first_item})
        at = skip_space(text, at)
        if at < len(text):
            self._begin(self._on_value)
        return at

    def _first_item(self, text: str, at: int) -> int:
        at = skip_space(text, at)
        if at < len(text) and text[at] == "]":
            self._step = self._after_value
            return at + 1
        return self._item(text, at)

    def _item(self, text: str, at: int) -> int:
        at = skip_space(text, at)
        if at < len(text):
            if text[at] != "{":
                raise NotJson(f"a subtask must begin with a brace, not {shortened(text[at])}")
            self._begin(self._on_item)
        return at

    def _after_item(self, text: str, at: int) -> int:
        return self._expect(text, at, {",": self._item, "]": self._after_value})

    def _after_value(self, text: str, at: int) -> int:
        return self._expect(text, at, {",": self._next_key, "}": self._closed})

    def _next_key(self, text: str, at: int) -> int:
        at = skip_space(text, at)
        if at < len(text):
            if text[at] != '"':
                raise NotJson(f"a field must begin with a quoted name, not {shortened(text[at])}")
            self._begin(self._on_key)
        return at

    def _colon(self, text: str, at: int) -> int:
        return self._expect(text, at, {":": self._value})

    def _closed(self, text: str, at: int) -> int:
        return at

    def _capturing(self, text: str, at: int) -> int:
        at = self._capture.feed(text, at)
        if self._capture.closed:
            self._captured(self._capture.text)
        return at

    def _begin(self, captured: Callable[[str], None]) -> None:
        self._capture, self._captured, self._step = Capture(), captured, self._capturing

    def _expect(self, text: str, at: int, steps: dict[str, Callable[[str, int], int]]) -> int:
        at = skip_space(text, at)
        if at == len(text):
            return at
        step = steps.get(text[at])
        if step is None:
            raise NotJson(f"expected {' or '.join(map(repr, steps))}, not {shortened(text[at])}")
        self._step = step
        if step == self._closed:
            self._on_end()
        return at + 1

    # What to do with what was collected.

    def _on_key(self, raw: str) -> None:
        key = self._decode(raw)
        if key is None:
            return
        self._key = field_name(key)
        if key in self._keys or key not in _KEYS:
            self._fail([Fault(self._key, "stands twice" if key in self._keys else "is no field of a plan")])
        self._keys.add(key)
        self._step = self._colon

    def _on_value(self, raw: str) -> None:
        self._fields[self._key] = self._decode(raw)
        self._step = self._after_value
        if self.fault is None and all(key in self._fields for key in _HEAD_KEYS):
            self._emit_head()

    def _on_item(self, raw: str) -> None:
        self._step = self._after_item
        if self._head is None:
            self._wait(raw)
        else:
            self._emit_subtask(raw)

    def _wait(self, raw: str) -> None:
        if len(self._waiting) == MAX_SUBTASKS:
            raise NotJson(f"more than {MAX_SUBTASKS} subtasks stand before the plan's other fields")
        self._waiting.append(raw)

    def _on_end(self) -> None:
        missing = [key for key in _KEYS if key not in self._keys]
        faults = [Fault(key, "is missing") for key in missing] or self._check.close()
        if faults:
            self._fail(faults)
        else:
            self.closed = True

    def _decode(self, raw: str) -> Any:
        reader = JsonReader()
        value = reader.read(raw)
        if reader.duplicates:
            self._fail([Fault(self._path(), message) for _, message in reader.faults()])
        return value

    def _emit_head(self) -> None:
        if self._head is not None:
            return
        head = read_head(self._fields)
        faults = self._check.head(head) if isinstance(head, PlanHead) else head
        if faults or not isinstance(head, PlanHead):
            self._fail(faults)
            return
        self._head = head
        self._out.append(head)
        waiting, self._waiting = self._waiting, []
        for raw in waiting:
            if self.fault is None:
                self._emit_subtask(raw)

    def _emit_subtask(self, raw: str) -> None:
        subtask = read_subtask(self._decode(raw), self._check.count)
        if self.fault is not None:
            return
        if isinstance(subtask, list):
            self._fail(subtask)
        elif subtask.id not in self._known:
            subtask = self._correct(subtask, self._check.tokens_left)
            faults = self._check.subtask(subtask)
            if faults:
                self._fail(faults)
                return
            self._subtasks.append(subtask)
            self._out.append(subtask)
