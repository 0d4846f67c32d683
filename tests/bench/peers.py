"""Other terminal chat programs on the same answer: a server that streams it, and how each of them is started.

They are installed by whoever measures, each in an environment of its own: pip install oterm, pip install elia-chat.
"""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.bench.answer_tokens import answer_tokens

_MODEL = "fake:latest"
_DETAILS = {
    "format": "gguf", "family": "llama", "families": ["llama"], "parameter_size": "1B", "quantization_level": "Q4",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Peer:
    """Another program.

    Attributes:
        start: Given its executable, an empty folder and the server's port, makes what it needs and says how it is run.
        send: The key that sends what is typed.
    """

    start: Callable[[Path, Path, int], list[str]]
    send: str


def _oterm(executable: Path, folder: Path, port: int) -> list[str]:
    (folder / "config.json").write_text('{"splash-screen": false}')
    environment = [f"OTERM_DATA_DIR={folder}", f"OLLAMA_URL=http://127.0.0.1:{port}"]
    subprocess.run(["env", *environment, executable, "--upgrade"], check=True, capture_output=True)
    with closing(sqlite3.connect(folder / "store.db")) as database, database:
        database.execute("INSERT INTO chat (name, model, provider) VALUES ('chat', ?, 'ollama')", (_MODEL,))
    return ["env", *environment, str(executable)]


def _elia(executable: Path, folder: Path, port: int) -> list[str]:
    (folder / "elia").mkdir()
    (folder / "elia" / "config.toml").write_text(
        'default_model = "openai/fake"\n[[models]]\nname = "openai/fake"\napi_key = "none"\n'
        f'api_base = "http://127.0.0.1:{port}/v1"\n'
    )
    # Its client takes seconds to import, else at the first question.
    program = "import litellm; from elia_chat.__main__ import cli; cli()"
    environment = [f"XDG_CONFIG_HOME={folder}", f"XDG_DATA_HOME={folder}", "LITELLM_LOCAL_MODEL_COST_MAP=True"]
    return ["env", *environment, str(executable.parent / "python"), "-c", program]


PEERS = {"oterm": Peer(_oterm, "enter"), "elia": Peer(_elia, "ctrl+j")}


@contextmanager
def server(tokens: int, per_second: float) -> Iterator[int]:
    """A chat server on a port of the loopback that speaks Ollama's protocol and OpenAI's; it gives the port.

    It runs in a process of its own: what it computes is nobody's here.
    """
    command = [sys.executable, "-m", "tests.bench.peers", str(tokens), str(per_second)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline())
        finally:
            process.kill()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    tokens, per_second = 0, 0.0

    def log_message(self, format: str, *args: object) -> None:
        pass

    def do_GET(self) -> None:
        model = {"name": _MODEL, "model": _MODEL, "modified_at": "2026-01-01T00:00:00Z", "size": 1, "digest": "0" * 64}
        answers: dict[str, Any] = {
            "/api/tags": {"models": [model | {"details": _DETAILS}]},
            "/api/version": {"version": "0.9.0"},
            "/api/ps": {"models": []},
            "/v1/models": {"object": "list", "data": [{"id": "fake", "object": "model", "created": 0, "owned_by": ""}]},
        }
        self._answer(answers.get(self.path, {}))

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or b"{}")
        if self.path.startswith("/api/show"):
            info = {"general.architecture": "llama", "llama.context_length": 8192}
            self._answer({"details": _DETAILS, "model_info": info, "capabilities": ["completion"]})
        elif asked.get("stream", True):
            self._stream(_ollama if self.path.startswith("/api/") else _openai)
        else:  # a title is asked for
            title = {"message": {"role": "assistant", "content": "Title"}}
            self._answer(title | {"done": True, "choices": [{"index": 0, "finish_reason": "stop"} | title]})

    def _answer(self, value: object) -> None:
        data = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _stream(self, line: Callable[[str | None], str]) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/x-ndjson" if line is _ollama else "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        began = time.perf_counter()
        for number, token in enumerate([*answer_tokens(self.tokens, tables=True), None]):
            time.sleep(max(0.0, began + number / self.per_second - time.perf_counter()))
            data = line(token).encode()
            self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
            self.wfile.flush()
        self.wfile.write(b"0\r\n\r\n")


def _ollama(token: str | None) -> str:
    message = {"message": {"role": "assistant", "content": token or ""}, "done": token is None}
    end = {"done_reason": "stop"} if token is None else {}
    return json.dumps({"model": _MODEL, "created_at": "2026-01-01T00:00:00Z"} | message | end) + "\n"


def _openai(token: str | None) -> str:
    delta = {"role": "assistant", "content": token} if token is not None else {}
    choice = {"index": 0, "delta": delta, "finish_reason": "stop" if token is None else None}
    chunk = {"id": "1", "object": "chat.completion.chunk", "created": 0, "model": "fake", "choices": [choice]}
    return f"data: {json.dumps(chunk)}\n\n" + ("data: [DONE]\n\n" if token is None else "")


def _serve(tokens: int, per_second: float) -> None:
    _Handler.tokens, _Handler.per_second = tokens, per_second
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as serving:
        print(serving.server_address[1], flush=True)
        serving.serve_forever()


if __name__ == "__main__":
    _serve(int(sys.argv[1]), float(sys.argv[2]))
