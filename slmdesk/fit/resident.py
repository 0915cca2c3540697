"""What of a model is really in the computer's memory once its context is full. Pure.

The peak of the engine's process is the sum of what is touched:

- The **process**: Python, the libraries, the drivers, the model's vocabulary and the plan of its graph. It is
  measured, not guessed: a simulated load builds all of it in the same process, without weights and buffers.
- **Weights** on the processor. The file is mapped into memory and read ahead whole, so every page from the
  first tensor to the last is there. Tensors that are repacked for the processor are there twice.
- The **KV cache**: llama.cpp writes zeros over all of it when it is made, so it is there from the beginning;
  a full context adds nothing.
- **Compute**: what a whole batch at the end of the context needs. The engine asks for one row of logits at a
  time and has room for no more (`n_outputs_max`), so a long prompt touches what is reserved. Without that,
  the reserve would hold batch x vocabulary x 4 bytes which no chat ever touches.
- **Output**: that row of logits.

What lies on other devices is no part of it. Left out: Python's own lists of tokens and text (some hundred
bytes a token), and threads' stacks.
"""

from __future__ import annotations

from slmdesk.engines import PROCESSOR, SimulatedLoad


def resident_peak(load: SimulatedLoad) -> int:
    """Bytes of the computer's own memory that the engine's process has at most, its context filled."""
    own = sum(one.total for one in load.reserved if one.device == PROCESSOR)
    return load.runtime_bytes + own
