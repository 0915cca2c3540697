"""What net says: why nothing came from a server, and the settings about it."""

from slmdesk.messages.sentences.texts import N_, NP_, ErrorText, Plural

SENTENCES: dict[str, str | Plural] = {
    "setting-offline": N_("Offline"),
    "setting-allowed-hosts": N_("More hosts that may be asked"),
    "setting-loopback-when-offline": N_("Ask other programs on this computer when offline"),
    "offline-by-switch": N_("SLM Desk is switched to offline"),
    "offline-by-variable": N_("the environment variable {variable} says offline"),
    "network-why-unknown": N_("Another version of SLM Desk asked"),
}

_NOT_ASKED = N_("nothing was asked of {host}")
_NO_ANSWER = N_("there is no answer from {host}")
_NOT_GIVEN = N_("{host} does not give access to the files of {repo}")
_TRY_LATER = N_("Try again later")
_CHECK_CONNECTION = N_("Check the connection of this computer to the internet, then try again")
_ASK_ADMINISTRATOR = N_("Ask whoever looks after your network which proxy to use, and set it in the system")

ERRORS: dict[str, ErrorText] = {
    "network-offline": ErrorText(
        what=_NOT_ASKED,
        why=N_("SLM Desk is switched to offline"),
        do=N_("Switch “Offline” off in the settings, then try again"),
    ),
    "network-offline-variable": ErrorText(
        what=_NOT_ASKED,
        why=N_("the environment variable {variable} says offline"),
        do=N_("Remove the variable {variable}, then start SLM Desk again"),
    ),
    "network-host-not-allowed": ErrorText(
        what=_NOT_ASKED,
        why=N_("it is not one of the hosts that SLM Desk may ask"),
        do=N_("If you trust it, add it to the allowed hosts in the settings"),
    ),
    "network-insecure": ErrorText(
        what=_NOT_ASKED,
        why=N_("the connection to it would not be encrypted"),
        do=N_("Use an address that begins with https"),
    ),
    "network-bad-endpoint": ErrorText(
        what=N_("the Hub cannot be asked"),
        why=N_("“{address}”, the value of the variable HF_ENDPOINT, is not the address of a server"),
        do=N_("Set it to an address such as https://huggingface.co, or remove it, then start SLM Desk again"),
    ),
    "network-no-connection": ErrorText(
        what=N_("{host} cannot be reached"),
        why=N_("the system says “{reason}”"),
        do=_CHECK_CONNECTION,
    ),
    "network-name-not-found": ErrorText(
        what=N_("{host} cannot be reached"),
        why=N_("its name cannot be looked up, so this computer may have no connection to the internet"),
        do=_CHECK_CONNECTION,
    ),
    "network-certificate": ErrorText(
        what=N_("the connection to {host} is not trusted"),
        why=N_("its certificate cannot be verified: {reason}"),
        do=N_(
            "Check the date of this computer. If your company inspects connections, have its certificate"
            " installed in the system"
        ),
    ),
    "network-encryption": ErrorText(
        what=N_("no encrypted connection to {host} can be made"),
        why=N_("the system says “{reason}”"),
        do=N_("Check whether something in between, a proxy for example, changes the connection"),
    ),
    "network-proxy-unreachable": ErrorText(
        what=N_("{host} cannot be reached"),
        why=N_("the proxy {proxy} does not answer"),
        do=_ASK_ADMINISTRATOR,
    ),
    "network-proxy-refused": ErrorText(
        what=N_("{host} cannot be reached"),
        why=N_("the proxy {proxy} refuses the connection: {reason}"),
        do=_ASK_ADMINISTRATOR,
    ),
    "network-proxy-unusable": ErrorText(
        what=N_("{host} cannot be reached"),
        why=N_("SLM Desk cannot use a proxy whose address begins with “{scheme}”"),
        do=N_("Set the address of an HTTP proxy, for example in the variable HTTPS_PROXY"),
    ),
    "network-timed-out": ErrorText(
        what=_NO_ANSWER,
        why=N_("it took too long"),
        do=_CHECK_CONNECTION,
    ),
    "network-broken-off": ErrorText(
        what=N_("the answer of {host} is not complete"),
        why=N_("the connection broke off"),
        do=N_("Try again"),
    ),
    "network-server-error": ErrorText(
        what=_NO_ANSWER,
        why=N_("the server has a problem of its own (status {status})"),
        do=_TRY_LATER,
    ),
    "network-busy": ErrorText(
        what=_NO_ANSWER,
        why=NP_(
            "it was asked too often and wants a pause of {seconds} second",
            "it was asked too often and wants a pause of {seconds} seconds",
            "seconds",
        ),
        do=N_("Wait that long, then try again"),
    ),
    "network-busy-minutes": ErrorText(
        what=_NO_ANSWER,
        why=NP_(
            "it was asked too often and wants a pause of {minutes} minute",
            "it was asked too often and wants a pause of {minutes} minutes",
            "minutes",
        ),
        do=N_("Wait that long, then try again"),
    ),
    "network-busy-hours": ErrorText(
        what=_NO_ANSWER,
        why=NP_(
            "it was asked too often and wants a pause of {hours} hour",
            "it was asked too often and wants a pause of {hours} hours",
            "hours",
        ),
        do=N_("Wait that long, then try again"),
    ),
    "network-refused": ErrorText(
        what=N_("{host} does not give what was asked for"),
        why=N_("it refuses with status {status}"),
        do=N_("Try again later, or choose another model"),
    ),
    "network-token-refused": ErrorText(
        what=N_("{host} does not give what was asked for"),
        why=N_("it does not accept your access token"),
        do=N_("Make a new token on the page of your account there, then give that one"),
    ),
    "network-gated-no-token": ErrorText(
        what=_NOT_GIVEN,
        why=N_(
            "its publisher wants people to log in and accept its terms first, and SLM Desk cannot log in yet"
        ),
        do=N_("Accept the terms on the model's page and download its files there, or choose another model"),
    ),
    "network-gated-not-accepted": ErrorText(
        what=_NOT_GIVEN,
        why=N_("you have not accepted its terms yet"),
        do=N_("Accept the terms on the model's page, then try again"),
    ),
    "network-gated-waiting": ErrorText(
        what=_NOT_GIVEN,
        why=N_("its publisher has not decided about your request yet"),
        do=N_("Wait until the publisher has, or choose another model"),
    ),
    "network-gated-denied": ErrorText(
        what=_NOT_GIVEN,
        why=N_("its publisher has turned your request down"),
        do=N_("Choose another model"),
    ),
    "network-not-found": ErrorText(
        what=N_("{host} has no “{what}”"),
        why=N_("it was removed or renamed, or it is private"),
        do=N_("Search for it again, or choose another model"),
    ),
    "network-bad-name": ErrorText(
        what=_NOT_ASKED,
        why=N_("the name given cannot be the name of a model there"),
        do=N_("Write it as PUBLISHER/MODEL"),
    ),
    "network-file-changed": ErrorText(
        what=N_("a file at {host} cannot be read to its end"),
        why=N_("it has changed there meanwhile"),
        do=N_("Refresh the list of models, then try again"),
    ),
    "network-no-ranges": ErrorText(
        what=N_("only the beginning of a file at {host} can be read"),
        why=N_("the server does not give single parts of files"),
        do=N_("Use another address for the Hub, or download the whole file"),
    ),
    "network-too-large": ErrorText(
        what=N_("the answer of {host} was not read to its end"),
        why=N_("it is larger than {limit_bytes}"),
        do=N_("Choose another model, or ask for less at once"),
    ),
    "network-page-instead": ErrorText(
        what=N_("the answer is not from {host}"),
        why=N_("a web page came instead, for example the log-in page of a public network"),
        do=N_("Open any page in your browser and log in to the network, then try again"),
    ),
    "network-unexpected-answer": ErrorText(
        what=N_("the answer of {host} cannot be understood"),
        why=N_("it is not what the Hub answers"),
        do=N_(
            "If the variable HF_ENDPOINT is set, check it; otherwise check whether a proxy changes answers"
        ),
    ),
}
