"""What the installed llama.cpp is, what it was built for, and which devices it sees."""

from __future__ import annotations

from slmdesk.engines.protocol import Build


def build_info() -> Build:
    """Look at the installed library and its devices. Loads the library; raises what importing it raises.

    Only in a child process: a driver may end it.
    """
    from slmdesk.engines.llama_cpp import devices, native

    return Build(
        version=engine_version(),
        library=str(native.library_file("llama")),
        devices=devices.list_devices(),
        package="llama-cpp-python",
        backends=devices.list_backends(),
    )


def engine_version() -> str:
    """The versions of llama.cpp and of the Python package that brings it, for people."""
    from slmdesk.engines.llama_cpp import native

    own = native.lib.llama_version().decode("utf-8", "replace")
    return f"{own} (llama-cpp-python {native.package_version})"
