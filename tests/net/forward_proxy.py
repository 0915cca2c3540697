"""A proxy as companies have one: it is told whom to ask, and for HTTPS it only carries bytes."""

from __future__ import annotations

import contextlib
import selectors
import socket
import socketserver
import threading
from typing import Self
from urllib.parse import urlsplit


class ForwardProxy:
    """Leads everything, whatever host is asked for, to one port of this computer. A context manager."""

    def __init__(self, port: int, *, refuses_with: int | None = None) -> None:
        """`refuses_with`: the status that it answers instead, 407 for example."""
        self.asked: list[str] = []
        """The first line of each request, without the version of HTTP."""
        self.authorizations: list[str] = []
        self._port = port
        self._refuses_with = refuses_with
        outer = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                outer._carry(self)

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), name="proxy")
        self._thread.start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _carry(self, handler: socketserver.StreamRequestHandler) -> None:
        first = handler.rfile.readline().decode("latin-1").split()
        if len(first) != 3:
            return
        method, target, version = first
        self.asked.append(f"{method} {target}")
        headers = []
        while (line := handler.rfile.readline().decode("latin-1").strip()) != "":
            name, _, value = line.partition(": ")
            if name.lower() == "proxy-authorization":
                self.authorizations.append(value)
            elif name.lower() != "connection":
                headers.append(line)
        if self._refuses_with is not None:
            answer = f"{version} {self._refuses_with} No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            handler.wfile.write(answer.encode())
            return
        with socket.create_connection(("127.0.0.1", self._port)) as onward:
            if method == "CONNECT":
                handler.wfile.write(f"{version} 200 Established\r\n\r\n".encode())
            else:
                parts = urlsplit(target)
                path = parts.path + (f"?{parts.query}" if parts.query else "")
                lines = [f"{method} {path} {version}", *headers, "Connection: close", "", ""]
                onward.sendall("\r\n".join(lines).encode("latin-1"))
            _carry_both_ways(handler.connection, onward)


def _carry_both_ways(one: socket.socket, other: socket.socket) -> None:
    """Until either side closes."""
    with selectors.DefaultSelector() as waiting, contextlib.suppress(ConnectionError):
        waiting.register(one, selectors.EVENT_READ, other)
        waiting.register(other, selectors.EVENT_READ, one)
        while True:
            for key, _ in waiting.select():
                assert isinstance(key.fileobj, socket.socket)
                data = key.fileobj.recv(65536)
                if not data:
                    return
                key.data.sendall(data)
