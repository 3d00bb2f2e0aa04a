"""``coterie classify``, and ``coterie score`` by the classifier, from the command line."""

from __future__ import annotations

import json

import pytest

import coterie
from coterie.cli import main
from tests.projects import quick_sample


@pytest.fixture(scope="module")
def project(sample_run):
    return sample_run.folder.parents[1]


def said(capsys, *arguments: object) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as left:
        main([str(argument) for argument in arguments])
    out, err = capsys.readouterr()
    return int(left.value.code or 0), out, err


def test_it_shows_classifiers_confusion_and_the_curve(project, capsys):
    code, out, _ = said(capsys, "classify", "--project", project)
    assert code == 0
    for words in ("(chosen)", "everything", "descriptors alone", "is \\ said", "fold-in", "guessing", "ratings"):
        assert words in out


def test_it_answers_in_json(project, capsys):
    code, out, _ = said(capsys, "classify", "--project", project, "--json", "--known-from", "0.3")
    found = json.loads(out)
    assert code == 0
    assert found["cold_start"]["known_from"] == 0.3
    assert found["cold_start"]["scored_needs"] <= 3
    assert len(found["measures"]["everything"]["confusion"]) == len(found["segments"])


def test_it_writes_a_record_and_pictures(project, capsys, tmp_path):
    _, out, _ = said(capsys, "classify", "--project", project, "--out", tmp_path / "out")
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {"classification.json", "cold-start.svg", "calibration.svg", "training.svg"}
    assert "wrote" in out
    (tmp_path / "file").write_text("")
    code, _, err = said(capsys, "classify", "--project", project, "--out", tmp_path / "file")
    assert code == 1
    assert "cannot make the folder" in err


def test_score_says_by_which_way_and_how_sure(project, sample_run, capsys):
    code, out, err = said(capsys, "score", "--users", project / "people.csv", "--project", project, "--json")
    users = json.loads(out)["users"]
    assert code == 0
    assert {user["by"] for user in users} == {"classifier", "none"}
    assert all(user["confidence"] >= 0.5 for user in users if user["by"] == "classifier")
    assert "by classifier" in err
    assert "too little is known" in " ".join(err.split())


def test_an_unknown_run_offers_the_nearest(project, sample_run, capsys):
    code, _, err = said(capsys, "classify", "--project", project, "--run", f"{sample_run.id}x")
    assert code == 2
    assert sample_run.id in err


def test_the_smallest_cell_is_that_of_the_config(tmp_path, capsys):
    config = quick_sample(tmp_path, n_users=200)
    config.write_text(config.read_text().replace("[segments]", "[segments]\nmin_cell = 12"))
    coterie.run(config)
    _, out, _ = said(capsys, "classify", "--project", tmp_path, "--json")
    found = json.loads(out)
    assert found["min_cell"] == 12
    for measures in found["measures"].values():
        assert all(n is None or n == 0 or n >= 12 for row in measures["confusion"] for n in row)
        assert all(b["n"] == 0 or b["n"] >= 12 for b in measures["calibration"]["bins"])
    assert all(point["n"] >= 12 for point in found["cold_start"]["points"])
    _, out, _ = said(capsys, "classify", "--project", tmp_path)
    assert "· fewer than 12, or hidden" in out
