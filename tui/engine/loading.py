"""A model is loaded, at most for so long: OpenVINO's compilations cannot be stopped, only left to themselves."""

from __future__ import annotations

import threading
from collections.abc import Callable

from tui.engine.errors import TooSlow
from tui.engine.language_model import LanguageModel


class Loading:
    """Loading in a thread of its own. What is ready too late is closed there.

    Args:
        load: Loads; what it raises is raised by `result`.
    """

    def __init__(self, load: Callable[[], LanguageModel]) -> None:
        self._load = load
        self._model: LanguageModel | None = None
        self._error: BaseException | None = None
        self._left = False
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="load", daemon=True)
        self._thread.start()

    def result(self, seconds: int) -> LanguageModel:
        """Wait for the model.

        Raises:
            TooSlow: It is not loaded after so many seconds; it then never will be anybody's.
        """
        self._thread.join(seconds)
        with self._lock:
            if self._error is not None:
                raise self._error
            if self._model is None:
                self._left = True
                raise TooSlow(seconds)
            return self._model

    def wait(self) -> None:
        """Wait for the end of the thread."""
        self._thread.join()

    def _run(self) -> None:
        try:
            model = self._load()
        except BaseException as error:
            self._error = error
            return
        with self._lock:
            if not self._left:
                self._model = model
                return
        model.close()
