"""What an unfinished pull has on the disk: the beginning of a model folder, in a hidden folder of the models folder.

`.partial/OWNER--NAME/model` becomes the model's folder by one rename; `pull.json` beside it says of which commit its
files are, and which are whole. `.partial/OWNER--NAME.lock` keeps a second pull of the same model out.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import stat
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tui.engine.model_files import MODEL_XML
from tui.engine.read_file import content_of
from tui.library.folders import id_in, in_one_part
from tui.library.hub import Repository
from tui.library.own import is_link
from tui.store.files import locked_now, private_dir, replace_text

PARTIAL = ".partial"
_MANIFEST = "pull.json"
_MOST_BYTES = 1 << 20  # of a manifest: a line for each file


@dataclass(frozen=True, slots=True)
class Held:
    """What is here of a repository.

    Attributes:
        sizes: Bytes that are here of each of its files.
        whole: Files that are here and verified.
        changed: Files that were here, and are others on the hub now.
    """

    sizes: dict[str, int]
    whole: frozenset[str]
    changed: tuple[str, ...]

    @property
    def size(self) -> int:
        """Bytes that are here in all."""
        return sum(self.sizes.values())


class Partial:
    """The unfinished pull of one repository.

    Args:
        models: The models folder.
        repository: OWNER/NAME; looked at by `tui.library.hub.is_id`.
    """

    def __init__(self, models: Path, repository: str) -> None:
        self._folder = models / PARTIAL / in_one_part(repository)
        self._manifest = self._folder / _MANIFEST
        self.model = self._folder / "model"

    def locked(self) -> AbstractContextManager[bool]:
        """Keep other pulls of it out; False in the block if another one is at it."""
        return locked_now(self._folder)

    def held(self, repository: Repository) -> Held:
        """What is here of the files of a repository. Changes nothing."""
        known = self._known()
        sizes: dict[str, int] = {}
        changed = []
        for file in repository.files:
            with suppress(OSError):
                here = os.lstat(self.model / file.name)
                if known.get(file.name, (file.digest, False))[0] != file.digest:
                    changed.append(file.name)
                elif file.name in known and stat.S_ISREG(here.st_mode) and here.st_size <= file.size:
                    sizes[file.name] = here.st_size
        whole = frozenset(
            file.name for file in repository.files if sizes.get(file.name) == file.size and known[file.name][1]
        )
        return Held(sizes, whole, tuple(changed))

    def model_size(self) -> int | None:
        """Bytes that are here of a model; None where something else was begun: the source of a conversion."""
        known = self._known()
        if MODEL_XML not in known:
            return None
        size = 0
        for name in known:
            with suppress(OSError):
                size += os.lstat(self.model / name).st_size
        return size

    def begin(self, repository: Repository) -> Held:
        """Make it the unfinished pull of these files: what is here of others goes; what stays is given back.

        Raises:
            OSError: It cannot be written, or a link would lead what is deleted elsewhere.
        """
        for folder in (self._folder, self.model):
            if is_link(folder):
                raise OSError(errno.EINVAL, "it is a link, and must be a folder", str(folder))
        held = self.held(repository)
        private_dir(self.model)
        for path in self.model.iterdir():
            if path.name not in held.sizes:
                path.unlink()
        self._write(repository, held.whole)
        return held

    def remember(self, repository: Repository, whole: frozenset[str]) -> None:
        """Remember which files are whole."""
        self._write(repository, whole)

    def put_in_place(self, folder: Path) -> None:
        """Make it the model in `folder`."""
        private_dir(folder.parent)  # it goes with an owner's last model, which may have been removed meanwhile
        with suppress(OSError):
            folder.rmdir()  # an empty one, which Windows does not replace
        os.rename(self.model, folder)
        with suppress(OSError):  # the model is there, whatever becomes of the rest
            self.discard()

    def discard(self) -> None:
        """Delete what is here."""
        shutil.rmtree(self._folder)

    def _write(self, repository: Repository, whole: frozenset[str]) -> None:
        files = {file.name: [file.digest, file.name in whole] for file in repository.files}
        content = {"repository": repository.id, "commit": repository.commit, "files": files}
        replace_text(self._manifest, json.dumps(content, indent=1) + "\n")

    def _known(self) -> dict[str, tuple[str, bool]]:
        """Digest and whether it is whole, by the name of a file; nothing where that cannot be read."""
        try:
            files: dict[str, Any] = json.loads(content_of(self._manifest, _MOST_BYTES))["files"]
            return {name: (str(digest), whole is True) for name, (digest, whole) in files.items()}
        except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
            return {}


def unfinished(models: Path) -> list[str]:
    """The repositories whose pulls are not finished, by name."""
    found = sorted((models / PARTIAL).glob(f"*/{_MANIFEST}"))
    return [id_in(manifest.parent.name) for manifest in found]
