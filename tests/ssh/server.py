"""Debian's sshd on a port of the loopback, for one user, with keys of its own; and the command line to get there."""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from tests.waiting import wait_until

# As Debian has it, but for the keys, PAM, and who may come.
_CONFIG = """
ListenAddress 127.0.0.1
Port {port}
HostKey {folder}/host
AuthorizedKeysFile {folder}/authorized
PidFile {folder}/pid
UsePAM no
StrictModes no
PermitRootLogin yes
PasswordAuthentication no
KbdInteractiveAuthentication no
PrintMotd no
PrintLastLog no
X11Forwarding no
AcceptEnv LANG LC_*
"""
_PRIVILEGE_SEPARATION = Path("/run/sshd")  # compiled in; made when the service starts


def missing() -> str:
    """Why there can be no test with ssh here; "" where there can."""
    if os.name != "posix":
        return "sshd is POSIX's"
    lacking = [name for name, found in (("sshd", _sshd()), ("ssh", _find("ssh")), ("tmux", _find("tmux"))) if not found]
    if lacking:
        return f"not installed: {', '.join(lacking)} (apt-get install openssh-server openssh-client tmux)"
    if os.getuid() == 0 and not (_PRIVILEGE_SEPARATION.is_dir() or os.access(_PRIVILEGE_SEPARATION.parent, os.W_OK)):
        return f"sshd needs {_PRIVILEGE_SEPARATION} when it runs as root"
    return ""


class Server:
    """A running sshd; leave the context and it is gone.

    Args:
        folder: For its keys and settings.

    Attributes:
        port: Where it listens.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = _free_port()
        if os.getuid() == 0:
            _PRIVILEGE_SEPARATION.mkdir(mode=0o755, exist_ok=True)
        for name in ("host", "user"):
            _run(_find("ssh-keygen"), "-q", "-t", "ed25519", "-N", "", "-f", folder / name)
        shutil.copy(folder / "user.pub", folder / "authorized")
        (folder / "config").write_text(_CONFIG.format(port=self.port, folder=folder))
        self._log = open(folder / "log", "wb")  # noqa: SIM115 - as long as the server
        sshd = [_sshd(), "-D", "-e", "-f", str(folder / "config")]
        self._process = subprocess.Popen(sshd, stdin=subprocess.DEVNULL, stderr=self._log)
        wait_until(self._listens, what="sshd listens")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(10)
        self._log.close()

    def _listens(self) -> bool:
        assert self._process.poll() is None, (self.folder / "log").read_text()
        with socket.socket() as tried:
            return tried.connect_ex(("127.0.0.1", self.port)) == 0

    def command(self, *remote: str, port: int | None = None) -> list[str]:
        """The command line that runs `remote` in a terminal there.

        Args:
            remote: Words for the shell of the other side.
            port: Of a relay in between.
        """
        known = self.folder / f"known-{port or self.port}"
        key = (self.folder / "host.pub").read_text()
        known.write_text(f"[127.0.0.1]:{port or self.port} {key}")
        options = {
            "UserKnownHostsFile": known,
            "GlobalKnownHostsFile": "/dev/null",
            "IdentityFile": self.folder / "user",
            "IdentitiesOnly": "yes",
            "BatchMode": "yes",
            "EscapeChar": "none",
            "SendEnv": "LANG LC_*",
        }
        given = [part for name, value in options.items() for part in ("-o", f"{name}={value}")]
        where = ["-p", str(port or self.port), f"{getpass.getuser()}@127.0.0.1"]
        return [_find("ssh"), "-F", "/dev/null", "-tt", *given, *where, " ".join(remote)]


def remote(home: Path, *command: str, **environment: str) -> list[str]:
    """Words that run a command over there, by default the app; its files lie in `home`."""
    variables: Mapping[str, str] = {"OVCHAT_HOME": str(home), **environment}
    ovchat = str(Path(sys.executable).parent / "ovchat")
    return ["exec", "env", *(f"{name}={value}" for name, value in variables.items()), *(command or (ovchat,))]


def _sshd() -> str:
    return shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin") or ""


def _find(name: str) -> str:
    return shutil.which(name) or ""


def _run(*command: str | Path) -> None:
    subprocess.run([str(part) for part in command], check=True, stdin=subprocess.DEVNULL, capture_output=True)


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port
