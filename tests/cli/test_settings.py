import tomllib
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import SecretStr

from foreplan.core.errors import SettingsError
from foreplan.core.settings import Settings, load_settings
from foreplan.core.settings.loading import OPENAI_PLANNER, OPENAI_WORKER, unknown_variables
from foreplan.core.settings.roles import models_from, role_specs
from foreplan.core.usage import Price


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_MODEL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


def write(text: str, name: str = "foreplan.toml") -> Path:
    path = Path(name)
    path.write_text(text, encoding="utf-8")
    return path


def test_nothing_configured_is_embedded_with_the_vetted_defaults():
    settings = load_settings()
    assert role_specs(settings).embedded
    assert settings.run_limits.tokens == 400_000
    assert settings == Settings()


def test_each_source_wins_over_the_next_key_by_key(monkeypatch):
    write('model = "file"\nbase_url = "http://file/v1"\n[limits]\ntokens = 1\nseconds = 1\nconcurrency = 1\n')
    monkeypatch.setenv("FOREPLAN_MODEL", "variable")
    monkeypatch.setenv("FOREPLAN_LIMITS__SECONDS", "2")
    monkeypatch.setenv("FOREPLAN_LIMITS__CONCURRENCY", "2")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://openai/v1")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-openai")
    settings = load_settings({"limits": {"concurrency": 3}})
    assert (settings.model, settings.base_url) == ("variable", "http://file/v1")
    assert (settings.limits.tokens, settings.limits.seconds, settings.limits.concurrency) == (1, 2, 3)
    assert role_specs(settings).roles["planner"].key == "sk-openai"


def test_a_deadline_without_a_zone_is_meant_here():
    here = load_settings({"limits": {"deadline": "2030-01-31T07:00"}}).run_limits.deadline
    assert here == datetime(2030, 1, 31, 7).astimezone().timestamp()
    there = load_settings({"limits": {"deadline": "2030-01-31T07:00:00+01:00"}}).run_limits.deadline
    assert there == datetime(2030, 1, 31, 6, tzinfo=UTC).timestamp()


def test_a_key_alone_means_openai(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-openai")
    specs = role_specs(load_settings())
    assert (specs.roles["planner"].model, specs.roles["worker"].model) == (OPENAI_PLANNER, OPENAI_WORKER)
    assert specs.roles["writer"].model == specs.roles["judge"].model == OPENAI_PLANNER
    assert specs.roles["compressor"].model == OPENAI_WORKER


def test_embedded_wins_over_what_is_configured(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-openai")
    assert role_specs(load_settings({"embedded": True})).embedded


@pytest.mark.parametrize("text", ['base_url = "http://127.0.0.1:9/v1"\n', ""])
def test_an_endpoint_without_a_model_says_so(monkeypatch, text):
    write(text)
    if not text:
        monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    with pytest.raises(SettingsError, match="no model"):
        load_settings()


def test_variables_reach_nested_named_tables(monkeypatch):
    monkeypatch.setenv("FOREPLAN_WORKERS__FAST__MODEL", "small")
    monkeypatch.setenv("FOREPLAN_MODEL", "big")
    monkeypatch.setenv("FOREPLAN_MCP__NOTES__COMMAND", "notes-server")
    monkeypatch.setenv("FOREPLAN_TOOLS__ALLOW_HOSTS", '["wiki.internal"]')
    settings = load_settings()
    assert role_specs(settings).pool["fast"].model == "small"
    assert settings.mcp["notes"].command == "notes-server"
    assert settings.tools.allow_hosts == ("wiki.internal",)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[planer]\nmodel = "x"\n', "unknown key `planer` in foreplan.toml (did you mean `planner`?)"),
        ("[limits]\ntokns = 3\n", "unknown key `limits.tokns` in foreplan.toml (did you mean `tokens`?)"),
        ('[workers.fast]\nmodl = "x"\n', "unknown key `workers.fast.modl` in foreplan.toml (did you mean `model`?)"),
        ("[worker.quirks]\nsystem_mesage = true\n", "(did you mean `system_message`?)"),
        ("zzz = 1\n", "unknown key `zzz` in foreplan.toml (known here: model"),
        ("[limits]\ndollars = nan\n", "`limits.dollars` in foreplan.toml"),
        ("[mcp.a]\nargs = []\n", "give either `command` or `url`"),
        ("[limits\n", "not valid TOML"),
    ],
)
def test_a_wrong_file_is_explained(text, said):
    write(text)
    with pytest.raises(SettingsError) as caught:
        load_settings()
    assert said in str(caught.value)


