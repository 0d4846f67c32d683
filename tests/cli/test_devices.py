from __future__ import annotations

import json

from tests.cli.conftest import Run
from tui.cli.devices import _lines
from tui.engine.device_search import MissingDevice
from tui.engine.devices import Device, DeviceKind


def test_every_device_has_a_line_and_every_missing_one_a_reason(run: Run) -> None:
    done = run("devices")
    assert done.returncode == 0
    assert done.stderr == ""
    assert [line.split()[0] for line in done.stdout.splitlines() if not line.startswith(" ")] == ["CPU", "GPU", "NPU"]
    assert "GiB" in done.stdout.splitlines()[0]


def test_json_is_one_object(run: Run) -> None:
    found = json.loads(run("devices", "--json").stdout)
    assert found["devices"][0]["name"] == "CPU"
    assert found["devices"][0]["memory_bytes"] > 2**28
    assert found["auto"] in [each["name"] for each in found["devices"]]
    for each in found["missing"]:
        assert set(each) == {"name", "reason", "fix"}


def test_lines_of_a_machine_with_two_gpus() -> None:
    devices = [
        Device("CPU", "Core", DeviceKind.CPU, 32 * 2**30),
        Device("GPU.0", "Graphics", DeviceKind.INTEGRATED_GPU, None),
        Device("GPU.1", "Arc", DeviceKind.DISCRETE_GPU, 16 * 2**30),
    ]
    assert _lines(devices, "GPU.1", [MissingDevice("NPU", "No driver.", "Install it.")]) == [
        "CPU    Core, 32.0 GiB",
        "GPU.0  Graphics, integrated GPU",
        "GPU.1  Arc, discrete GPU, 16.0 GiB (auto)",
        "NPU    not here: No driver.",
        "       Install it.",
    ]
