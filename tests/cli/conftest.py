"""The command in this process, with none of the developer's own configuration."""

import os
from pathlib import Path

import pytest
from support.commands import Ran


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in list(os.environ):
        if name.startswith(("OPENAI_", "FOREPLAN_", "LANGSMITH_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("FOREPLAN_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def foreplan(capsys: pytest.CaptureFixture[str]):
    """Run the command in this process."""

    def run(*arguments: str | Path) -> Ran:
        from foreplan.cli.app import app

        capsys.readouterr()
        try:
            app([str(each) for each in arguments], prog_name="foreplan")
            code = 0
        except SystemExit as leaving:
            code = leaving.code if isinstance(leaving.code, int) else 0
        printed = capsys.readouterr()
        return Ran(code, printed.out, printed.err)

    return run
