"""AMX is left alone exactly where a virtual machine announces it to a library that would use it."""

from __future__ import annotations

import pytest

from slmdesk.engines.llama_cpp.amx import leave_amx_alone

WITH_AMX = "CPU : AVX2 = 1 | AVX512 = 1 | AMX_INT8 = 1 | LLAMAFILE = 1 | REPACK = 1 | "
WITHOUT_AMX = "CPU : AVX2 = 1 | AVX512 = 1 | LLAMAFILE = 1 | REPACK = 1 | "


def cpuinfo(flags: str) -> str:
    return f"processor\t: 0\nmodel name\t: A Processor\nflags\t\t: fpu vme {flags}\nbugs\t\t: x\n"


@pytest.mark.parametrize(
    ("system_info", "text", "alone"),
    [
        (WITH_AMX, cpuinfo("hypervisor avx2 amx_bf16 amx_tile amx_int8"), True),
        (WITHOUT_AMX, cpuinfo("hypervisor avx2 amx_bf16 amx_tile amx_int8"), False),
        (WITH_AMX, cpuinfo("avx2 amx_bf16 amx_tile amx_int8"), False),
        (WITH_AMX, cpuinfo("hypervisor avx2"), False),
        (WITH_AMX, "", False),
        ("", cpuinfo("hypervisor amx_tile"), False),
    ],
)
def test_amx_is_left_alone_where_it_is_not_to_be_trusted(system_info: str, text: str, alone: bool) -> None:
    assert leave_amx_alone(system_info, text) is alone
