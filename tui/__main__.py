"""The command `ovchat`, and `python -m tui`: run the command line and leave with its exit code.

Nothing heavy is imported before a command that needs it runs: `--help` answers at once.
"""

from __future__ import annotations

import os
import sys
from typing import NoReturn


def main() -> NoReturn:
    """Run the command line with this process's arguments."""
    from tui.cli import console
    from tui.cli.commands import cli
    from tui.cli.failures import INTERRUPTED

    console.use_utf8()
    try:
        cli(prog_name="ovchat")
        code = 0
    except SystemExit as exit:
        code = exit.code if isinstance(exit.code, int) else int(exit.code is not None)
    code = console.flush() or code
    if code == INTERRUPTED:
        # A compilation under way cannot be stopped; whoever pressed Ctrl+C does not wait for it.
        os._exit(code)
    sys.exit(code)


if __name__ == "__main__":
    main()
