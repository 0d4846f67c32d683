"""A hub on loopback: listing, small files, and large ones at another server that it sends to; as bad as a test wants.

Answers are those of the Hugging Face hub as far as huggingface_hub and the downloader see them: commits, etags, sha256
of large files, error codes, ranges, tokens. Both servers also take requests meant for a proxy.
"""

from __future__ import annotations

import hashlib
import json
import re
import socket
import threading
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

TOKEN = "hf_good"
LISTING = "(listing)"
SEARCH = "(search)"
_LARGE = 2000  # bytes; from here on a file lies at the other server


@dataclass(frozen=True)
class Answer:
    """How one request is answered. Without anything: well.

    Attributes:
        status: Instead of what was asked for.
        headers: More of them.
        body: Instead of what was asked for.
        cut_after: Bytes of the body after which the connection breaks.
        stall_after: Bytes of the body after which nothing comes any more, until the server ends.
        no_ranges: The whole file comes where a part was asked for.
        spoiled: One byte is another one.
        redirect: To this address.
    """

    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    cut_after: int | None = None
    stall_after: int | None = None
    no_ranges: bool = False
    spoiled: bool = False
    redirect: str = ""


WELL = Answer()


@dataclass(frozen=True)
class Request:
    """What arrived."""

    server: str  # "hub" or "cdn"
    name: str  # of the file, LISTING or SEARCH
    headers: Mapping[str, str]

    @property
    def start(self) -> int:
        """The first byte that was asked for."""
        found = re.match(r"bytes=(\d+)-", self.headers.get("range", ""))
        return int(found[1]) if found else 0


@dataclass
class Repo:
    """A repository."""

    files: dict[str, bytes]
    gated: bool = False
    private: bool = False
    tag: str = "openvino"
    downloads: int = 0

    def __post_init__(self) -> None:
        self.digests = {name: hashlib.sha256(content).hexdigest() for name, content in self.files.items()}
        self.commit = hashlib.sha1(repr(sorted(self.digests.items())).encode()).hexdigest()


