"""The tools' own output becomes progress: lines as they were written by them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tui.library.conversion.heard import Hearing, PipHearing
from tui.library.progress import Progress

LOADING = "Loading weights:  43%|####      | 9/21 [00:00<00:00, 39.8it/s, Materializing param=model.norm.weight]"
SHARDS = "Loading checkpoint shards:  50%|#####     | 1/2 [00:10<00:10, 10.01s/it]"
TRACING = "/site-packages/transformers/cache_utils.py:132: TracerWarning: Converting a tensor to a Python boolean might"
COMPRESSING = "Applying Weight Compression ━━━━━━━╺━━  95% • 0:01:46 • 0:00:03"
WITHOUT_BAR = "INFO:nncf:Statistics of the bitwidth distribution:"


def heard(*lines: str) -> Progress:
    hearing = Hearing()
    for line in lines:
        hearing.line(line)
    return hearing.now


def test_phases_and_steps() -> None:
    assert heard("`torch_dtype` is deprecated! Use `dtype` instead!") == Progress("starting")
    assert heard(LOADING) == Progress("loading", 9, 21, detail="Loading weights")
    assert heard(SHARDS) == Progress("loading", 1, 2, detail="Loading checkpoint shards")
    assert heard(LOADING, TRACING) == Progress("exporting")
    assert heard(TRACING, COMPRESSING) == Progress(
        "compressing", 95, 100, detail="Applying Weight Compression", left_s=3.0
    )
    assert heard(COMPRESSING, "Applying AWQ ━━━━ 10% • 1/10 • 0:00:10 • 1:00:00").left_s == 3600


def test_a_bar_of_an_unknown_kind_stays_in_the_phase() -> None:
    found = heard(TRACING, "Something new: 10%|# | 1/10 [00:00<00:09, 1.0it/s]")
    assert found == Progress("exporting", 1, 10, detail="Something new")


def test_other_text_changes_nothing() -> None:
    assert heard(LOADING, "100% of nothing | 3/4", "") == heard(LOADING)


def test_pip_says_what_it_fetches_and_the_disk_how_much(tmp_path: Path) -> None:
    hearing = PipHearing(tmp_path)
    hearing.line("Downloading https://index.example/a/torch-2.13.0-cp311.whl (190 MB)")
    (tmp_path / "pip-unpack-1").mkdir()
    (tmp_path / "pip-unpack-1" / "torch-2.13.0-cp311.whl").write_bytes(bytes(5000))
    hearing.look()
    assert hearing.now == Progress("downloading", 5000, in_bytes=True, detail="torch-2.13.0-cp311.whl")
    hearing.line("Processing /wheels/six.whl (from other==1)")
    assert hearing.now == Progress("downloading", 5000, in_bytes=True, detail="six.whl")
    hearing.line("Installing collected packages: a, b, c")
    assert hearing.now == Progress("installing", detail="3 packages")


UNPACKING = """
import os, sys
folder, file = sys.argv[1] + "/pip-unpack-1", sys.argv[1] + "/pip-unpack-1/six.whl"
print(flush=True)
while True:
    os.mkdir(folder)
    open(file, "w").close()
    os.unlink(file)
    os.rmdir(folder)
"""


def test_what_pip_deletes_while_it_is_looked_at_is_no_trouble(tmp_path: Path) -> None:
    hearing = PipHearing(tmp_path)
    with subprocess.Popen([sys.executable, "-c", UNPACKING, str(tmp_path)], stdout=subprocess.PIPE) as pip:
        try:
            assert pip.stdout is not None
            assert pip.stdout.readline()
            for _ in range(10_000):
                hearing.look()
        finally:
            pip.kill()
