"""What keeps this computer's hardware from being known or used."""

from slmdesk.messages.sentences.texts import N_, ErrorText, Plural

ERRORS: dict[str, ErrorText] = {}

SENTENCES: dict[str, str | Plural] = {
    "hardware-probe-late": N_("{probe} gave no answer."),
    "hardware-probe-failed": N_("{probe} could not be asked: {reason}"),
    "nvidia-driver-silent": N_(
        "The NVIDIA driver is not running. Install it, or restart the computer if it was just installed."
    ),
    "nvidia-driver-mismatch": N_("The NVIDIA driver was updated while in use. Restart the computer."),
    "nvidia-no-device": N_("The NVIDIA driver finds no GPU."),
    "nvidia-smi-failed": N_("The NVIDIA driver reports: {reason}"),
    "nvidia-smi-missing": N_(
        "{name} is here, but nvidia-smi is not, so its memory and CUDA version are unknown. It comes with the"
        " NVIDIA driver; in a container, the container must be given the GPU."
    ),
    "nvidia-free-driver": N_(
        "{name} runs on the driver {driver}, which has no CUDA. Install the driver of NVIDIA to use CUDA."
    ),
    "gpu-without-driver": N_(
        "No driver that could use {name} is loaded. Install its driver, then restart the computer."
    ),
    "gpu-refused": N_(
        "You may not compute on {name}. Join the groups render and video and log in again; in a container,"
        " the container must be given the GPU."
    ),
    "gpu-switched-off": N_("{name} is switched off in the Device Manager."),
    "gpu-stopped": N_("{name} was stopped by Windows (code {code}). Install its driver again."),
}
