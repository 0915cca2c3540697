"""The HTTP side of the loopback Hub: two servers, one for the Hub and one for where it keeps large files."""

from __future__ import annotations

import contextlib
import socket
import socketserver
import ssl
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from tests.hub.answers import Answer
from tests.hub.requests import HubRequest

_PIECE = 256 * 1024

Answerer = Callable[[HubRequest, bytes], Answer | None]
"""Answers a request with its body; None: close the connection without a word."""


class WebServer(ThreadingHTTPServer):
    """An HTTP server at 127.0.0.1 in threads of its own; `close` ends the connections that are still open."""

    daemon_threads = False

    def __init__(self, answer: Answerer, encryption: ssl.SSLContext | None = None) -> None:
        self.answer = answer
        self.cut_after: Callable[[HubRequest], int | None] = lambda request: None
        """How many bytes of the body are sent before the connection is broken off; None: all."""
        self._open: set[socket.socket] = set()
        super().__init__(("127.0.0.1", 0), _Handler)
        if encryption is not None:
            # Each connection greets in the thread of its own.
            self.socket = encryption.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
        self._thread = threading.Thread(target=self.serve_forever, args=(0.02,), name="loopback Hub")
        self._thread.start()

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def server_bind(self) -> None:
        # That of HTTPServer asks what the host is called, which may take seconds.
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = "127.0.0.1", self.port

    def get_request(self) -> tuple[socket.socket, object]:
        connection, address = super().get_request()
        self._open.add(connection)
        return connection, address

    def shutdown_request(self, request: socket.socket) -> None:  # type: ignore[override]
        self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: object, client_address: object) -> None:
        # A client that has gone away is none of the server's business; anything else is a bug of a test.
        import sys

        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]

    def close(self) -> None:
        self.shutdown()
        self._thread.join()
        for connection in list(self._open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    server: WebServer
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        self._handle()

    def do_HEAD(self) -> None:
        self._handle()

    def do_POST(self) -> None:
        self._handle()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name is given
        """Nothing: the requests are kept."""

    def _handle(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = urlsplit(self.path)
        token = self.headers.get("Authorization", "")
        request = HubRequest(
            method=self.command,
            path=parts.path,
            query=parts.query,
            host=(self.headers.get("Host") or "").rpartition(":")[0],
            range=self.headers.get("Range", ""),
            token=token.removeprefix("Bearer ").strip(),
            headers={name.lower(): value for name, value in self.headers.items()},
        )
        answer = self.server.answer(request, body)
        if answer is None:
            self.close_connection = True
            return
        request.status = answer.status
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(answer.length))
        self.end_headers()
        if self.command != "HEAD":
            self._send_body(answer, request)

    def _send_body(self, answer: Answer, request: HubRequest) -> None:
        limit = self.server.cut_after(request)
        stop = answer.length if limit is None else min(limit, answer.length)
        while request.sent_bytes < stop:
            count = min(_PIECE, stop - request.sent_bytes)
            if answer.file is None:
                piece = answer.body[request.sent_bytes : request.sent_bytes + count]
            else:
                at = answer.start + request.sent_bytes
                piece = answer.file.read(at, at + count)
            # Before it is written: who has read the last byte may look at once.
            request.sent_bytes += count
            self.wfile.write(piece)
        if stop < answer.length:
            self.close_connection = True
