from __future__ import annotations

import subprocess
import sys

import pytest

from coterie.errors import StoreError
from coterie.stores.locking import locked

HOLDER = """
import sys
from pathlib import Path
from coterie.stores.locking import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.readline()
"""


def test_a_lock_is_free_again_after_its_block_and_after_an_error(tmp_path):
    path = tmp_path / "deep" / "lock"
    with pytest.raises(RuntimeError, match="inside"), locked(path):
        raise RuntimeError("inside")
    with locked(path, wait_s=0.0):
        assert path.is_file()


def test_a_second_holder_is_told_and_a_killed_one_lets_go(tmp_path):
    path = tmp_path / "lock"
    command = [sys.executable, "-c", HOLDER, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with (
            pytest.raises(StoreError, match=r"is held by a run that is being finished; try again"),
            locked(path, wait_s=0.1),
        ):
            pytest.fail("two hold the lock")
        holder.kill()
    with locked(path):
        pass


def test_a_place_that_cannot_hold_a_lock_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match=r"cannot lock '.*lock': "), locked(tmp_path / "file" / "lock"):
        pytest.fail("locked")
