"""The single way out to the network: one client, the offline switch, trust store, proxies, allowed hosts, a
log.

No other room opens a connection, and the audit hook of `install_guard` refuses one that does. Nothing that
the network needs is imported before it is used: a window shows without it.
"""

from slmdesk.net.guard import install_guard
from slmdesk.net.hosts import is_loopback, read_hosts
from slmdesk.net.hub_settings import keep_hub_quiet
from slmdesk.net.log import NETWORK_LOG, LogEntry, NetworkLog
from slmdesk.net.network import JsonPage, Network
from slmdesk.net.ranged import RangedFile

__all__ = [
    "NETWORK_LOG",
    "JsonPage",
    "LogEntry",
    "Network",
    "NetworkLog",
    "RangedFile",
    "install_guard",
    "is_loopback",
    "read_hosts",
]

# Here, since whoever imports the library has come through this room first: the import contract sees to it.
keep_hub_quiet()
