"""The native library: importing it with its telemetry off and its log where this process's own goes.

Everything native goes through `og`. Importing this module loads the libraries, so it is imported in the
engine process only.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import onnxruntime
import onnxruntime_genai as genai
from onnxruntime_genai import onnxruntime_genai as binding

og: Any = binding
"""ONNX Runtime GenAI's classes and functions, untyped: the package brings no types."""

runtime: Any = onnxruntime
"""ONNX Runtime's own module, which knows about devices."""

# Before anything else: some builds send events.
runtime.disable_telemetry_events()
og.disable_telemetry_events()
# To standard error, where the library writes by itself; standard output belongs to the command line.
og.set_log_options(enabled=True, warning=True, ansi_tags=False)

RUNTIME_ERRORS: tuple[type[Exception], ...] = (
    RuntimeError,
    *(
        one
        for one in vars(onnxruntime.capi.onnxruntime_pybind11_state).values()
        if isinstance(one, type) and issubclass(one, Exception)
    ),
)
"""What the C++ exceptions of both libraries arrive as."""

package_version: str = genai.__version__
package_name: str = genai.__id__
"""Which of the packages that install this module it came from: the last one installed."""
library_folder: str = str(Path(genai.__file__).parent)
