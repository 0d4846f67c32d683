"""An sshd for all tests of this folder; without one they are skipped, and say why."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ssh.server import Server, missing

_WHY_NOT = missing()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.slow)
            item.add_marker(pytest.mark.skipif(bool(_WHY_NOT), reason=_WHY_NOT))


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    # Not pytest's folder: its path may be too long for a socket.
    with tempfile.TemporaryDirectory(prefix="sshd") as folder, Server(Path(folder)) as server:
        yield server
