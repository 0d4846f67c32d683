"""An HTTP proxy on loopback: it passes on what is asked of it, or refuses; and notes what that was."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit


class ProxyServer:
    """The proxy.

    Args:
        names: Hosts that it alone knows, and the HOST:PORT that they are.
        refusal: The status that everything is answered with; 0 passes it on.
    """

    def __init__(self, names: Mapping[str, str] | None = None, refusal: int = 0) -> None:
        self.names = names or {}
        self.refusal = refusal
        self.asked: list[str] = []
        self._server = _Server(self)

    @property
    def place(self) -> str:
        """HOST:PORT."""
        return f"127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, owner: ProxyServer) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.owner = owner


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def do_CONNECT(self) -> None:
        self.do_GET()

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        owner = self.server.owner
        owner.asked.append(self.path)
        if owner.refusal:
            self.send_response(owner.refusal)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        address = urlsplit(self.path)
        line = HTTPConnection(owner.names.get(address.netloc, address.netloc), timeout=60)
        line.request(self.command, address._replace(scheme="", netloc="").geturl(), headers=dict(self.headers))
        answer = line.getresponse()
        content = answer.read()
        self.send_response_only(answer.status)
        for name, value in answer.getheaders():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)
        line.close()
