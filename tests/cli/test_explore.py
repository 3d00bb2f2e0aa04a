"""``coterie explore``: before any run, as text and as JSON."""

from __future__ import annotations

import json

import pytest

from coterie import open_run
from coterie.cli import main
from tests.projects import quick_sample


@pytest.fixture
def call(capsys):
    def run(*arguments):
        with pytest.raises(SystemExit) as stopped:
            main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return stopped.value.code, captured.out, captured.err

    return run


def test_it_needs_no_run(call, tmp_path):
    config = quick_sample(tmp_path)
    code, out, err = call("explore", "--config", config)
    assert code == 0
    assert "ratings (events):" in out
    assert "ratings before and after cleaning" in out
    assert "what each rule did" in out
    assert "(Gini 0." in out
    assert "look at what they hold" in err
    assert not (tmp_path / "runs").exists()


def test_the_answer_in_json_is_that_of_the_run(call, sample_run):
    code, out, err = call("explore", "--config", sample_run.folder.parents[1], "--json")
    assert (code, err) == (0, "")
    told, kept = json.loads(out), json.loads((sample_run.folder / "exploration.json").read_text(encoding="utf-8"))
    assert told == kept["body"]
    assert (kept["schema"], kept["version"]) == ("coterie.exploration", 1)
    assert [table["name"] for table in told["tables"]] == ["ratings", "people", "titles"]


def test_a_run_has_it_and_an_older_one_has_none(sample_run, tmp_path):
    import shutil

    found = sample_run.exploration
    assert found.main_events.rows == sample_run.manifest.n_events
    assert {rule.rule for rule in found.rules} == {count.rule for count in sample_run.quality if count.rows}
    older = tmp_path / "older"
    shutil.copytree(sample_run.folder, older)
    (older / "exploration.json").unlink()
    assert open_run(older).exploration is None


def test_a_config_that_is_not_there_is_one_line(call, tmp_path):
    code, out, err = call("explore", "--config", tmp_path / "none.toml")
    assert (code, out) == (2, "")
    assert len(err.splitlines()) == 1
