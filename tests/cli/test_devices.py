from __future__ import annotations

import json
from pathlib import Path

from tests.cli.conftest import Run
from tui.cli.devices import _lines
from tui.engine.device_search import MissingDevice
from tui.engine.devices import Device, DeviceKind, Survey


def test_every_device_has_a_line_and_every_missing_one_a_reason(run: Run) -> None:
    done = run("devices")
    assert done.returncode == 0
    assert done.stderr == ""
    assert [line.split()[0] for line in done.stdout.splitlines() if not line.startswith(" ")] == ["CPU", "GPU", "NPU"]
    assert "GiB" in done.stdout.splitlines()[0]
    assert "computes in" in done.stdout.splitlines()[1]


def test_json_is_one_object(run: Run) -> None:
    found = json.loads(run("devices", "--json").stdout)
    assert found["devices"][0]["name"] == "CPU"
    assert found["devices"][0]["memory_bytes"] > 2**28
    assert found["auto"] in [each["name"] for each in found["devices"]]
    assert "FP32" in found["devices"][0]["capabilities"]
    for each in found["missing"]:
        assert set(each) == {"name", "reason", "fix"}


def test_lines_of_a_machine_with_two_gpus() -> None:
    devices = (
        Device("CPU", "Core", DeviceKind.CPU, 32 * 2**30, architecture="intel64", capabilities=("FP32", "WINOGRAD")),
        Device("GPU.0", "Graphics", DeviceKind.INTEGRATED_GPU, None),
        Device("GPU.1", "Arc", DeviceKind.DISCRETE_GPU, 16 * 2**30, driver="24.52"),
    )
    missing = (MissingDevice("NPU", "No driver.", "Install it."),)
    assert list(_lines(Survey(devices, "GPU.1", missing))) == [
        "CPU    Core, 32.0 GiB",
        "       intel64, computes in f32",
        "GPU.0  Graphics, integrated GPU",
        "GPU.1  Arc, discrete GPU, 16.0 GiB (auto)",
        "       driver 24.52",
        "NPU    not here: No driver.",
        "       Install it.",
    ]


def test_the_cache_is_told_where_there_is_one_and_can_be_deleted(run: Run, environment: dict[str, str]) -> None:
    root = Path(environment["OVCHAT_HOME"]) / "cache" / "compiled"
    assert "Compiled" not in run("devices").stdout
    (root / "model-1" / "NPU").mkdir(parents=True)
    (root / "model-1" / "NPU" / "1.blob").write_bytes(bytes(3_000_000))
    assert f"Compiled models: 3.0 MB of 20 GB in {root}" in run("devices").stdout
    cache = json.loads(run("devices", "--json").stdout)["compiled_cache"]
    assert cache == {"path": str(root), "bytes": 3_000_000, "limit_bytes": 20 * 10**9}
    assert "Deleted: 3.0 MB." in run("devices", "--clear-cache").stderr
    assert json.loads(run("devices", "--clear-cache", "--json").stdout) == {"freed_bytes": 0}
    assert not root.exists()
