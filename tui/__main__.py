"""The command `ovchat`, and `python -m tui`: run the command line and leave with its exit code.

Nothing heavy is imported before a command that needs it runs: `--help` answers at once.
"""

from __future__ import annotations

import os
import sys
from typing import NoReturn

_INTERRUPTED = 130


def main() -> NoReturn:
    """Run the command line with this process's arguments."""
    try:
        code = _run()
    except KeyboardInterrupt:
        code = _INTERRUPTED
    if code == _INTERRUPTED:
        # A compilation under way cannot be stopped; whoever pressed Ctrl+C does not wait for it.
        os._exit(code)
    sys.exit(code)


def _run() -> int:
    from tui.cli import console
    from tui.cli.commands import cli

    console.use_charsets()
    code: object = 0
    try:
        cli(prog_name="ovchat")
    except SystemExit as ended:
        code = ended.code
    except OSError as failed:  # of --help and --version, which click prints before a command begins
        console.error(f"The output could not be written: {failed.strerror}.")
        code = 1
    return console.flush() or (code if isinstance(code, int) else int(code is not None))


if __name__ == "__main__":
    main()
