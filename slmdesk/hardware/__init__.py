"""What this computer has: processor, memory, graphics, disks, and how much this program may use."""

from slmdesk.hardware.computer import Computer, Family, describe_computer
from slmdesk.hardware.disk import disk_free_bytes
from slmdesk.hardware.gpu import Gpu, GpuVendor
from slmdesk.hardware.memory import MemoryFacts, memory_limits
from slmdesk.hardware.processor import cpu_name, default_threads, logical_cores, physical_cores

__all__ = [
    "Computer",
    "Family",
    "Gpu",
    "GpuVendor",
    "MemoryFacts",
    "cpu_name",
    "default_threads",
    "describe_computer",
    "disk_free_bytes",
    "logical_cores",
    "memory_limits",
    "physical_cores",
]
