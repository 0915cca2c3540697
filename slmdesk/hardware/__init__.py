"""What this computer has: processor, memory, and how much of both this program may use."""

from slmdesk.hardware.computer import Computer, describe_computer
from slmdesk.hardware.memory import MemoryFacts, memory_limits
from slmdesk.hardware.processor import cpu_name, default_threads, logical_cores, physical_cores

__all__ = [
    "Computer",
    "MemoryFacts",
    "cpu_name",
    "default_threads",
    "describe_computer",
    "logical_cores",
    "memory_limits",
    "physical_cores",
]
