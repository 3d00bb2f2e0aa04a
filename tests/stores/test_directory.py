from __future__ import annotations

import errno
import os
import subprocess
import sys

import pytest

from coterie.errors import StoreError
from coterie.stores.directory import UNFINISHED, DirectoryStore
from tests.contracts.store_contract import StoreContract


class TestDirectory(StoreContract):
    @pytest.fixture
    def store(self, tmp_path):
        return DirectoryStore(tmp_path / "runs")


def test_what_a_killed_writer_left_is_never_listed_and_is_removed_by_the_next(tmp_path):
    killed = (
        "import os, signal, pathlib\n"
        "from coterie.stores.directory import DirectoryStore\n"
        f"with DirectoryStore(pathlib.Path({str(tmp_path)!r})).begin('a') as folder:\n"
        "    (folder / 'half').write_text('half')\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    assert subprocess.run([sys.executable, "-c", killed], check=False).returncode == -9
    store = DirectoryStore(tmp_path)
    assert [path.name.startswith(UNFINISHED) for path in tmp_path.iterdir()] == [True]
    assert store.versions() == ()
    with store.begin("b"):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["b"]


def test_another_running_writer_is_left_alone(tmp_path):
    other = tmp_path / f"{UNFINISHED}{os.getppid()}-x"
    other.mkdir()
    with DirectoryStore(tmp_path).begin("a"):
        pass
    assert other.is_dir()


def test_a_full_disk_is_one_clear_error_and_leaves_nothing(tmp_path):
    store = DirectoryStore(tmp_path / "runs")
    message = r"cannot write to '.*runs': No space left on device; free some space"
    with pytest.raises(StoreError, match=message), store.begin("a"):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert list((tmp_path / "runs").iterdir()) == []


def test_a_place_that_is_a_file_is_refused(tmp_path):
    (tmp_path / "runs").write_text("")
    with pytest.raises(StoreError, match="cannot write to"), DirectoryStore(tmp_path / "runs").begin("a"):
        pass
