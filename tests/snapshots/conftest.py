"""What the pictures' tests may use."""

from __future__ import annotations

from tests.screens.conftest import at_once

__all__ = ["at_once"]
