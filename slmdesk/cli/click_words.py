"""click's own words that a person can meet here, listed so that they are extracted and translated too.

click brings no translations; it looks its words up in the catalogue that `main` points it to.
"""

from slmdesk.messages import N_, NP_

WORDS = (
    N_("Usage:"),
    N_("Options"),
    N_("Commands"),
    N_("Show this message and exit."),
    N_("Show the version and exit."),
    N_("Error: {message}"),
    N_("Try '{command} {option}' for help."),
    N_("Invalid value: {message}"),
    N_("Invalid value for {param_hint}: {message}"),
    N_("Missing argument"),
    N_("Missing option"),
    N_("Missing command."),
    N_("No such option {name!r}."),
    N_("No such command {name!r}."),
    N_("Option {name!r} does not take a value."),
    N_("{value} is not in the range {range}."),
)

PLURALS = (
    NP_("{value!r} is not {choice}.", "{value!r} is not one of {choices}.", "choices"),
    NP_("Got unexpected extra argument ({args})", "Got unexpected extra arguments ({args})", "args"),
    NP_("Option {name!r} requires an argument.", "Option {name!r} requires {nargs} arguments.", "nargs"),
    NP_("Did you mean {possibility}?", "(Did you mean one of: {possibilities}?)", "possibilities"),
)
