"""Builds the native kernels: one shared library without a word of Python in it, so that one build serves every version.

A C++ compiler is all that it takes; ``CXX`` names another one than ``c++``, and ``CXXFLAGS`` adds to its options.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sysconfig
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

FOLDER = Path("src/coterie/_kernels")
LIBRARY = FOLDER / "native.so"
OPTIONS = (
    *("-std=c++17", "-O3", "-fno-math-errno", "-fno-trapping-math"),
    *("-fvisibility=hidden", "-fPIC", "-shared", "-pthread", "-Wall", "-Wextra"),
)


class Kernels(BuildHookInterface):
    """Compiles the kernels into the package, also where it is installed editable."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile, and mark the wheel as one for this platform and any Python 3, whatever ``version`` it is."""
        del version
        root = Path(self.root)
        sources = sorted((root / FOLDER).glob("*.cpp"))
        compiler = shlex.split(os.environ.get("CXX", "c++"))
        extra = shlex.split(os.environ.get("CXXFLAGS", ""))
        made = root / LIBRARY.with_suffix(f".{os.getpid()}.tmp")
        command = [*compiler, *OPTIONS, *extra, *map(str, sources), "-o", str(made)]
        try:
            subprocess.run(command, check=True, cwd=root)
        except FileNotFoundError as error:
            message = (
                f"Coterie's kernels need a C++17 compiler, and there is no '{compiler[0]}': install one (Debian: "
                "apt-get install g++), or name it with CXX=..."
            )
            raise SystemExit(message) from error
        except subprocess.CalledProcessError as error:
            message = (
                f"Coterie's kernels do not compile with '{compiler[0]}' (exit {error.returncode}); its errors are above"
            )
            raise SystemExit(message) from error
        made.replace(root / LIBRARY)  # at once: a process that has the old one open keeps it
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-{sysconfig.get_platform().replace('-', '_').replace('.', '_')}"
        build_data["artifacts"].append(str(LIBRARY))
