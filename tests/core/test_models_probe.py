from __future__ import annotations

from pydantic import SecretStr

from foreplan.core.models.probe import probe
from foreplan.core.models.spec import ModelSpec
from foreplan.core.usage import Price
from foreplan.testing import Answer, Capabilities, Fault, ModelServer, always


def ok(request) -> Answer:
    return Answer(json={"ok": True})


async def test_a_working_endpoint_is_described():
    with ModelServer(ok, models=["m", "n"]) as server:
        found = await probe(ModelSpec(model="m", base_url=server.url, price=Price(1, 1)))
        assert len(server.log) <= 2
        assert server.tokens_billed < 200
    assert found.ok
    assert (found.reachable, found.key_ok, found.model_known, found.streams) == (True, True, True, True)
    assert found.served == ("m", "n")
    assert (found.structured, found.reports_usage, found.priced) == ("json_schema", True, True)
    assert found.seconds > 0


async def test_what_an_endpoint_lacks_is_found_out():
    weak = Capabilities(json_schema=False, stream=False, tools=False)
    with ModelServer(ok, capabilities=weak, faults=always("usage_missing")) as server:
        found = await probe(ModelSpec(model="m", base_url=server.url))
    assert found.ok
    assert (found.structured, found.streams, found.reports_usage, found.priced) == ("prompt", False, False, False)


async def test_a_wrong_key_a_wrong_model_and_a_dead_endpoint_say_what_to_fix():
    with ModelServer(ok, key="sk-right", models=["small-model", "large-model"]) as server:
        wrong_key = await probe(ModelSpec(model="small-model", base_url=server.url, api_key=SecretStr("sk-wrong")))
        wrong_model = await probe(ModelSpec(model="small", base_url=server.url, api_key=SecretStr("sk-right")))
        url = server.url
    dead = await probe(ModelSpec(model="m", base_url=url))
    assert (wrong_key.reachable, wrong_key.key_ok, wrong_key.ok) == (True, False, False)
    assert "OPENAI_API_KEY" in wrong_key.fix
    assert "sk-wrong" not in repr(wrong_key)
    assert (wrong_model.reachable, wrong_model.key_ok, wrong_model.model_known) == (True, True, False)
    assert wrong_model.fix == "It serves small-model."
    assert (dead.reachable, dead.key_ok, dead.ok) == (False, None, False)
    assert "base_url" in dead.fix


async def test_an_endpoint_out_of_order_is_reachable_and_named():
    with ModelServer(ok, faults=always(Fault("server_error"))) as server:
        found = await probe(ModelSpec(model="m", base_url=server.url))
    assert (found.reachable, found.ok) == (True, False)
    assert "500" in found.problem
