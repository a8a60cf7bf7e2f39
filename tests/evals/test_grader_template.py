"""Templates: only the template's own placeholders are filled, and hostile values stay text."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foreplan.evals.graders.base import GradingFault, Sample
from foreplan.evals.graders.template import template

ITEM = {"x": "one", "a": {"b": [{"c": 2.5}, None, True]}, "s": ["p", "q"]}
texts = st.text(st.characters(exclude_categories=[]), max_size=60)


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("{{item.x}}", "one"),
        ("<{{ item.x }}|{{item.a.b[0].c}}>", "<one|2.5>"),
        ("{{item.a.b[1]}} {{item.a.b[2]}} {{item.s}}", 'null true ["p", "q"]'),
        ("{{sample.output_text}}", '{"y": {"z": [1]}}'),
        ("{{sample.output_json.y.z[0]}}", "1"),
        ("{{sample.output_tools[0].function.name}}", "search"),
        ("no placeholder: {x} {{ {", "no placeholder: {x} {{ {"),
        ("", ""),
    ],
)
def test_placeholders_are_filled(text, filled):
    tools = ({"type": "function", "function": {"name": "search", "arguments": "{}"}},)
    assert template(text).fill(ITEM, Sample('{"y": {"z": [1]}}', tools=tools)) == filled


@settings(deadline=None)
@given(texts, texts)
def test_values_are_never_expanded_again(value, other):
    said = "{{item.secret}}{{sample.output_text}}" + value
    item = {"v": said, "secret": "not to be shown", "o": other}
    filled = template("[{{item.v}}][{{sample.output_text}}][{{item.o}}]").fill(item, Sample(said))
    assert filled == f"[{said}][{said}][{other}]"


@settings(deadline=None)
@given(texts)
def test_any_text_is_a_template_or_refused_by_name(text):
    try:
        filled = template(text).fill({}, Sample(""))
    except ValueError:
        assert "{{" in text
        assert "}}" in text
    else:
        assert filled == text


@pytest.mark.parametrize("written", ["name", "user.x", "sample.secret", "item", "item.", "item.x()", "item..x"])
def test_unknown_placeholders_are_refused_when_the_template_is_made(written):
    with pytest.raises(ValueError, match=r"placeholder|not known"):
        template("{{" + written + "}}")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{{item.nothing}}", ""),
        ("{{item.x.y}}", ""),
        ("{{item.__class__}}", ""),
        ("{{item.s[2]}}", ""),
        ("{{item.x[0]}}", ""),
        ("{{sample.output_json.a}}", "not JSON"),
        ("{{sample.output_json.a}}", "[" * 100_000),
        ("{{sample.output_json.a}}", '{"a": NaN}'),
        ("{{sample.output_tools[0]}}", ""),
        ("{{sample.output_text.a}}", "text"),
    ],
)
def test_what_has_no_value_is_a_fault_and_not_an_empty_text(text, said):
    with pytest.raises(GradingFault):
        template(text).fill(ITEM, Sample(said))


def test_values_are_cut_for_judges_and_the_template_around_them_is_not():
    filled, left_out = template("Judge: {{sample.output_text}}. Be strict.").fill_cut({}, Sample("x" * 100), 10)
    assert left_out == 90
    assert filled == "Judge: xxxxxxxxxx\n[90 more characters]. Be strict."
