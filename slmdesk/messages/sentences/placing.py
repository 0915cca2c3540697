"""Why a model runs where it runs, and why a graphics processor is not used.

Keys that begin with `placed-` say where and why in one sentence. Errors that begin with `gpu-` or `device-`
tell of a graphics processor that is here or was asked for and is not used.
"""

from slmdesk.messages.sentences.texts import N_, ErrorText, Plural

SENTENCES: dict[str, str | Plural] = {
    # On the processor.
    "placed-cpu-no-gpu": N_("Runs on the processor: no graphics processor was found."),
    "placed-cpu-chosen": N_("Runs on the processor: it was chosen in the settings."),
    "placed-cpu-chosen-for-model": N_("Runs on the processor: it was chosen for this model."),
    "placed-cpu-policy": N_("Runs on the processor: an administrator has fixed it."),
    "placed-cpu-integrated": N_(
        "Runs on the processor: {device} shares the computer's memory and is rarely faster, so it is used "
        "only where it is chosen."
    ),
    "placed-cpu-software": N_("Runs on the processor: {device} only imitates a graphics processor."),
    "placed-cpu-build": N_("Runs on the processor: this build of {engine} cannot use {device}."),
    "placed-cpu-no-path": N_("Runs on the processor: {engine} cannot use {device} on this system."),
    "placed-cpu-driver": N_("Runs on the processor: the driver of {device} cannot be used."),
    "placed-cpu-not-seen": N_("Runs on the processor: {engine} does not see {device}."),
    "placed-cpu-memory": N_(
        "Runs on the processor: the free memory of {device} is too small for this model."
    ),
    "placed-cpu-device-missing": N_("Runs on the processor: the device {device} is not there."),
    "placed-cpu-device-missing-several": N_("Runs on the processor: the devices {device} are not there."),
    "placed-cpu-engine": N_("Runs nowhere yet: {engine} does not work on this computer."),
    "placed-nowhere-off": N_("Runs nowhere: {engine} is switched off in the settings."),
    # On a device.
    "placed-gpu": N_("Runs on {device}, the best graphics processor that {engine} can use here."),
    "placed-gpu-whole": N_("Runs on {device}: the whole model fits into its memory."),
    "placed-gpu-part": N_("Runs on {device} with {layers} of {total} layers: its memory holds no more."),
    "placed-gpu-split": N_("Runs on {device}: the model is too large for one of them."),
    "placed-gpu-split-part": N_(
        "Runs on {device} with {layers} of {total} layers: their memory together holds no more."
    ),
    "placed-gpu-layers": N_("Runs on {device} with as many layers as were chosen."),
    "placed-gpu-chosen": N_("Runs on {device}: it was chosen in the settings."),
    "placed-gpu-chosen-for-model": N_("Runs on {device}: it was chosen for this model."),
    "placed-gpu-policy": N_("Runs on {device}: an administrator has fixed it."),
    "placed-gpu-chosen-part": N_(
        "Runs on {device}, chosen in the settings, with {layers} of {total} layers: its memory holds no more."
    ),
    "placed-gpu-chosen-for-model-part": N_(
        "Runs on {device}, chosen for this model, with {layers} of {total} layers: its memory holds no more."
    ),
    "placed-gpu-policy-part": N_(
        "Runs on {device}, fixed by an administrator, with {layers} of {total} layers: its memory holds no "
        "more."
    ),
}

_CANNOT_LOAD = N_("the model {file} cannot be loaded")
_NOT_WITH_THESE = N_("the model cannot be loaded with these options")
_NOT_USED = N_("{device} is not used")
_SEVERAL_NOT_USED = N_("{device} are not used")
_AS_MANY_AS_FIT_OR_DRIVER = N_(
    "Set the layers on the device back to as many as fit (“gpu_layers”: -1 in the file of the settings), or "
    "install the driver of the graphics processor and restart the computer"
)
_LESS_ON_DEVICE = N_(
    "Place fewer layers on it, choose a shorter context length or a smaller KV cache type, or run the model "
    "on the processor"
)