def test_a_wrong_variable_is_named(monkeypatch):
    monkeypatch.setenv("FOREPLAN_WORKER__MODLE", "x")
    with pytest.raises(SettingsError, match=r"FOREPLAN_WORKER__MODLE.*did you mean `model`"):
        load_settings()


def test_no_error_repeats_a_value(monkeypatch):
    monkeypatch.setenv("FOREPLAN_LIMITS__TOKENS", "sk-secret")
    write('api_key = "sk-secret"\nbase_url = "sk-secret"\n[planer]\nx = "sk-secret"\n')
    with pytest.raises(SettingsError) as caught:
        load_settings()
    assert "sk-secret" not in str(caught.value)


def test_a_file_that_was_named_must_be_there(tmp_path):
    with pytest.raises(SettingsError, match="cannot be read"):
        load_settings(config=tmp_path / "none.toml")


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"x" * 1_000_001])
def test_a_file_that_is_no_text_is_refused(content):
    Path("foreplan.toml").write_bytes(content)
    with pytest.raises(SettingsError, match=r"foreplan\.toml"):
        load_settings()


def test_none_lifts_a_limit(monkeypatch):
    monkeypatch.setenv("FOREPLAN_LIMITS__TOKENS", "none")
    assert load_settings().run_limits.tokens is None


def test_unknown_variables_are_reported_with_the_nearest(monkeypatch):
    monkeypatch.setenv("FOREPLAN_MODLE", "x")
    monkeypatch.setenv("FOREPLAN_SERVICE_HOST", "10.0.0.1")
    assert unknown_variables()["FOREPLAN_MODLE"] == "FOREPLAN_MODEL"
    assert "FOREPLAN_SERVICE_HOST" in unknown_variables()
    assert load_settings() == Settings()


def test_a_key_goes_only_to_the_endpoint_it_was_given_for():
    specs = role_specs(
        Settings.model_validate(
            {
                "model": "m",
                "base_url": "http://one/v1",
                "api_key": "sk-one",
                "worker": {"base_url": "http://two/v1"},
                "writer": {"api_key": "sk-writer"},
            }
        )
    )
    assert (specs.roles["planner"].base_url, specs.roles["planner"].key) == ("http://one/v1", "sk-one")
    assert (specs.roles["worker"].base_url, specs.roles["worker"].key) == ("http://two/v1", "")
    assert (specs.roles["writer"].base_url, specs.roles["writer"].key) == ("http://one/v1", "sk-writer")


def test_what_describes_a_model_stays_with_it():
    specs = role_specs(
        Settings.model_validate(
            {
                "model": "m",
                "planner": {"price_prompt": 3.0, "window_tokens": 9_000, "effort": "high"},
                "writer": {"model": "other"},
                "judge": {"max_completion_tokens": 100},
            }
        )
    )
    assert specs.roles["writer"].window_tokens is None
    assert specs.roles["writer"].price is None
    assert specs.roles["writer"].effort == "high"
    assert specs.roles["judge"].window_tokens == 9_000
    assert specs.roles["judge"].price == Price(prompt=3.0)
    assert specs.roles["judge"].max_completion_tokens == 100


def test_a_pool_serves_as_worker_too():
    settings = Settings.model_validate(
        {"planner": {"model": "p"}, "workers": {"fast": {"model": "f", "good_at": "short facts"}}}
    )
    specs = role_specs(settings)
    assert models_from(settings).worker.spec.model == "f"
    assert specs.pool["fast"].good_at == "short facts"


@pytest.mark.parametrize("table", ["worker", "judge", "writer"])
def test_one_configured_role_serves_the_others(table):
    models = models_from(Settings.model_validate({table: {"model": "m"}}))
    assert models.planner.spec.model == models.worker.spec.model == "m"


def test_a_missing_key_variable_is_named():
    with pytest.raises(SettingsError, match="NO_SUCH_KEY"):
        role_specs(Settings.model_validate({"model": "m", "api_key_env": "NO_SUCH_KEY"}))


def test_keys_stay_out_of_reprs():
    settings = Settings(model="m", api_key=SecretStr("sk-secret"))
    assert "sk-secret" not in repr(settings) + repr(role_specs(settings))
    mcp = Settings.model_validate({"mcp": {"a": {"url": "http://a", "headers": {"Authorization": "sk-secret"}}}})
    assert "sk-secret" not in repr(mcp)


def test_the_example_settings_file_in_the_docs_is_valid():
    page = Path(__file__).parents[2] / "docs" / "configuration.md"
    example = page.read_text(encoding="utf-8").split("```toml\n", 1)[1].split("```", 1)[0]
    assert Settings.model_validate(tomllib.loads(example)).planner.model
