"""An interpreter that is none: it does what the real one does with the tools' arguments, or what a test wants.

Environment variables: FAKE_DOES (well, half, hang, killed, no tokenizer, forgets the tokenizer, or text to fail with),
FAKE_MODEL (what comes out), FAKE_LACKS (a package), FAKE_PIDS (gets the ids of two processes that hang), FAKE_CALLS
(gets the arguments).
"""

from __future__ import annotations

import sys
from pathlib import Path

_PROGRAM = """
import json, os, shutil, signal, subprocess, sys, time
from pathlib import Path

arguments = sys.argv[1:]
while arguments[0] in ("-I", "-u", "-X", "utf8"):
    arguments.pop(0)
does = os.environ.get("FAKE_DOES", "well")
if calls := os.environ.get("FAKE_CALLS"):
    with open(calls, "a") as file:
        file.write(json.dumps(arguments) + "\\n")
if arguments[:2] == ["-m", "venv"]:
    python = Path(arguments[2], "bin", "python")
    python.parent.mkdir(parents=True)
    shutil.copy(__file__, python)
    sys.exit()
if "importlib.metadata import PackageNotFoundError" in arguments[1]:
    names = {"openvino": "2026.4.1", "transformers": os.environ.get("FAKE_TRANSFORMERS", "5.0.0")}
    for name in arguments[2:]:
        if name != os.environ.get("FAKE_LACKS"):
            print(name + "==" + names.get(name, "1.0"))
    sys.exit()
if arguments[:2] == ["-m", "pip"]:
    print("Collecting torch==2.13.0\\n  Downloading https://index.example/torch-2.13.0-cp311.whl (190 MB)", flush=True)
elif arguments[0] == "-c" and len(arguments) == 2:
    sys.exit()
else:
    print("Loading weights:  43%|####      | 9/21 [00:00<00:00, 39.8it/s]", end="\\r", flush=True)
    print("\\x1b[2KApplying Weight Compression \\x1b[91m━━━╸━━\\x1b[0m  95% • 0:00:46 • 0:00:03\\r", end="", flush=True)
    print("a \\x1b]0;title\\x07bell \\x07", flush=True)
if does == "hang":
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    Path(os.environ["FAKE_PIDS"]).write_text(f"{os.getpid()} {child.pid}")
    time.sleep(600)
if does == "killed":
    os.kill(os.getpid(), signal.SIGKILL)
if does == "no tokenizer" and "convert_tokenizer" in arguments:
    print("ValueError: Tokenizer class New does not exist or is not currently imported.")
    sys.exit(1)
if does not in ("well", "half", "no tokenizer", "forgets the tokenizer"):
    print(does)
    sys.exit(1)
if arguments[:2] == ["-m", "pip"]:
    sys.exit()
model = Path(os.environ["FAKE_MODEL"])
if "convert_tokenizer" in arguments:
    assert Path(arguments[3], "tokenizer.json").exists(), arguments
    target = Path(arguments[arguments.index("-o") + 1])
    target.mkdir(exist_ok=True)
    for file in model.glob("openvino_*tokenizer.*"):
        shutil.copy(file, target)
elif arguments[0].endswith("compress_ir.py"):
    for end in (".xml", ".bin"):
        shutil.copy(model / ("openvino_model" + end), Path(arguments[2]).with_suffix(end))
else:
    target = Path(arguments[-1])
    shutil.copytree(model, target, dirs_exist_ok=True)
    if does.endswith("tokenizer"):
        for file in target.glob("openvino_*tokenizer.*"):
            file.unlink()
    if does == "half":
        weights = target / "openvino_model.bin"
        weights.write_bytes(weights.read_bytes()[:100])
"""


def make(path: Path) -> Path:
    """Write it to a path."""
    path.write_text(f"#!{sys.executable} -S\n{_PROGRAM}")
    path.chmod(0o755)
    return path
