"""Bad input ends in one clear line and exit 1 or 2, and leaves nothing half written. One test a kind."""

from __future__ import annotations

import gzip
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from coterie.cli import main

HEADER = "user_id,item_id,rating,timestamp"
CONFIG = """
[tables.ratings]
role = "events"
source = "ratings.csv"
user = "user_id"
item = "item_id"
value = "rating"
time = { column = "timestamp", unit = "s" }
range = [1, 5]
duplicates = "last"

[tables.people]
role = "users"
source = "people.csv"
user = "user_id"
attributes = { age = "number" }

[features.taste]
kind = "interactions"
from = "ratings"
weight = "value"

[clustering]
k = [2, 3]
starts = 2

[evaluation]
splits = 2
bootstraps = 3
seeds = 2
"""


def rating_rows(n_users: int = 40, n_items: int = 12) -> list[str]:
    return [
        f"u{user},i{item},{1 + (user * item + user + item) % 5},{1_700_000_000 + item}"
        for user in range(n_users)
        for item in range(n_items)
        if (user * 7 + item * 3) % 5 < 3 or user % 2 == item % 2
    ]


@pytest.fixture
def project(tmp_path) -> Path:
    """A small project that runs; each test spoils one thing."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "coterie.toml").write_text(CONFIG)
    (folder / "ratings.csv").write_text("\n".join([HEADER, *rating_rows()]) + "\n")
    (folder / "people.csv").write_text("user_id,age\n" + "".join(f"u{user},{20 + user}\n" for user in range(40)))
    return folder


@pytest.fixture
def refused(project, capsys) -> Callable[..., str]:
    """Run the project, expect it refused, and give the one line that says why."""

    def run(command: str = "run", *arguments: str, code: int | None = None) -> str:
        arguments = arguments or ("--config", str(project))
        with pytest.raises(SystemExit) as stopped:
            main([command, *arguments])
        shown = capsys.readouterr()
        errors = [line for line in shown.err.splitlines() if line.startswith("error:")]
        assert len(errors) == 1, shown.err
        assert shown.err.strip().endswith(errors[0]), "the error is the last thing said"
        assert "Traceback" not in shown.err + shown.out
        assert "fault of Coterie" not in errors[0], errors[0]
        assert len(errors[0]) < 700, errors[0]
        assert stopped.value.code in ({1, 2} if code is None else {code})
        assert not list(project.rglob(".unfinished-*"))
        assert not (project / "runs").exists() or not list((project / "runs").iterdir())
        return errors[0]

    return run


def change(project: Path, old: str, new: str) -> None:
    config = project / "coterie.toml"
    assert old in config.read_text()
    config.write_text(config.read_text().replace(old, new))


def write_ratings(project: Path, rows: list[str], header: str = HEADER) -> None:
    (project / "ratings.csv").write_text("\n".join([header, *rows]) + "\n")


def test_the_unspoilt_project_runs(project, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["run", "--config", str(project)])
    assert stopped.value.code == 0, capsys.readouterr().err


def test_wrong_delimiter(project, refused):
    text = (project / "ratings.csv").read_text().replace(",", ";")
    (project / "ratings.csv").write_text(text)
    change(project, 'source = "ratings.csv"', 'source = "ratings.csv"\nformat = { separator = "," }')
    assert 'it looks like format.separator = ";"' in refused()


def test_missing_file(project, refused):
    (project / "ratings.csv").rename(project / "rating.csv")
    assert "did you mean 'rating.csv'" in refused()


def test_missing_column(project, refused):
    change(project, 'value = "rating"', 'value = "ratings"')
    assert "did you mean 'rating'" in refused()


def test_text_in_a_number(project, refused):
    write_ratings(project, [row.replace(",5,", ",five,") for row in rating_rows()])
    line = refused(code=1)
    assert "not a number" in line
    assert "'five'" in line


def test_empty_file(project, refused):
    (project / "ratings.csv").write_text("")
    assert "empty" in refused(code=1)


def test_a_header_and_no_rows(project, refused):
    write_ratings(project, [])
    assert "ratings" in refused(code=1)


def test_one_user(project, refused):
    write_ratings(project, [row for row in rating_rows() if row.startswith("u3,")])
    assert "one user" in refused(code=1)


def test_one_item(project, refused):
    write_ratings(project, [row for row in rating_rows() if ",i4," in row])
    assert "one item" in refused(code=1)


def test_all_ratings_equal(project, refused):
    write_ratings(project, [f"{row.split(',')[0]},{row.split(',')[1]},3,1700000000" for row in rating_rows()])
    assert "every value" in refused(code=1)


def test_nan_and_infinity(project, refused):
    rows = rating_rows()
    write_ratings(project, [row.replace(",5,", ",nan,").replace(",4,", ",-inf,") for row in rows])
    assert "finite" in refused(code=1)


def test_a_ten_megabyte_single_line(project, refused):
    (project / "ratings.csv").write_text("x" * 10_000_000)
    refused(code=1)


def test_a_ten_megabyte_cell(project, refused):
    write_ratings(project, [*rating_rows(4, 6), "u1,i1," + "9" * 10_000_000 + ",1700000000"])
    refused(code=1)


def test_a_directory_instead_of_a_file(project, refused):
    (project / "ratings.csv").unlink()
    (project / "ratings.csv").mkdir()
    assert "ratings.csv" in refused(code=1)


def test_a_zip_of_nothing(project, refused):
    with zipfile.ZipFile(project / "ratings.zip", "w"):
        pass
    change(project, 'source = "ratings.csv"', 'source = "ratings.zip"\nformat = { kind = "csv" }')
    assert "ratings.zip" in refused(code=1)


def test_a_broken_gzip(project, refused):
    whole = gzip.compress((project / "ratings.csv").read_bytes())
    (project / "ratings.csv.gz").write_bytes(whole[: len(whole) // 2])
    change(project, 'source = "ratings.csv"', 'source = "ratings.csv.gz"')
    assert "ratings.csv.gz" in refused(code=1)


def test_an_unreadable_file(project, refused, monkeypatch):
    (project / "ratings.csv").chmod(0)
    if os.geteuid() == 0:
        # Root reads everything, so the system's answer to anybody else is given in its place.
        real = Path.open

        def denied(path, *args, **kwargs):
            if path.name == "ratings.csv":
                raise PermissionError(13, "Permission denied", str(path))
            return real(path, *args, **kwargs)

        monkeypatch.setattr(Path, "open", denied)
    assert "'ratings.csv' may not be read" in refused(code=1)


def test_latin_1_read_as_utf_8(project, refused):
    rows = [row.replace("i4,", "caf\xe9,") for row in rating_rows()]
    (project / "ratings.csv").write_bytes("\n".join([HEADER, *rows]).encode("latin-1"))
    assert "set format.encoding = 'latin-1'" in refused(code=1)


def test_duplicate_header_names(project, refused):
    write_ratings(project, [f"{row},x" for row in rating_rows()], f"{HEADER},rating")
    assert "columns of the same name: 'rating'" in refused(code=1)


def test_future_dates(project, refused):
    write_ratings(project, [f"{row.rsplit(',', 1)[0]},9900000000" for row in rating_rows()])
    assert "future" in refused(code=1)


def test_negative_ids(project, refused):
    write_ratings(project, [f"-{i},{row.split(',', 1)[1]}" for i, row in enumerate(rating_rows(), 1)])
    assert "negative id" in refused(code=1)


def test_a_config_typo(project, refused):
    change(project, "duplicates", "duplicate")
    assert "did you mean 'duplicates'" in refused(code=2)


def test_a_config_that_is_no_toml(project, refused):
    (project / "coterie.toml").write_text("[tables\n")
    assert "not valid TOML" in refused(code=2)


def test_an_option_of_a_method_that_it_does_not_have(project, refused):
    change(project, "[clustering]", '[embedding]\nmethod = "svd"\ndimensions = 3\n\n[clustering]')
    assert "unknown key 'dimensions'" in refused(code=2)


def test_a_method_that_there_is_not(project, refused):
    change(project, "[clustering]", '[clustering]\nmethods = ["kmean"]')
    assert "did you mean 'kmeans'" in refused(code=2)


def test_an_unset_secret(project, refused, monkeypatch):
    monkeypatch.delenv("COTERIE_TEST_PLACE", raising=False)
    change(project, 'source = "ratings.csv"', 'source = "${COTERIE_TEST_PLACE}/ratings.csv"')
    assert "'COTERIE_TEST_PLACE' is not set" in refused(code=2)


def test_a_column_that_the_filter_does_not_know(project, refused):
    change(project, "[features.taste]", '[clean]\ndrop_users = "agee > 30"\n\n[features.taste]')
    assert "did you mean 'age'" in refused()


def test_floors_that_leave_nobody(project, refused):
    change(project, "[features.taste]", "[clean]\nmin_events_per_user = 1000\n\n[features.taste]")
    assert "min_events_per_user" in refused(code=1)


def test_no_config(tmp_path, refused):
    assert "coterie init" in refused("run", "--config", str(tmp_path / "nowhere.toml"), code=2)


def test_an_option_that_there_is_not(refused):
    assert "--confg" in refused("run", "--confg", "x", code=2)


def test_a_command_that_there_is_not(refused):
    assert "'runn'" in refused("runn", "--help", code=2)


def test_a_project_without_a_run(project, refused):
    assert "there is no finished run" in refused("segments", "show", "--project", str(project), code=1)


def test_a_folder_without_tables(tmp_path, refused):
    empty = tmp_path / "empty"
    empty.mkdir()
    refused("init", str(empty), "--config", str(tmp_path / "new.toml"))
    assert not (tmp_path / "new.toml").exists()


@pytest.fixture
def small_disk(tmp_path):
    """A file system of a hundred kilobytes, where the system lets us have one."""
    place = tmp_path / "small"
    place.mkdir()
    mounted = shutil.which("mount") and subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=100k", "tmpfs", str(place)], check=False, capture_output=True
    )
    if not mounted or mounted.returncode:
        pytest.skip("a small file system cannot be mounted here (needs root)")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def test_a_full_disk(project, small_disk):
    for file in project.iterdir():
        shutil.copy(file, small_disk)
    done = subprocess.run(
        [sys.executable, "-c", "from coterie.cli import main; main()", "run", "--config", str(small_disk)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    last = done.stderr.strip().splitlines()[-1]
    assert done.returncode == 1
    assert last.startswith("error: cannot write")
    assert "No space left on device" in last
    assert "Traceback" not in done.stderr
    assert not list(small_disk.rglob(".unfinished-*"))
    assert not (small_disk / "runs").exists() or not list((small_disk / "runs").iterdir())
