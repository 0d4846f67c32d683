"""A model from the hub into the models folder: looked up, then fetched. It is listed when it is whole, not before.

`look_up` asks the hub what there is and writes nothing; `fetch` gets it, and goes on where an earlier one was left:
stopped, cut off or killed. Both are for a thread that may take its time.
"""

from __future__ import annotations

import errno
import os
import shlex
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from tui.engine.errors import OvchatError
from tui.library.amounts import size_text
from tui.library.catalogue import nearest, whole_id
from tui.library.download import FOR_A_LOOK, Patience, download, keep_trying
from tui.library.find import FoundModel, Places, find_models
from tui.library.hub import Repository, is_id, list_repository, without_address
from tui.library.hub_errors import NotOnHub, PullFailed
from tui.library.own import leads_out, leave
from tui.library.partial import Partial, unfinished
from tui.library.progress import Meter, Report
from tui.library.wanted import wanted
from tui.store.files import NO_ROOM, private_dir, step_to_write

_LIST = "What there is: ovchat models pull --list"
_LONGEST = 200  # characters; names of the hub have 193 at most
_HERE = "The models that are here: ovchat models"


class AlreadyHere(OvchatError):
    """The model is here.

    Args:
        model: Where it is, and what it is called.
    """

    def __init__(self, model: FoundModel) -> None:
        super().__init__(
            f"{model.name} is already here: {model.path}.",
            f"To get it anew, remove it first: ovchat models remove {shlex.quote(model.name)}",
        )
        self.model = model


@dataclass(frozen=True, slots=True)
class Offer:
    """What a pull would get.

    Attributes:
        repository: The repository at one commit, with the files that a chat needs.
        models: The models folder.
        folder: Where the model will be.
        size: Bytes of all these files.
        here: Bytes of them that are here from an earlier try.
        free: Bytes that are free on the disk.
        changed: Files that are here from an earlier try, and are others on the hub now: they are fetched anew.
    """

    repository: Repository
    models: Path
    folder: Path
    size: int
    here: int
    free: int
    changed: tuple[str, ...]

    @property
    def missing(self) -> int:
        """Bytes that are still to come."""
        return self.size - self.here


def look_up(
    asked: str,
    stop: threading.Event,
    *,
    places: Places | None = None,
    patience: Patience | None = None,
    anew: bool = False,
) -> Offer:
    """What pulling a model would get, and whether there is room. Writes nothing.

    Args:
        asked: OWNER/NAME of a repository on the hub; or of one of the catalogue, as people write it.
        stop: Ends it.
        places: Where models are.
        patience: How long to go on trying.
        anew: It may be here: that is to be removed before it is fetched.

    Raises:
        AlreadyHere: There is nothing to do.
        PullFailed: There is no such repository, or none that can be had; says the nearest names.
        ModelNotSupported: It is a model of another kind.
        Cancelled: `stop` was set.
    """
    places, patience = places or Places(), patience or FOR_A_LOOK
    name = whole_id(without_address(asked))
    if not is_id(name):
        raise PullFailed(
            f"{_shown(asked)} is no model on the hub: they are called OWNER/NAME.", f"{_hint(name)}{_LIST}"
        )
    with _disk_problems(name, places.models):
        if not anew:
            _refuse_what_is_here(name, places)
        try:
            repository = keep_trying(lambda: list_repository(name, patience.silent_s), patience, stop)
        except NotOnHub as error:
            raise NotOnHub(error.sentence, f"{_hint(name)}{error.next_step or _LIST}") from error
        repository = replace(repository, files=wanted(repository))
        if not anew:
            _refuse_what_is_here(repository.id, places)  # the hub may know it by another name
        held = Partial(places.models, repository.id).held(repository)
        return Offer(
            repository,
            places.models,
            places.models / repository.id,
            sum(file.size for file in repository.files),
            held.size,
            free_bytes(places.models),
            held.changed,
        )


def _shown(asked: str) -> str:
    """What was asked for, in quotes; of what is longer than any name, the beginning."""
    return repr(asked if len(asked) <= _LONGEST else f"{asked[:_LONGEST]}…")


def _hint(asked: str) -> str:
    near = nearest("-".join(asked[:_LONGEST].split()))
    return f"Did you mean {' or '.join(near)}? " if near else ""


def _refuse_what_is_here(name: str, places: Places) -> None:
    folder = places.models / name
    for model in find_models(places):
        if model.name.casefold() == name.casefold():
            with os.scandir(model.path):  # one that may not be looked into could be half of a model
                raise AlreadyHere(model)
        if model.path == folder.parent:  # nobody would find it in there
            raise PullFailed(
                f"{model.path} is a model; another one cannot be in it.",
                f"Give that one another name: ovchat models rename {shlex.quote(model.name)} NAME",
            )
    _refuse_link(folder.parent, places.models)
    if os.path.lexists(folder) and not (folder.is_dir() and not any(folder.iterdir())):
        raise PullFailed(f"{folder} is in the way: it is not a model.", "Look at it, and move or delete it.")


