"""``coterie plot``: what it lists, where it writes, and what it refuses."""

from __future__ import annotations

import json
import re
import shutil

import pytest

from coterie import open_run
from coterie.cli import main


@pytest.fixture
def call(capsys):
    def run(*arguments):
        with pytest.raises(SystemExit) as stopped:
            main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return stopped.value.code, captured.out, captured.err

    return run


@pytest.fixture
def project(sample_run):
    return sample_run.folder.parents[1]


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty folder that the command runs in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_plots_are_listed_under_their_questions(call, project, sample_run):
    segments = [segment.id for segment in sample_run.segments]
    code, out, err = call("plot", "--project", project)
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert [line for line in lines if not line.startswith(" ")] == [
        "Is it natural?",
        "Does it hold?",
        "Which number?",
        "How do the algorithms compare?",
        "The decision",
        "The segments",
        "The data",
        *(f"Segment {segment}" for segment in segments),
    ]
    assert any(line.startswith("  gorge ") for line in lines)
    assert not any(line.startswith("  som ") for line in lines), "no map was fitted"


def test_the_list_in_json(call, project):
    _, out, _ = call("plot", "--project", project, "--json")
    rows = {row["name"]: row for row in json.loads(out)["plots"]}
    assert rows["silhouette"]["question"] == "Which number?"
    assert {"dendrogram", "slsa", "elbow", "separation", "lift-by-k", "sizes"} <= set(rows)


@pytest.mark.parametrize(("options", "expected"), [
    (("--out", "plot.svg"), ("plot.svg", b"<svg")),
    (("--out", "plot.png"), ("plot.png", b"\x89PNG")),
    (("--out", "plot", "--format", "svg"), ("plot.svg", b"<svg")),
    ((), ("gorge.png", b"\x89PNG")),
    (("--format", "svg"), ("gorge.svg", b"<svg")),
])  # fmt: skip
def test_one_plot_becomes_one_picture(call, project, here, options, expected):
    name, start = expected
    code, out, err = call("plot", "gorge", "--project", project, *options)
    assert (code, out, err) == (0, f"wrote {name}\n", "")
    assert [path.name for path in here.iterdir()] == [name]
    assert (here / name).read_bytes().startswith(start)


def test_a_picture_has_its_title_and_segments_as_people_call_them_now(call, sample_run, tmp_path):
    folder = tmp_path / "project"
    shutil.copytree(sample_run.folder.parents[1], folder)
    call("segments", "rename", "s-1", "Soft hearts", "--colour", "#123456", "--project", folder)
    code, _, _ = call("plot", "gorge", "--project", folder, "--out", tmp_path / "gorge.svg", "--width", 1200)
    drawn = (tmp_path / "gorge.svg").read_text(encoding="utf-8").replace("\N{NO-BREAK SPACE}", " ")
    assert code == 0
    assert "Similarity to each group's middle" in drawn
    assert "s-1 Soft hearts" in drawn
    assert "#123456" in drawn


def test_every_figure_of_the_report_is_there_by_the_name_that_its_file_has(call, sample_run, project, tmp_path):
    rows = {row["name"] for row in json.loads(call("plot", "--project", project, "--json")[1])["plots"]}
    shown = set(re.findall(r'class="chart"[^>]* data-name="([^"]+)"', sample_run.report.read_text(encoding="utf-8")))
    assert len(shown) > 30
    assert shown <= {name.replace("/", "-") for name in rows}
    column = next(name for name in sorted(rows) if name.startswith("columns-"))
    code, _, err = call("plot", column, "--project", project, "--out", tmp_path / "column.svg")
    assert (code, err) == (0, "")
    assert (tmp_path / "column.svg").read_text().startswith("<svg")


def test_one_segments_figure_in_both_formats(call, project, sample_run, here):
    one = sample_run.segments[0]
    code, _, err = call("plot", f"segment/{one.id}/tag", "--project", project, "--format", "png", "--format", "svg")
    assert (code, err) == (0, "")
    assert {path.name for path in here.iterdir()} == {f"segment-{one.id}-tag.png", f"segment-{one.id}-tag.svg"}
    drawn = (here / f"segment-{one.id}-tag.svg").read_text(encoding="utf-8").replace("\N{NO-BREAK SPACE}", " ")
    assert f"{one.id} {one.name}: Tags" in drawn.replace("&amp;", "&")


def test_a_segment_that_is_not_there_has_no_figure(call, project):
    code, _, err = call("plot", "segment/s-99/tag", "--project", project)
    assert code == 2
    assert "unknown plot 'segment/s-99/tag'; did you mean 'segment/s-" in err


def test_all_plots_go_into_a_folder(call, project, tmp_path):
    target = tmp_path / "new" / "pictures"
    code, out, err = call("plot", "all", "--project", project, "--out", target, "--width", 300, "--json")
    assert (code, err) == (0, "")
    listed = [row["name"] for row in json.loads(call("plot", "--project", project, "--json")[1])["plots"]]
    assert sorted(path.stem for path in target.iterdir()) == sorted(name.replace("/", "-") for name in listed)
    assert {path.suffix for path in target.iterdir()} == {".png"}
    assert len(json.loads(out)["files"]) == len(listed) > 15


@pytest.mark.parametrize(("arguments", "expected"), [
    (("gorg",), (2, "unknown plot 'gorg'; did you mean 'gorge'?")),
    (("som",), (1, "this run has nothing to draw for the plot 'som'; `coterie plot` lists what it has")),
    (("gorge", "--out", "plot.pdf"), (2, "'--out' is 'plot.pdf'; expected a name that ends in .png or .svg, or a f")),
    (("gorge", "--out", "a.png", "--format", "svg"), (2, "'--out' ends in '.png' but '--format' is 'svg'; leave out")),
    (("gorge", "--out", "none/a.png"), (1, "cannot write 'none/a.png'")),
])  # fmt: skip
def test_what_cannot_be_drawn_is_one_line(call, project, here, arguments, expected):
    code, said = expected
    stopped, out, err = call("plot", *arguments, "--project", project)
    assert (stopped, out) == (code, "")
    assert said in err
    assert len(err.splitlines()) == 1
    assert list(here.iterdir()) == []


def test_a_file_is_no_folder_for_all(call, project, tmp_path):
    (tmp_path / "file").write_text("")
    code, _, err = call("plot", "all", "--project", project, "--out", tmp_path / "file")
    assert code == 1
    assert "cannot make the folder" in err


def test_a_run_without_evidence_still_has_plots(call, sample_run, tmp_path):
    older = tmp_path / "older"
    shutil.copytree(sample_run.folder, older)
    (older / "evidence.json").unlink()
    assert open_run(older).evidence is None
    _, out, _ = call("plot", "--project", older, "--json")
    names = {row["name"] for row in json.loads(out)["plots"]}
    assert "sizes" in names
    assert "gorge" not in names