def git_sha1(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


def model_files(weights: bytes = b"weights" * 3000) -> dict[str, bytes]:
    """What a repository with a model has, needed and not."""
    return {
        ".gitattributes": b"*.bin filter=lfs\n",
        "README.md": b"---\nlicense: apache-2.0\n---\n",
        "LICENSE": b"as you like\n",
        "config.json": b'{"architectures": ["LlamaForCausalLM"]}',
        "chat_template.jinja": b"{{ messages }}",
        "openvino_model.xml": b"<net/>" * 500,
        "openvino_model.bin": weights,
        "openvino_tokenizer.xml": b"<net/>",
        "openvino_tokenizer.bin": b"t" * 2500,
        "openvino_detokenizer.xml": b"<net/>",
        "openvino_detokenizer.bin": b"d" * 10,
        "model.safetensors": b"torch" * 1000,
        "model.safetensors.index.json": b"{}",
        "picture.png": b"PNG",
        "onnx/config.json": b"{}",
    }


class HubServer:
    """Both servers; `requests` is what arrived, in order."""

    def __init__(self) -> None:
        self.repos: dict[str, Repo] = {}
        self.requests: list[Request] = []
        self.released = threading.Event()
        self._next: dict[str, list[Answer]] = defaultdict(list)
        self._always: dict[str, Answer] = {}
        self._hub = _Server(self, "hub")
        self._cdn = _Server(self, "cdn")

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self._hub.server_port}"

    @property
    def cdn(self) -> str:
        # Another name too, as the real one has.
        return f"http://localhost:{self._cdn.server_port}"

    def add(self, name: str, files: dict[str, bytes] | None = None, **how: Any) -> Repo:
        """A repository, or a new commit of it."""
        self.repos[name] = Repo(model_files() if files is None else files, **how)
        return self.repos[name]

    def next(self, name: str, *answers: Answer) -> None:
        """Answer the next requests for the bytes of a file (or `LISTING`, `SEARCH`) so."""
        self._next[name] += answers

    def always(self, name: str, answer: Answer) -> None:
        """Answer every request for a file (or `LISTING`, `SEARCH`) so, when `next` has nothing."""
        self._always[name] = answer

    def take(self, name: str) -> Answer:
        queue = self._next[name]
        return queue.pop(0) if queue else self._always.get(name, WELL)

    def asked(self, name: str, server: str | None = None) -> list[Request]:
        return [each for each in self.requests if each.name == name and server in (None, each.server)]

    def be_the_hub(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """For huggingface_hub in this process, without anybody's token."""
        from huggingface_hub import constants

        monkeypatch.setattr(constants, "ENDPOINT", self.endpoint)
        monkeypatch.setattr(constants, "HF_TOKEN_PATH", "/no/such/token")
        monkeypatch.delenv("HF_TOKEN", raising=False)
        monkeypatch.delenv("HUGGING_FACE_HUB_TOKEN", raising=False)

    def __enter__(self) -> Self:
        for server in (self._hub, self._cdn):
            threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.released.set()
        for server in (self._hub, self._cdn):
            server.shutdown()
            server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, owner: HubServer, kind: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.owner = owner
        self.kind = kind

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients leave in the middle; that is what they are tested for."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        address = urlsplit(self.path)  # whole addresses come to a proxy
        path = unquote(address.path)
        if self.server.kind == "cdn":
            self._cdn(path)
        elif path == "/api/models":
            self._search(parse_qs(address.query))
        elif found := re.fullmatch(r"/api/models/([^/]+/[^/]+)", path):
            self._listing(found[1])
        elif found := re.fullmatch(r"/([^/]+/[^/]+)/resolve/([^/]+)/(.+)", path):
            self._resolve(*found.groups())
        else:
            self._refuse(404, "")

    def _cdn(self, path: str) -> None:
        digest = path.rpartition("/")[2]
        for repo in self.server.owner.repos.values():
            for name, content in repo.files.items():
                if repo.digests[name] == digest:
                    self._bytes(name, content, {"ETag": f'"{digest}"'})
                    return
        self._refuse(403, "")

    def _search(self, asked: Mapping[str, list[str]]) -> None:
        answer = self._arrived(SEARCH)
        if self._given(answer, b"") or self._wrong_token():
            return
        (words,), (tag,), (most,) = asked["search"], asked["filter"], asked["limit"]
        found = [
            {"id": name, "downloads": repo.downloads, "usedStorage": sum(map(len, repo.files.values()))}
            for name, repo in self.server.owner.repos.items()
            if words.casefold() in name.casefold() and repo.tag == tag and not repo.private
        ]
        found.sort(key=lambda each: -int(each["downloads"]))
        self._send(200, json.dumps(found[: int(most)]).encode(), {"Content-Type": "application/json"})

    def _listing(self, name: str) -> None:
        answer = self._arrived(LISTING)
        ids = {each.casefold(): each for each in self.server.owner.repos}
        name = ids.get(name.casefold(), name)
        repo = self.server.owner.repos.get(name)
        if self._given(answer, b"") or self._wrong_token():
            return
        if repo is None or (repo.private and not self._has_token()):
            self._refuse(404 if self._has_token() else 401, "RepoNotFound", "Repository not found")
            return
        siblings = []
        for file, content in repo.files.items():
            entry: dict[str, Any] = {"rfilename": file, "size": len(content), "blobId": git_sha1(content)}
            if len(content) >= _LARGE:
                entry["lfs"] = {"sha256": repo.digests[file], "size": len(content), "pointerSize": 134}
            siblings.append(entry)
        listing = {"id": name, "modelId": name, "sha": repo.commit, "siblings": siblings}
        self._send(200, json.dumps(listing).encode(), {"Content-Type": "application/json"})

    def _resolve(self, name: str, commit: str, file: str) -> None:
        repo = self.server.owner.repos.get(name)
        if repo is None or self._wrong_token():
            return self._refuse(404, "RepoNotFound") if repo is None else None
        if repo.gated and not self._has_token():
            return self._refuse(401, "GatedRepo", "Access to this model is restricted.")
        if commit != repo.commit:
            return self._refuse(404, "RevisionNotFound")
        if file not in repo.files:
            return self._refuse(404, "EntryNotFound")
        content = repo.files[file]
        headers = {"X-Repo-Commit": commit}
        if len(content) < _LARGE:
            return self._bytes(file, content, headers | {"ETag": f'"{git_sha1(content)}"'})
        self.server.owner.requests.append(Request("hub", file, self._headers()))
        digest = repo.digests[file]
        headers |= {"X-Linked-Etag": f'"{digest}"', "X-Linked-Size": str(len(content))}
        headers |= {"ETag": '"of the pointer"', "Location": f"{self.server.owner.cdn}/blobs/{digest}?signed=1"}
        return self._send(302, b"", headers)

    def _bytes(self, name: str, content: bytes, headers: Mapping[str, str]) -> None:
        answer = self._arrived(name)
        if self._given(answer, content):
            return
        if answer.spoiled:
            content = content[:-1] + bytes([content[-1] ^ 1])
        start = 0 if answer.no_ranges else self.server.owner.requests[-1].start
        if start >= len(content) > 0:
            self._send(416, b"", {"Content-Range": f"bytes */{len(content)}"})
            return
        headers = {**headers, "Accept-Ranges": "bytes"}
        if start:
            headers |= {"Content-Range": f"bytes {start}-{len(content) - 1}/{len(content)}"}
        self._send(206 if start else 200, content[start:], headers, answer)

    def _arrived(self, name: str) -> Answer:
        self.server.owner.requests.append(Request(self.server.kind, name, self._headers()))
        return self.server.owner.take(name)

    def _headers(self) -> dict[str, str]:
        return {key.lower(): value for key, value in self.headers.items()}

    def _has_token(self) -> bool:
        return self.headers.get("Authorization") == f"Bearer {TOKEN}"

    def _wrong_token(self) -> bool:
        if self._has_token() or "Authorization" not in self.headers:
            return False
        self._refuse(401, "", "Invalid credentials in Authorization header")
        return True

    def _given(self, answer: Answer, content: bytes) -> bool:
        """Whether an answer says itself what to send."""
        if answer.redirect:
            self._send(302, b"", {"Location": answer.redirect})
        elif answer.status is not None or answer.body is not None:
            self._send(answer.status or 200, answer.body or b"", answer.headers)
        return bool(answer.redirect) or answer.status is not None or answer.body is not None

    def _refuse(self, status: int, code: str, message: str = "") -> None:
        self._send(status, b"", {"X-Error-Code": code, "X-Error-Message": message})

    def _send(self, status: int, body: bytes, headers: Mapping[str, str], answer: Answer = WELL) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "HEAD":
            return
        ends = [each for each in (answer.cut_after, answer.stall_after) if each is not None]
        self.wfile.write(body[: min(ends)] if ends else body)
        if answer.stall_after is not None:
            self.server.owner.released.wait(60)
        if ends:
            self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True