def _refuse_link(owner: Path, models: Path) -> None:
    """What is behind a link out of the models folder is not ovchat's own: it could not remove it again."""
    if leads_out(owner, models):
        raise PullFailed(
            f"{owner} is a link to {os.path.realpath(owner)}: that is not in the models folder.",
            f"Delete the link, or make it a folder: rm {shlex.quote(str(owner))}. "
            "The models folder as a whole may be a link to another disk.",
        )


def free_bytes(folder: Path) -> int:
    """Bytes free on the disk where a folder is, or will be."""
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free


def fetch(offer: Offer, report: Report, stop: threading.Event, *, patience: Patience | None = None) -> Path:
    """Get what `look_up` found; the model's folder.

    Args:
        offer: What to get.
        report: Told how far it is.
        stop: Ends it; what has arrived stays, and the next pull goes on there.
        patience: How long to go on trying.

    Raises:
        PullFailed: It cannot be had now: no room, no connection, no access, another pull of it. What has arrived stays.
        Cancelled: `stop` was set.
    """
    repository = offer.repository
    partial = Partial(offer.models, repository.id)
    with _disk_problems(repository.id, offer.models), partial.locked() as mine:
        if not mine:
            raise _busy(repository.id)
        require_room(replace(offer, here=partial.held(repository).size))
        _refuse_link(offer.folder.parent, offer.models)
        private_dir(offer.folder.parent)
        held = partial.begin(repository)
        _require_one_disk(partial.model, offer.folder.parent)
        meter = Meter(report, offer.size, held.size)
        whole = held.whole
        for file in repository.files:
            if file.name not in whole:
                download(repository, file, partial.model / file.name, meter, patience or Patience(), stop)
                whole |= {file.name}
                partial.remember(repository, whole)
        meter.tell(now=True)
        partial.put_in_place(offer.folder)
    return offer.folder


def discard_partial(asked: str, *, places: Places | None = None) -> str:
    """Delete what an unfinished pull has left; the model's name.

    Raises:
        PullFailed: There is none, or it is at work.
    """
    places = places or Places()
    begun = {name.casefold(): name for name in unfinished(places.models)}
    name = begun.get(whole_id(without_address(asked)).casefold())
    if name is None:
        raise PullFailed(
            f"There is no unfinished pull of {_shown(asked)}.",
            f"There is: {', '.join(begun.values())}." if begun else f"Nothing is deleted. {_HERE}",
        )
    partial = Partial(places.models, name)
    with _disk_problems(name, places.models), partial.locked() as mine:
        if not mine:
            raise _busy(name)
        partial.discard()
        leave((places.models / name).parent, places.models)
    return name


def _busy(name: str) -> PullFailed:
    return PullFailed(f"{name} is being pulled by another ovchat at this moment.", "Let it finish, or stop it there.")


def require_room(offer: Offer, freed: int = 0) -> None:
    """See that what is still to come fits on the disk.

    Args:
        offer: What is to come.
        freed: Bytes that will be free besides those that are.

    Raises:
        PullFailed: It does not.
    """
    free = free_bytes(offer.models) + freed
    if offer.missing > free:
        raise PullFailed(
            f"{offer.repository.id} needs {size_text(offer.missing)} more, and {size_text(free)} are free on the disk "
            f"of {offer.models}.",
            "Make room, choose a smaller model (ovchat models pull --list), or set OVCHAT_HOME to a larger disk.",
        )


def _require_one_disk(partial: Path, owner: Path) -> None:
    """The last step is a rename; that it can be done is better known before the first byte."""
    if not owner.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(owner))
    if os.stat(partial).st_dev != os.stat(owner).st_dev:
        raise PullFailed(
            f"{owner} lies on another disk than {partial.parent.parent.parent}.",
            "Let the models folder as a whole lie on one disk: a link to it is fine.",
        )


@contextmanager
def _disk_problems(name: str, models: Path) -> Iterator[None]:
    """In the block, what the disk refuses becomes `PullFailed`."""
    try:
        yield
    except OSError as error:
        if error.errno in NO_ROOM:
            raise PullFailed(
                f"The disk of {models} is full; what has arrived of {name} is kept.",
                f"Make room, then go on: ovchat models pull {name}",
            ) from error
        where = error.filename2 or error.filename or models  # the second is what a rename would have replaced
        raise PullFailed(f"{where} cannot be used: {error.strerror or error}.", step_to_write(error)) from error
