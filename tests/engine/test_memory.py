"""Free memory is the machine's, or the control group's where that is less."""

from __future__ import annotations

from pathlib import Path

import psutil
import pytest

from tui.engine import memory

GIB = 2**30


@pytest.fixture
def cgroups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(memory, "_CGROUP_V2", tmp_path / "v2")
    monkeypatch.setattr(memory, "_CGROUP_V1", tmp_path / "v1")
    monkeypatch.setattr(psutil, "virtual_memory", lambda: type("Memory", (), {"available": 8 * GIB}))
    return tmp_path


def group(folder: Path, **files: object) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name.replace("__", ".")).write_text(f"{content}\n")


def in_groups(monkeypatch: pytest.MonkeyPatch, lines: str) -> None:
    monkeypatch.setattr(memory, "_own_groups", lambda controller: memory.parents(lines, controller))


def test_without_limits_it_is_what_the_machine_has(cgroups, monkeypatch):
    in_groups(monkeypatch, "0::/\n")
    group(cgroups / "v2", memory__max="max", memory__current=123)
    assert memory.available_bytes() == 8 * GIB


def test_a_container_limit_counts_and_its_page_cache_does_not(cgroups, monkeypatch):
    in_groups(monkeypatch, "0::/\n")
    group(
        cgroups / "v2",
        memory__max=4 * GIB,
        memory__current=3 * GIB,
        memory__stat=f"anon {2 * GIB}\ninactive_file {GIB}",
    )
    assert memory.available_bytes() == 2 * GIB


def test_the_tightest_of_the_groups_above_counts(cgroups, monkeypatch):
    in_groups(monkeypatch, "0::/user/app\n")
    group(cgroups / "v2" / "user", memory__max=2 * GIB, memory__current=GIB)
    group(cgroups / "v2" / "user" / "app", memory__max=7 * GIB, memory__current=0)
    assert memory.available_bytes() == GIB


def test_version_one(cgroups, monkeypatch):
    in_groups(monkeypatch, "4:cpu,memory:/box\n0::/\n")
    group(cgroups / "v1" / "box", memory__limit_in_bytes=3 * GIB, memory__usage_in_bytes=GIB)
    assert memory.available_bytes() == 2 * GIB


def test_over_the_limit_is_nothing(cgroups, monkeypatch):
    in_groups(monkeypatch, "0::/\n")
    group(cgroups / "v2", memory__max=GIB, memory__current=2 * GIB)
    assert memory.available_bytes() == 0
