"""The benchmarks' front door: listed, run by name, one JSON object on standard output, a page of all."""

import json
import subprocess
import sys

import pytest

from foreplan.bench import __main__ as door
from foreplan.bench._page import Outcome, page


def test_startup_is_light_and_json_is_one_object():
    command = [sys.executable, "-m", "foreplan.bench", "startup", "--json", "--quick"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    numbers = json.loads(done.stdout)
    assert numbers["help_ratio"] <= 10
    assert numbers["import_ratio"] <= 3


def test_every_benchmark_is_listed_with_what_it_measures(capsys):
    assert door.main([]) == 0
    listed = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in listed] == door.names()
    assert all(len(line.split()) > 3 for line in listed)


def test_an_unknown_name_is_answered_with_the_known_ones(capsys):
    with pytest.raises(SystemExit):
        door.main(["nothing"])
    assert "startup" in capsys.readouterr().err


def test_the_page_keeps_numbers_commands_and_faults():
    text = page(
        [Outcome("a", "About a.", {"x": 1.23456, "y": {"4": 1}}), Outcome("b", "About b.", {}, "no data")], quick=False
    )
    assert "python -m foreplan.bench a --json" in text
    assert "| x | 1.235 |" in text
    assert "Not measured: no data" in text
