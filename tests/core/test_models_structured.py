from __future__ import annotations

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foreplan.core.errors import UnsupportedFeature
from foreplan.core.models.base import Message, OutputSchema, Reply, Request, ToolCall
from foreplan.core.models.fit import clean, fit, without_system
from foreplan.core.models.found_json import find_object, parse_object
from foreplan.core.models.quirks import Quirks
from foreplan.core.models.structured import Ladder, Way, take, tool_name, without_bounds

SCHEMA = {
    "type": "object",
    "properties": {
        "pattern": {"type": "string", "maxLength": 9, "pattern": "^a"},
        "sizes": {"type": "array", "items": {"type": "integer", "minimum": 1}, "maxItems": 3},
    },
    "required": ["pattern", "sizes"],
    "additionalProperties": False,
}
OUTPUT = OutputSchema("an answer!", SCHEMA)
TOOL = {"type": "function", "function": {"name": "search", "description": "finds", "parameters": {"type": "object"}}}

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)
prose = st.text(max_size=30).filter(lambda text: not set(text) & set('{}"'))


def request(**fields) -> Request:
    return Request(messages=[{"role": "user", "content": "hi"}], max_completion_tokens=100, **fields)


def refusal(feature: str, message: str = "no") -> UnsupportedFeature:
    return UnsupportedFeature(message, feature=feature)


@given(st.dictionaries(st.text(max_size=5), json_values, min_size=1, max_size=4), prose, prose, st.booleans())
def test_an_object_is_found_in_prose_and_fences(value, before, after, fenced):
    body = json.dumps(value, ensure_ascii=False)
    text = f"{before}\n```json\n{body}\n```\n{after}" if fenced else f"{before}{body}{after}"
    found = find_object(text)
    assert found is not None
    assert json.loads(found) == value


def test_the_object_with_the_wanted_keys_wins_over_a_longer_one():
    text = 'The schema {"type": "object", "properties": {}, "title": "long"} is met by {"a": 1} here, {not json}.'
    assert find_object(text, ["a"]) == '{"a": 1}'
    assert find_object('an open { brace, then {"a": "}\\"{"}') == '{"a": "}\\"{"}'
    assert find_object('{the plan is {"a": 1}}') == '{"a": 1}'
    assert find_object('{ he said " and then {"a": 1}') == '{"a": 1}'
    assert find_object("no object [1, 2] at all") is None


@given(st.text(alphabet='{}[]"\\:,a1 ', max_size=300))
def test_whatever_stands_in_an_answer_what_is_found_is_an_object_of_it(text):
    found = find_object(text)
    assert found is None or (found in text and isinstance(json.loads(found, strict=False), dict))


@pytest.mark.parametrize(
    "text",
    [
        "{" * 1_000_000,
        '{"a":' * 200_000,
        '{"' * 500_000,
        '"{}' * 300_000,
        "{}" * 300_000 + "x",
        "{" * 200_000 + "x" + "}" * 200_000,
        '{"a":' * 200_000 + "}" * 200_000,
        '{"a":"' + "\\" * 900_000,
        "{ " + "x" * 10_000_000 + "}",
    ],
)
def test_hostile_answers_take_linear_time(text):
    started = time.process_time()
    find_object(text, ["a"])
    assert time.process_time() - started < 6


def test_depth_and_numbers_that_python_cannot_follow_are_no_object():
    assert parse_object('{"a":' + "[" * 100_000 + "]" * 100_000 + "}") is None
    assert parse_object('{"a":' + "9" * 10_000 + "}") is None
    assert parse_object("[1]") is None


def test_bounds_go_and_properties_of_the_same_name_stay():
    bare = without_bounds(SCHEMA)
    assert bare == {
        "type": "object",
        "properties": {
            "pattern": {"type": "string"},
            "sizes": {"type": "array", "items": {"type": "integer"}},
        },
        "required": ["pattern", "sizes"],
        "additionalProperties": False,
    }


def test_the_ladder_goes_down_on_refusals_and_stays_there():
    ladder = Ladder(Quirks())
    first = ladder.way
    assert first == Way("json_schema", True)
    assert ladder.fall(first, refusal("bounds"))
    assert ladder.way == Way("json_schema", False)
    assert ladder.fall(first, refusal("bounds"))
    assert ladder.way == Way("json_schema", False)
    assert ladder.fall(ladder.way, refusal("structured"))
    assert ladder.way == Way("tool", True)
    assert ladder.fall(ladder.way, refusal("structured"))
    assert ladder.way.mode == "prompt"
    assert not ladder.fall(ladder.way, refusal("structured"))


def test_the_ladder_does_not_fall_for_refusals_of_other_things_or_against_the_user():
    ladder = Ladder(Quirks())
    assert not ladder.fall(ladder.way, refusal("temperature"))
    fixed = Ladder(Quirks(structured="json_schema", schema_bounds=False))
    assert not fixed.fall(fixed.way, refusal("structured"))
    assert Ladder(Quirks(tools=False)).way.mode == "json_schema"


