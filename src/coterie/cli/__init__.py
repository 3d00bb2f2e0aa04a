"""The command line: one verb a step, one line an error, exit codes 0 fine, 1 failed, 2 misused.

Heavy parts are imported inside the commands, so that ``coterie --help`` answers at once.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from coterie.errors import FAILURE, MISUSE, CoterieError

INTERRUPTED = 130
STOPPED = "stopped; nothing half written was left"
DEBUG = "--debug"


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and exit.

    Args:
        arguments: without the program's name; by default those of the process.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    debug = DEBUG in given
    sys.exit(_run([argument for argument in given if argument != DEBUG], debug=debug))


def _run(arguments: list[str], *, debug: bool) -> int:
    import typer

    from coterie.cli.app import app

    try:
        code = int(app(args=arguments, prog_name="coterie", standalone_mode=False) or 0)
    except CoterieError as error:
        return _tell(str(error), error.exit_code, debug=debug)
    except typer.TyperException as error:
        return _misused(error, debug=debug)
    except (KeyboardInterrupt, typer.Abort):
        return _tell(STOPPED, INTERRUPTED, debug=debug)
    except BrokenPipeError:
        # Whoever read our output has gone (`| head`); point stdout elsewhere so that closing it does not fail again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILURE
    except Exception as error:
        said = f"an unexpected {type(error).__name__}: {error}; this is a fault of Coterie: see it with {DEBUG}"
        return _tell(said, FAILURE, debug=debug)
    # Typer makes this code of Ctrl-C, without a word.
    return _tell(STOPPED, INTERRUPTED, debug=False) if code == INTERRUPTED else code


def _misused(error: Exception, *, debug: bool) -> int:
    """Say a usage error of the command-line library in our one line."""
    message = getattr(error, "format_message", lambda: str(error))()
    if isinstance(getattr(error, "exit_code", None), int) and not message:
        return int(error.exit_code)  # type: ignore[attr-defined]
    context = getattr(error, "ctx", None)
    path = context.command_path if context is not None else "coterie"
    return _tell(f"{message.rstrip('.')}; see `{path} --help`", MISUSE, debug=debug)


def _tell(message: str, code: int, *, debug: bool) -> int:
    if debug:
        import traceback

        traceback.print_exc()
    print(f"error: {' '.join(message.split())}", file=sys.stderr)  # noqa: T201
    return code
