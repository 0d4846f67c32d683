"""How much memory this process may still take, control groups included."""

from __future__ import annotations

from pathlib import Path

import psutil

_CGROUP_V2 = Path("/sys/fs/cgroup")
_CGROUP_V1 = Path("/sys/fs/cgroup/memory")


def available_bytes() -> int:
    """Bytes that can be taken without swapping: the machine's, or the container's where that is less."""
    room = int(psutil.virtual_memory().available)
    for limit, usage, reclaimable in _cgroup_limits():
        room = min(room, limit - usage + reclaimable)
    return max(room, 0)


def _cgroup_limits() -> list[tuple[int, int, int]]:
    """(limit, usage, reclaimable page cache) in bytes of every control group this process is in."""
    found = []
    for root, limit_name, usage_name, path in (
        *((_CGROUP_V2, "memory.max", "memory.current", path) for path in _own_groups("")),
        *((_CGROUP_V1, "memory.limit_in_bytes", "memory.usage_in_bytes", path) for path in _own_groups("memory")),
    ):
        group = root / path
        limit, usage = _number(group / limit_name), _number(group / usage_name)
        if limit is not None and usage is not None:
            found.append((limit, usage, _inactive_file(group / "memory.stat")))
    return found


def _own_groups(controller: str) -> list[str]:
    try:
        return parents(Path("/proc/self/cgroup").read_text(), controller)
    except OSError:
        return []


def parents(listing: str, controller: str) -> list[str]:
    """The control group of a /proc/self/cgroup listing and all above it, below the controller's root ("").

    Args:
        listing: Lines `id:controllers:path`; version 2 has no controllers.
        controller: `memory` for version 1, "" for version 2.
    """
    for line in listing.splitlines():
        _, controllers, path = line.split(":", 2)
        if controller in controllers.split(","):
            parts = [part for part in path.split("/") if part]
            return ["/".join(parts[:count]) for count in range(len(parts) + 1)]
    return []


def _number(file: Path) -> int | None:
    try:
        text = file.read_text().strip()
    except OSError:
        return None
    return int(text) if text.isdigit() else None


def _inactive_file(stat: Path) -> int:
    """Page cache that the kernel gives back before it refuses memory."""
    try:
        lines = stat.read_text().splitlines()
    except OSError:
        return 0
    for line in lines:
        name, _, value = line.partition(" ")
        if name in ("inactive_file", "total_inactive_file"):
            return int(value)
    return 0
