from __future__ import annotations

import pytest
from pydantic import SecretStr, ValidationError

from foreplan.core.models.prices import list_price
from foreplan.core.models.quirks import Quirks, known_quirks, learned_quirks
from foreplan.core.models.spec import ModelSpec
from foreplan.core.usage import Price

LOCAL = "http://localhost:8000/v1"


def test_a_key_is_in_no_repr_dump_or_json():
    spec = ModelSpec(model="m", api_key=SecretStr("sk-hidden"), extra_headers={"X-Token": "tok-hidden"})
    assert "hidden" not in repr(spec)
    assert "sk-hidden" not in str(spec.model_dump())
    assert "sk-hidden" not in spec.model_dump_json()
    assert spec.key == "sk-hidden"


def test_credentials_within_a_url_are_not_shown_but_are_used():
    spec = ModelSpec(model="m", base_url="http://user:pass@host:1/v1/")
    assert spec.endpoint == "http://host:1/v1"
    assert spec.url == "http://user:pass@host:1/v1"


@pytest.mark.parametrize("url", ["localhost:8000", "ftp://host/v1", "file:///etc/passwd", "http://", ""])
def test_a_base_url_that_is_none_is_refused(url):
    with pytest.raises(ValidationError, match="base_url"):
        ModelSpec(model="m", base_url=url)


def test_a_spec_is_frozen_and_knows_its_fields():
    spec = ModelSpec(model="m")
    with pytest.raises(ValidationError):
        spec.model = "other"
    with pytest.raises(ValidationError):
        ModelSpec.model_validate({"model": "m", "temprature": 1})


@pytest.mark.parametrize(
    ("model", "said"),
    [
        ("o1-mini", {"system_message": False, "reasoning_effort": False, "tools": False, "temperature": False}),
        ("o3-2025-04-16", {"system_message": True, "reasoning_effort": True, "temperature": False}),
        ("openai/O4-mini", {"reasoning_effort": True, "temperature": False}),
        ("gpt-5-nano", {"reasoning_effort": True, "temperature": False}),
        ("gpt-5-chat-latest", {"reasoning_effort": False, "temperature": True}),
        ("gpt-4o-mini", {"reasoning_effort": False, "temperature": True}),
        ("Qwen/Qwen3-8B", {"reasoning_effort": False, "system_message": True, "structured": None}),
    ],
)
def test_known_models_have_their_quirks_wherever_they_are_served(model, said):
    assert known_quirks(model, LOCAL).model_dump(include=set(said)) == said


def test_openais_own_endpoint_takes_a_schema_without_bounds_and_older_models_take_a_tool():
    assert known_quirks("gpt-4o").structured == "json_schema"
    assert not known_quirks("gpt-4o").schema_bounds
    assert known_quirks("gpt-4-turbo").structured == "tool"
    assert known_quirks("gpt-4.1").structured == "json_schema"
    assert known_quirks("gpt-4o", LOCAL).structured is None


def test_hosts_that_know_the_older_parameter_only_get_that():
    assert known_quirks("deepseek-reasoner", "https://api.deepseek.com").max_tokens_field == "max_tokens"
    assert known_quirks("x", "https://api.deepseek.com.evil.example/v1").max_tokens_field == "max_completion_tokens"


def test_what_the_user_sets_wins_field_by_field():
    spec = ModelSpec(model="o1-mini", quirks=Quirks(system_message=True))
    assert spec.all_quirks.system_message
    assert not spec.all_quirks.tools
    assert ModelSpec(model="gpt-4o", quirks=Quirks(structured=None)).all_quirks.structured is None


def test_a_refused_parameter_is_learned_once_and_never_against_the_user():
    present = Quirks(reasoning_effort=True)
    learned = learned_quirks("reasoning_effort", present, settled=Quirks())
    assert learned is not None
    assert not learned.reasoning_effort
    assert learned_quirks("reasoning_effort", learned, settled=Quirks()) is None
    assert learned_quirks("reasoning_effort", present, settled=Quirks(reasoning_effort=True)) is None
    assert learned_quirks("structured", present, settled=Quirks()) is None


def test_list_prices_are_openais_own_and_cover_snapshots():
    assert list_price("gpt-4o-mini") == Price(0.15, 0.60, 0.075)
    assert list_price("o3-2025-04-16") == list_price("o3")
    assert list_price("gpt-4o-2024-05-13") == Price(5.0, 15.0)
    assert list_price("gpt-4o-mini", LOCAL) is None
    assert list_price("gpt-4o-mini", "https://api.openai.com.evil.example/v1") is None
    assert list_price("gpt-9") is None


def test_a_price_that_is_set_wins_over_the_list():
    spec = ModelSpec(model="gpt-4o", price=Price(1.0, 2.0))
    assert spec.known_price == Price(1.0, 2.0)
    assert ModelSpec(model="gpt-4o").known_price == list_price("gpt-4o")