def test_each_way_asks_in_its_own_form():
    by_schema = fit(request(output=OUTPUT), Way("json_schema", False), Quirks())
    assert by_schema.output is not None
    assert "maxLength" not in json.dumps(by_schema.output.json_schema)
    assert not by_schema.tools

    by_tool = fit(request(output=OUTPUT, tools=[TOOL]), Way("tool", True), Quirks())
    assert [tool["function"]["name"] for tool in by_tool.tools] == ["search", "an_answer_"]
    assert by_tool.tool_choice == "required"
    assert fit(request(output=OUTPUT), Way("tool", True), Quirks()).tool_choice == "an_answer_"

    by_words = fit(request(output=OUTPUT), Way("prompt", True), Quirks())
    assert not by_words.tools
    assert by_words.messages[0]["role"] == "system"
    assert json.dumps(SCHEMA, separators=(",", ":")) in by_words.messages[0]["content"]
    assert by_words.messages[1] == {"role": "user", "content": "hi"}


def test_the_wording_of_the_prompts_is_as_reviewed():
    asked = fit(request(output=OutputSchema("plan", {"type": "object"})), Way("prompt", True), Quirks())
    assert asked.messages[0]["content"] == (
        "Answer with one JSON object and nothing else: no words before or after it, no code fence.\n"
        'It must match this JSON schema, named `plan`:\n\n{"type":"object"}'
    )
    asked = fit(request(tools=[TOOL], tool_choice="required"), Way("json_schema", True), Quirks(tools=False))
    assert asked.messages[0]["content"] == (
        "You may use these tools, described by JSON schemas:\n\n"
        '{"name":"search","description":"finds","parameters":{"type":"object"}}\n\n'
        'To use one, answer with one JSON object and nothing else: {"tool": "<its name>", "arguments": {...}}\n'
        "Use one now."
    )


def test_each_way_is_read_back_into_text():
    call = ToolCall("1", tool_name(OUTPUT), '{"a": 1}')
    reply = take(
        Reply(text="remark", tool_calls=(call,), finish_reason="tool_calls"),
        request(output=OUTPUT, structured="tool"), worded_tools=False,
    )  # fmt: skip
    assert (reply.text, reply.tool_calls, reply.finish_reason) == ('{"a": 1}', (), "stop")
    reply = take(
        Reply(text='Sure:\n```\n{"a": 1}\n```'), request(output=OUTPUT, structured="prompt"), worded_tools=False
    )
    assert reply.text == '{"a": 1}'
    reply = take(Reply(text="I cannot"), request(output=OUTPUT), worded_tools=False)
    assert reply.text == "I cannot"


@pytest.mark.parametrize("arguments", ['{"q": "x"}', '"{\\"q\\": \\"x\\"}"'])
def test_tools_in_words_are_read_as_calls(arguments):
    reply = take(Reply(text=f'I will: {{"tool": "search", "arguments": {arguments}}}'), request(), worded_tools=True)
    assert [(call.name, json.loads(call.arguments)) for call in reply.tool_calls] == [("search", {"q": "x"})]
    assert reply.finish_reason == "tool_calls"


@given(st.dictionaries(st.sampled_from(["tool", "arguments", "x"]), json_values))
def test_whatever_is_said_in_place_of_a_call_is_not_a_crash(said):
    reply = take(Reply(text=json.dumps(said)), request(), worded_tools=True)
    assert all(isinstance(call.arguments, str) for call in reply.tool_calls)


def test_earlier_tool_calls_become_words_for_an_endpoint_without_tools():
    call = {"id": "1", "type": "function", "function": {"name": "search", "arguments": "{}"}}
    messages: list[Message] = [
        {"role": "system", "content": "be brief"},
        {"role": "user", "content": "go"},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "1", "content": "found"},
    ]  # fmt: skip
    worded = fit(
        Request(messages, 10, tools=[TOOL]), Way("json_schema", True), Quirks(tools=False, system_message=False)
    )
    assert [message["role"] for message in worded.messages] == ["user", "assistant", "user"]
    assert worded.messages[0]["content"].startswith("be brief\n\nYou may use")
    assert worded.messages[0]["content"].endswith("\n\ngo")
    assert worded.messages[1]["content"] == '{"tool": "search", "arguments": {}}'
    assert not worded.tools


def test_system_messages_open_the_first_user_message_where_none_are_taken():
    messages = [{"role": "system", "content": "s"}, {"role": "user", "content": "u"}, {"role": "user", "content": "v"}]
    assert without_system(messages) == [{"role": "user", "content": "s\n\nu"}, {"role": "user", "content": "v"}]
    assert without_system(messages[:1]) == [{"role": "user", "content": "s"}]
    assert without_system(messages[1:]) == messages[1:]


def test_what_a_quirk_forbids_is_not_sent():
    wanted = request(effort="high", seed=1, temperature=0.5, tools=[TOOL], tool_choice="search")
    quirks = Quirks(reasoning_effort=False, seed=False, temperature=False, tool_choice_required=False)
    sent = fit(wanted, Way("json_schema", True), quirks)
    assert (sent.effort, sent.seed, sent.temperature, sent.tool_choice) == (None, None, None, "auto")
    sent = fit(wanted, Way("json_schema", True), Quirks(reasoning_effort=True))
    assert (sent.effort, sent.seed, sent.temperature, sent.tool_choice) == ("high", 1, 0.5, "search")


@given(
    st.recursive(st.text(), lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3))
)
def test_cleaned_messages_are_valid_utf8(value):
    json.dumps(clean({"content": value, "bad": "\ud800"})["bad"], ensure_ascii=False).encode()
    assert clean("plain \u00e4 \U0001f600") == "plain \u00e4 \U0001f600"
