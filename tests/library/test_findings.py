"""Every finding of the doctor says what to do about it, or that nothing is to be done."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import tui

LIBRARY = Path(tui.__file__).parent / "library"


def made() -> Iterator[tuple[str, list[ast.expr]]]:
    """The code of each finding that the doctor makes itself, and what else it is made of."""
    for file in (*LIBRARY.glob("checks/*.py"), LIBRARY / "deep_check.py"):
        for call in ast.walk(ast.parse(file.read_text("utf-8"))):
            if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name):
                continue
            if call.func.id in ("error", "warning", "note", "kind"):
                yield ast.unparse(call.args[0]), call.args[1:]


def test_every_finding_has_a_fix() -> None:
    findings = list(made())
    assert len(findings) > 25
    without = [code for code, rest in findings if len(rest) < 2 or ast.unparse(rest[1]) in ("''", "f''")]
    assert without == []
