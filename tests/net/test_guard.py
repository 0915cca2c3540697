"""Nobody but net reaches the network. Each test in a process of its own: an audit hook stays for good."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import textwrap

import pytest

from tests.hub import LoopbackHub


def run_guarded(code: str, **environment: str) -> str:
    """What `code` prints in a program with the guard; it must end well, and nothing may go to its log."""
    ran = subprocess.run(
        [
            sys.executable,
            "-c",
            "from slmdesk.net import install_guard\ninstall_guard()\n" + textwrap.dedent(code),
        ],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert ran.returncode == 0, ran.stderr
    assert "refused" not in ran.stderr
    return ran.stdout.strip()


def test_another_module_does_not_reach_a_distant_host() -> None:
    found = run_guarded(
        """
        import logging, socket, sys, urllib.error, urllib.request

        logging.basicConfig(stream=sys.stdout, format="%(levelname)s %(message).40s")
        for url in ("http://192.0.2.1/", "http://example.com/", "https://[2001:db8::1]/"):
            try:
                urllib.request.urlopen(url, timeout=5)
            except urllib.error.URLError as error:
                print(type(error.reason).__name__, error.reason)
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        tcp = socket.socket(socket.AF_INET6)
        for ask in (
            lambda: udp.sendto(b"x", ("192.0.2.1", 53)),
            lambda: udp.sendmsg([b"x"], [], 0, ("192.0.2.1", 53)),
            lambda: tcp.connect_ex(("2001:db8::1", 80)),
            lambda: tcp.bind(("::", 0)),
            lambda: socket.gethostbyname("example.com"),
            lambda: socket.gethostbyaddr("192.0.2.1"),
            lambda: socket.getnameinfo(("192.0.2.1", 80), 0),
            lambda: socket.getaddrinfo("example.com", 80),
            lambda: socket.getaddrinfo(b"example.com", 80),
        ):
            try:
                ask()
            except PermissionError as error:
                print(str(error).partition("(")[2])
        """
    )
    assert [line for line in found.splitlines() if not line.startswith(("WARNING", "  "))] == [
        "PermissionError only slmdesk.net may use the network (socket.getaddrinfo)",
        "PermissionError only slmdesk.net may use the network (socket.getaddrinfo)",
        "PermissionError only slmdesk.net may use the network (socket.getaddrinfo)",
        "socket.sendto)",
        "socket.sendmsg)",
        "socket.connect)",
        "socket.bind)",
        "socket.gethostbyname)",
        "socket.gethostbyaddr)",
        "socket.getnameinfo)",
        "socket.getaddrinfo)",
        "socket.getaddrinfo)",
    ]
    assert found.count("WARNING refused socket.") == 12


def test_net_itself_does(hub: LoopbackHub) -> None:
    """To a distant host it comes as far as the system lets it: not to a refusal of the guard."""
    hub.add_model("maker/model", {"README.md": b"text"})
    found = run_guarded(
        """
        from slmdesk.messages import Message, UserError
        from slmdesk.net import Network

        why = Message("network-why-unknown")
        print(Network().hub(why).model_info("maker/model").id)
        try:
            Network(environment={"HF_ENDPOINT": "https://hub.invalid"}).hub(why).model_info("maker/model")
        except UserError as error:
            print(error.kind.name)
        """,
        **hub.environment,
    )
    assert found.splitlines() == ["maker/model", "NETWORK"]


def test_the_way_is_closed_again_and_for_other_threads() -> None:
    found = run_guarded(
        """
        import logging, socket, threading
        from slmdesk.net.guard import open_way

        logging.disable()

        def looks_up(where):
            try:
                socket.getaddrinfo("hub.invalid", 80)
            except PermissionError:
                print(where, "closed")
            except socket.gaierror:
                print(where, "open")
            else:
                print(where, "open, to a name service that makes addresses up")

        with open_way():
            looks_up("inside")
            thread = threading.Thread(target=looks_up, args=("other thread",))
            thread.start()
            thread.join()
        looks_up("after")
        """
    )
    inside, *others = found.splitlines()
    assert inside.startswith("inside open")
    assert others == ["other thread closed", "after closed"]


def test_this_computer_and_what_is_no_network_go_on() -> None:
    found = run_guarded(
        """
        import asyncio, multiprocessing, os, socket, tempfile, threading

        def child(pipe):
            pipe.send("a process answers")

        # As on Windows, where a pair of sockets is made of a connection to this computer.
        with socket.create_server(("127.0.0.1", 0)) as server:
            one = socket.create_connection(("localhost", server.getsockname()[1]))
            two, _ = server.accept()
            one.sendall(b"x"), print("loopback", two.recv(1)), one.close(), two.close()
        one, two = socket.socketpair()
        one.sendall(b"x"), print("pair", two.recv(1)), one.close(), two.close()
        if hasattr(socket, "AF_UNIX") and os.name != "nt":
            path = os.path.join(tempfile.mkdtemp(), "bus")
            with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as client:
                server.bind(path), server.listen(), client.connect(path)

        async def main():
            echo = await asyncio.start_server(lambda reader, writer: writer.close(), "127.0.0.1", 0)
            reader, writer = await asyncio.open_connection(*echo.sockets[0].getsockname())
            print("asyncio", await reader.read())
            writer.close(), echo.close()
        asyncio.run(main())

        context = multiprocessing.get_context("fork" if os.name != "nt" else "spawn")
        if os.name != "nt":
            ours, theirs = context.Pipe()
            process = context.Process(target=child, args=(theirs,))
            process.start(), print(ours.recv()), process.join()
        """
    )
    lines = ["loopback b'x'", "pair b'x'", "asyncio b''", "a process answers"]
    assert found.splitlines() == lines[: len(found.splitlines())]
    assert len(found.splitlines()) >= 3


@pytest.mark.skipif(importlib.util.find_spec("PySide6") is None, reason="PySide6 is not installed")
def test_a_window_opens() -> None:
    found = run_guarded(
        """
        import socket
        from PySide6.QtCore import QSocketNotifier, QTimer
        from PySide6.QtWidgets import QApplication, QLabel

        application = QApplication([])
        label = QLabel("text")
        label.show()
        one, two = socket.socketpair()
        notifier = QSocketNotifier(one.fileno(), QSocketNotifier.Type.Read)
        notifier.activated.connect(lambda *_: (print("woken", one.recv(1)), application.quit()))
        QTimer.singleShot(0, lambda: two.send(b"x"))
        application.exec()
        """,
        QT_QPA_PLATFORM="offscreen",
    )
    assert found == "woken b'x'"


def test_the_program_is_guarded() -> None:
    code = """
        import socket, sys
        from slmdesk.__main__ import main

        sys.argv = ["slmdesk", "--version"]
        assert main() == 0
        try:
            socket.getaddrinfo("example.com", 80)
        except PermissionError as error:
            print(error)
    """
    ran = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=True
    )
    assert ran.stdout.splitlines()[-1] == "only slmdesk.net may use the network (socket.getaddrinfo)"


def test_it_can_be_installed_twice() -> None:
    assert run_guarded("install_guard()\nprint('fine')") == "fine"


def test_the_engine_process_reaches_not_even_this_computer() -> None:
    """Its own hook: it knows nothing of net."""
    code = """
        import socket, sys
        from slmdesk.engines import child

        sys.addaudithook(child._refuse_network)
        tcp, udp = socket.socket(), socket.socket(type=socket.SOCK_DGRAM)
        for ask in (
            lambda: tcp.connect(("127.0.0.1", 9)),
            lambda: tcp.bind(("127.0.0.1", 0)),
            lambda: udp.sendto(b"x", ("127.0.0.1", 9)),
            lambda: udp.sendmsg([b"x"], [], 0, ("127.0.0.1", 9)),
            lambda: socket.getaddrinfo("localhost", 80),
            lambda: socket.gethostbyname("localhost"),
            lambda: socket.gethostbyaddr("127.0.0.1"),
            lambda: socket.getnameinfo(("127.0.0.1", 80), 0),
        ):
            try:
                ask()
            except PermissionError:
                print("refused")
    """
    ran = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=True
    )
    assert ran.stdout.split() == ["refused"] * 8


def test_the_engine_process_imports_nothing_of_the_network() -> None:
    code = """
        import sys
        import slmdesk.engines.child
        print(sorted({"slmdesk.net", "httpx2", "huggingface_hub", "truststore", "ssl"} & set(sys.modules)))
    """
    ran = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=True
    )
    assert ran.stdout.strip() == "[]"
