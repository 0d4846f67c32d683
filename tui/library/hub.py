"""The Hugging Face hub: what a repository holds, and the bytes of its files.

Listing, tokens, proxies and error classes are huggingface_hub's, imported when something is asked of the hub; our own
is that a file is read from any place on.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

from tui import __version__
from tui.library.hub_errors import PullFailed, other_size, require_token_that_can_be_sent, told

SHA256_DIGITS, SHA1_DIGITS = 64, 40

_ID = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}", re.ASCII)
_NO_ID = re.compile(r"--|\.\.|[.-](/|$)|\.git$")
_HUB = r"(?:https?://)?(?:www\.)?(?:huggingface\.co|hf\.co)"
_PAGE = r"/([^/\s?#]+/[^/\s?#]+)(?:[/?#]\S*)?"
_HEX = re.compile(r"[0-9a-f]+")
_REDIRECTS = 10
_WHOLE, _PARTIAL, _NO_SUCH_RANGE = 200, 206, 416


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file of a repository.

    Attributes:
        name: Its path there: text of others' making.
        size: Bytes.
        digest: sha256 (64 hexadecimal digits) of a file kept apart from git, else git's sha1 (40).
    """

    name: str
    size: int
    digest: str


@dataclass(frozen=True, slots=True)
class Repository:
    """What a repository holds at one commit.

    Attributes:
        id: OWNER/NAME as the hub writes it.
        commit: The commit's hash.
        files: All its files.
    """

    id: str
    commit: str
    files: tuple[RemoteFile, ...]


def is_id(text: str) -> bool:
    """Whether a text has the form OWNER/NAME that the hub gives its repositories."""
    return bool(_ID.fullmatch(text)) and not _NO_ID.search(text)


def without_address(text: str) -> str:
    """OWNER/NAME, where a text is the address of that repository's page or of something on it; else the text.

    That is huggingface.co, or the hub that HF_ENDPOINT names. Spaces around it do not count.
    """
    other = os.environ.get("HF_ENDPOINT", "").strip().rstrip("/")
    hub = f"(?:{_HUB}|{re.escape(other)})" if other else _HUB
    found = re.fullmatch(hub + _PAGE, text.strip(), re.IGNORECASE)
    return found[1] if found else text.strip()


def list_repository(repository: str, timeout_s: float) -> Repository:
    """What is in a repository now.

    Args:
        repository: OWNER/NAME.
        timeout_s: Seconds without an answer that count as a lost connection.

    Raises:
        NotOnHub: There is no such repository, or none that may be seen.
        PullFailed: It is gated, the hub refuses the token, we are offline on purpose, the answer makes no sense.
        Lost: No connection, or the hub is busy.
    """
    api = library().HfApi(library_name="ovchat", library_version=__version__)
    with told(repository):
        require_token_that_can_be_sent()
        info = api.model_info(repository, files_metadata=True, timeout=timeout_s)
        if not is_id(info.id) or not _HEX.fullmatch(info.sha):
            raise ValueError(f"{info.id} at {info.sha}")
        return Repository(
            info.id, info.sha, tuple(_remote_file(api, info.id, info.sha, each) for each in info.siblings or ())
        )


def _remote_file(api: Any, repository: str, commit: str, listed: Any) -> RemoteFile:
    size, digest = listed.size, listed.lfs.sha256 if listed.lfs else listed.blob_id
    if size is None or not digest:  # a mirror that lists names only
        metadata = api.get_hf_file_metadata(url=_address(repository, commit, listed.rfilename))
        size, digest = metadata.size, metadata.etag
    digest = str(digest).lower()
    if not isinstance(size, int) or size < 0:
        raise ValueError(f"no size of {listed.rfilename}")
    if len(digest) not in (SHA1_DIGITS, SHA256_DIGITS) or not _HEX.fullmatch(digest):
        raise ValueError(f"no checksum of {listed.rfilename}")
    return RemoteFile(listed.rfilename, size, digest)


def read_file(repository: Repository, file: RemoteFile, start: int, timeout_s: float) -> Iterator[int | bytes]:
    """The bytes of a file from `start` on, as they come; before them, the place in the file where they begin.

    That is `start`, or 0 where the server takes no ranges. The token goes to the hub, and not to the server that it
    sends us to.

    Raises:
        PullFailed: The hub refuses it, or its file has another size than it lists.
        Lost: The connection failed or broke, or the hub is busy.
    """
    library()
    from huggingface_hub.utils import build_hf_headers, get_session, hf_raise_for_status

    common = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={start}-"} if start else {})
    url = _address(repository.id, repository.commit, file.name)
    hub = _origin(url)
    with told(repository.id):
        ours = build_hf_headers(library_name="ovchat", library_version=__version__)
        for _ in range(_REDIRECTS):
            headers = common | (ours if _origin(url) == hub else {"user-agent": ours["user-agent"]})
            with get_session().stream("GET", url, headers=headers, timeout=timeout_s, follow_redirects=False) as answer:
                if answer.has_redirect_location:
                    url = urljoin(url, answer.headers["Location"])
                    continue
                size = _size(answer.status_code, answer.headers)
                if answer.status_code == _NO_SUCH_RANGE:
                    raise other_size(repository.id, file.name, file.size, f"{size or start:,}")
                hf_raise_for_status(answer)
                if size not in (None, file.size):
                    raise other_size(repository.id, file.name, file.size, f"{size:,}")
                yield _first_byte(answer.headers) if answer.status_code == _PARTIAL else 0
                yield from answer.iter_raw()
                return
    raise PullFailed(
        f"The hub cannot give {file.name} of {repository.id}: each address of it leads to another.", "Try again later."
    )


def _address(repository: str, commit: str, name: str) -> str:
    from huggingface_hub import constants

    return f"{constants.ENDPOINT}/{repository}/resolve/{commit}/{quote(name)}"


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port


def _size(status: int, headers: Mapping[str, str]) -> int | None:
    """Bytes of the whole file, by an answer with it, with a part of it, or that there is no such part."""
    if status == _WHOLE:
        found = re.fullmatch(r"(\d+)", headers.get("Content-Length", ""))
    else:
        found = re.fullmatch(r"bytes .*/(\d+)", headers.get("Content-Range", ""))
    return int(found[1]) if found else None


def _first_byte(headers: Mapping[str, str]) -> int:
    """Of a part of a file, by its Content-Range."""
    found = re.match(r"bytes (\d+)-", headers.get("Content-Range", ""))
    if found is None:
        raise ValueError("a part of a file without its place")
    return int(found[1])


def library() -> Any:
    """huggingface_hub, told to report nothing about this machine.

    Raises:
        PullFailed: HF_ENDPOINT is no address; with some of those it cannot even be imported.
    """
    if "huggingface_hub" not in sys.modules:
        os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
        if not os.environ.get("HF_ENDPOINT", "").strip():
            os.environ.pop("HF_ENDPOINT", None)  # set to nothing, it would be the address
    if not _is_address(os.environ.get("HF_ENDPOINT", "https://huggingface.co")):
        raise PullFailed(
            "HF_ENDPOINT is not the address of a hub.", "Unset it, or give one that begins with https:// or http://."
        )
    import huggingface_hub

    return huggingface_hub


def _is_address(text: str) -> bool:
    try:
        parts = urlsplit(text.strip())
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
