"""What the doctor finds in a model's folder."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from tui.engine.errors import OvchatError


class Severity(StrEnum):
    """How bad a finding is."""

    ERROR = "error"  # the model cannot be used as it is
    WARNING = "warning"  # it can, but not as well as its makers meant it
    NOTE = "note"  # worth knowing, nothing to be done


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong with a model.

    Attributes:
        code: What it is, for programs: `weights-short`.
        severity: How bad it is.
        sentence: What is wrong. May have text of others' making in it.
        fix: What to do about it; "Nothing to do" where it is so. "" where an error of loading says it itself.
    """

    code: str
    severity: Severity
    sentence: str
    fix: str = ""

    @classmethod
    def of(cls, error: OvchatError, code: str = "", severity: Severity = Severity.ERROR) -> Finding:
        """What loading would refuse a model with, under the error's own code if none is given."""
        return cls(code or error.code or "not-loadable", severity, error.sentence, error.next_step)


def error(code: str, sentence: str, fix: str) -> Finding:
    return Finding(code, Severity.ERROR, sentence, fix)


def warning(code: str, sentence: str, fix: str) -> Finding:
    return Finding(code, Severity.WARNING, sentence, fix)


def note(code: str, sentence: str, fix: str) -> Finding:
    return Finding(code, Severity.NOTE, sentence, fix)


def worst_first(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Errors, warnings, notes; those of one kind as they came."""
    order = list(Severity)
    return tuple(sorted(findings, key=lambda finding: order.index(finding.severity)))


@dataclass(frozen=True, slots=True)
class Examination:
    """What came out.

    Attributes:
        path: The folder.
        findings: What was found, the worst first.
        checked: What was looked at, a few words each.
        seconds: How long that took.
    """

    path: Path
    findings: tuple[Finding, ...]
    checked: tuple[str, ...]
    seconds: float

    @property
    def is_usable(self) -> bool:
        """Nothing that was found keeps the model from being loaded."""
        return all(finding.severity is not Severity.ERROR for finding in self.findings)

    def and_then(self, later: Examination) -> Examination:
        """Both, as one."""
        findings = worst_first((*self.findings, *later.findings))
        return Examination(self.path, findings, self.checked + later.checked, self.seconds + later.seconds)
