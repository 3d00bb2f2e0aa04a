"""Personas and evaluations as a run keeps them."""

from __future__ import annotations

import json
import math
import shutil

import pytest

from coterie import open_run
from coterie.cli import main
from coterie.errors import ModelError, UnknownNameError
from coterie.segments.evaluation import CRITERIA
from coterie.segments.persona import Hand, Subject, personas_of
from coterie.segments.persona.english import ENGLISH
from coterie.segments.persona.template import TemplateWriter
from tests.projects import quick_sample


def shown(capsys, *arguments):
    with pytest.raises(SystemExit) as stopped:
        main(["segments", "show", *map(str, arguments)])
    assert stopped.value.code == 0
    return capsys.readouterr().out


def test_every_segment_has_its_persona(sample_run):
    assert [persona.segment_id for persona in sample_run.personas] == [segment.id for segment in sample_run.segments]
    subjects = [Subject(s, p) for s, p in zip(sample_run.segments, sample_run.profiles, strict=True)]
    assert sample_run.personas == personas_of(subjects, Hand(TemplateWriter(), ENGLISH))
    for persona, profile in zip(sample_run.personas, sample_run.profiles, strict=True):
        significant = {(m.kind, m.label, m.p_adjusted) for m in profile.marks if m.significant}
        assert persona.refused == ()
        assert persona.of("offer")
        of_marks = [fact for fact in persona.evidence if fact.use is not None and fact.topic != "activity"]
        assert {(fact.topic, fact.label, fact.p_adjusted) for fact in of_marks} <= significant
    assert sample_run.persona("s-99") is None


def test_every_segment_is_evaluated_with_growth(sample_run):
    for one, segment in zip(sample_run.evaluations, sample_run.segments, strict=True):
        assert (one.segment_id, one.size) == (segment.id, segment.size)
        assert one.is_placed
        assert all(one.criteria[name].is_known for name in CRITERIA)
        grown = one.criteria["growth"].raw
        assert grown.low < grown.value < grown.high
    assert sum(one.size / one.criteria["size"].raw.value for one in sample_run.evaluations) > 0
    assert math.isclose(sum(sample_run.evaluations[0].weights.values()), 1)


def test_the_report_shows_both(sample_run):
    page = sample_run.report.read_text(encoding="utf-8")
    assert 'id="first"' in page
    assert page.count('class="persona"') == len(sample_run.segments)


def test_the_command_shows_the_persona(sample_run, capsys):
    project = sample_run.folder.parents[1]
    persona = sample_run.personas[0]
    out = " ".join(shown(capsys, "s-1", "--project", project).split())
    assert all(claim.text in out for claim in persona.claims)
    found = json.loads(shown(capsys, "s-1", "--json", "--project", project))["persona"]
    assert found["claims"][0]["evidence"][0]["topic"] == "size"


def test_a_name_given_since_is_the_persona_s(sample_run, capsys, tmp_path):
    folder = tmp_path / "project"
    shutil.copytree(sample_run.folder.parents[1], folder)
    with pytest.raises(SystemExit):
        main(["segments", "rename", "s-1", "Soft hearts", "--project", str(folder)])
    capsys.readouterr()
    found = json.loads(shown(capsys, "s-1", "--json", "--project", folder))["persona"]
    assert (found["name"], found["is_given"], found["resting_on"]) == ("Soft hearts", True, [])


def test_a_run_of_before_has_neither(sample_run, capsys, tmp_path):
    folder = tmp_path / sample_run.folder.name
    shutil.copytree(sample_run.folder, folder)
    (folder / "personas.json").unlink()
    (folder / "evaluation.json").unlink()
    run = open_run(folder)
    assert (run.personas, run.evaluations, run.persona("s-1")) == ((), (), None)
    (folder / "personas.json").write_text('{"schema": "coterie.personas", "version": 99, "body": []}')
    with pytest.raises(ModelError, match="has version 99, this Coterie reads version 1"):
        _ = run.personas


def test_an_unknown_writer_stops_a_run_before_it_begins(tmp_path):
    import coterie

    config = quick_sample(tmp_path)
    config.write_text(config.read_text() + '\n[persona]\nwriter = "templat"\n')
    with pytest.raises(UnknownNameError, match="did you mean 'template'"):
        coterie.run(config)
    assert not (tmp_path / "runs").exists()