ERRORS: dict[str, ErrorText] = {
    # Raised while a model is loaded.
    "device-unknown": ErrorText(
        _NOT_WITH_THESE,
        N_("there is no device “{device}”; there are: {devices}"),
        N_("Choose one of these devices, or the processor"),
    ),
    "device-unknown-none": ErrorText(
        _NOT_WITH_THESE,
        N_("there is no device “{device}”: this {engine} sees none besides the processor"),
        N_("Choose the processor; “slmdesk doctor” tells why no graphics processor is seen"),
        N_("Choose the processor"),
    ),
    "tensor-split-does-not-fit": ErrorText(
        _NOT_WITH_THESE,
        N_("the shares of the devices must be numbers from 0 on, one for each of the {count} devices"),
        N_("Give one share for each device, or none at all"),
    ),
    "gpu-not-used": ErrorText(
        _CANNOT_LOAD,
        N_("it was to run on {device}, and {engine} placed nothing there"),
        N_("Place more layers on it, or choose another device or the processor"),
    ),
    "device-memory-too-small": ErrorText(
        _CANNOT_LOAD, N_("{device} does not have the {needed_memory} that it needs there"), _LESS_ON_DEVICE
    ),
    "device-memory-too-small-unsaid": ErrorText(
        _CANNOT_LOAD, N_("the memory of {device} does not suffice"), _LESS_ON_DEVICE
    ),
    # Shown with a model that runs nevertheless, on the processor.
    "gpu-build-without": ErrorText(
        _NOT_USED,
        N_("the installed {engine} was built without support for it"),
        N_("Install a build that has it: {command}"),
    ),
    "gpu-no-path": ErrorText(
        _NOT_USED,
        N_("{engine} has no way to use it on this system"),
        N_("Choose a model of another engine, or go on with the processor"),
    ),
    "gpu-driver-old": ErrorText(
        _NOT_USED,
        N_("its driver {driver} runs CUDA {cuda}, and {engine} needs CUDA {needed} or later"),
        N_("Install a newer NVIDIA driver, then restart the computer"),
    ),
    "gpu-card-old": ErrorText(
        _NOT_USED,
        N_("its compute capability is {capability}, and {engine} needs {needed} or later"),
        N_("Choose a model of another engine, or go on with the processor"),
    ),
    "gpu-driver-silent": ErrorText(
        _NOT_USED,
        N_("its driver is not running"),
        N_("Install the driver of its maker, or restart the computer if it was just installed"),
    ),
    "gpu-driver-mismatch": ErrorText(
        _NOT_USED, N_("its driver was updated while it was in use"), N_("Restart the computer")
    ),
    "gpu-driver-free": ErrorText(
        _NOT_USED,
        N_("it runs on a driver that has no CUDA"),
        N_("Install the driver of NVIDIA, then restart the computer"),
    ),
    "gpu-driver-broken": ErrorText(
        _NOT_USED,
        N_("its driver reports an error"),
        N_("Run “slmdesk doctor” to see the error; installing the driver again mends most of them"),
        N_("See the error in the notes about this computer; installing the driver again mends most of them"),
    ),
    "gpu-hidden": ErrorText(
        _NOT_USED,
        N_("nothing of its driver can be reached from here"),
        N_("Install its driver; in a container, start the container with access to the GPU"),
    ),
    "gpu-off": ErrorText(
        _NOT_USED, N_("it is switched off in the system"), N_("Switch it on in the Device Manager")
    ),
    "gpu-refused": ErrorText(
        _NOT_USED,
        N_("you may not compute on it"),
        N_(
            "Join the groups render and video and log in again; in a container, start the container with "
            "access to the GPU"
        ),
    ),
    "gpu-not-seen": ErrorText(
        _NOT_USED,
        N_("{engine} does not see it with {backend}, although its driver is there"),
        N_(
            "Update its driver, check that no variable such as {variable} hides it, then run “slmdesk doctor”"
        ),
        N_("Update its driver, check that no variable such as {variable} hides it, then run this again"),
    ),
    "gpu-memory-too-small": ErrorText(
        _NOT_USED,
        N_("it has {free_memory} of memory free, too little for this model"),
        N_("Close programs that use it, or choose a smaller model or a shorter context length"),
    ),
    "gpu-memory-too-small-several": ErrorText(
        _SEVERAL_NOT_USED,
        N_("together they have {free_memory} of memory free, too little for this model"),
        N_("Close programs that use them, or choose a smaller model or a shorter context length"),
    ),
    "gpu-none": ErrorText(
        N_("no graphics processor is used"),
        N_("one was asked for, and this computer has none that was found"),
        N_("Choose the processor, or install the driver of the graphics processor and restart the computer"),
    ),
    "gpu-none-for-layers": ErrorText(
        N_("no graphics processor is used"),
        N_("layers are to be placed on one, and this computer has none that was found"),
        _AS_MANY_AS_FIT_OR_DRIVER,
    ),
    "gpu-layers-integrated": ErrorText(
        _NOT_USED,
        N_(
            "layers are to be placed on a graphics processor, and one that shares the computer's memory is "
            "used only where it is chosen"
        ),
        N_(
            "Choose it as the device, or set the layers on the device back to as many as fit (“gpu_layers”: "
            "-1 in the file of the settings)"
        ),
    ),
    "gpu-only-software": ErrorText(
        N_("no graphics processor is used"),
        N_("one was asked for, and {device} only imitates one"),
        N_("Choose the processor, or install the driver of the graphics processor and restart the computer"),
    ),
    "gpu-gone": ErrorText(
        _NOT_USED,
        N_("{engine} sees no such device; it sees: {devices}"),
        N_("Check that it is connected and switched on, or choose one of the devices that are there"),
    ),
    "gpu-gone-several": ErrorText(
        _SEVERAL_NOT_USED,
        N_("{engine} sees no such devices; it sees: {devices}"),
        N_("Check that they are connected and switched on, or choose one of the devices that are there"),
    ),
    "gpu-gone-none": ErrorText(
        _NOT_USED,
        N_("{engine} sees no device besides the processor"),
        N_("Check that it is connected and switched on, or choose the processor"),
    ),
    "gpu-gone-none-several": ErrorText(
        _SEVERAL_NOT_USED,
        N_("{engine} sees no device besides the processor"),
        N_("Check that they are connected and switched on, or choose the processor"),
    ),
    "gpu-engine-broken": ErrorText(
        N_("no graphics processor is used"),
        N_("{engine} does not work on this computer"),
        N_("Run “slmdesk doctor” to see what is missing"),
        N_("See what is said of the engine itself"),
    ),
}
