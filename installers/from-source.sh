#!/bin/sh
# From a checkout on a bare Debian 12+ or Ubuntu 24.04+ to a running application, or to passed tests.
#
#   sh installers/from-source.sh run  [ARGUMENTS...]   install everything, then start `slmdesk ARGUMENTS`
#   sh installers/from-source.sh test [ARGUMENTS...]   install everything, then run `pytest ARGUMENTS`, or all tests
#
# Needs python3 (3.11 or later) and root or sudo for the Debian packages. llama-cpp-python is compiled here:
# about 6 minutes on two cores, once. The virtual environment is .venv in the checkout, or SLMDESK_VENV.
set -eu

usage() {
  echo "usage: sh installers/from-source.sh run|test [ARGUMENTS...]" >&2
  exit 2
}
fail() {
  echo "$*" >&2
  exit 1
}

[ $# -ge 1 ] || usage
what=$1
shift

# What the window needs (Qt and its X11 plugin), and what compiles llama-cpp-python (pip brings cmake and ninja).
packages="python3-venv g++ libegl1 libgl1 libglib2.0-0 libfontconfig1 libxkbcommon0 libdbus-1-3
  libxcb-cursor0 libxcb-icccm4 libxcb-keysyms1 libxcb-shape0 libxkbcommon-x11-0"
case $what in
  run) extras=starter ;;
  test) extras=starter,test packages="$packages xvfb xauth" ;;
  *) usage ;;
esac

cd "$(dirname "$0")/.."
venv=${SLMDESK_VENV:-.venv}

command -v python3 >/dev/null || fail "Python 3.11 or later is needed; install python3 first."
python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
  fail "Python 3.11 or later is needed; $(python3 --version) is installed."

is_installed() { dpkg-query -W -f='${Status}' "$1" 2>/dev/null | grep -q 'ok installed'; }

missing_packages() {
  for package in $packages; do
    # Ubuntu 24.04 and Debian 13 renamed some libraries (libglib2.0-0t64); apt takes the old name for them.
    is_installed "$package" || is_installed "${package}t64" || echo "$package"
  done
}

if ! command -v apt-get >/dev/null; then
  echo "This system has no apt-get. README names what is needed: a C++ compiler and Qt's libraries. Going on." >&2
else
  missing=$(missing_packages)
  if [ -n "$missing" ]; then
    as_root=
    if [ "$(id -u)" -ne 0 ]; then
      command -v sudo >/dev/null || fail "Run this as root, or install sudo; these packages are missing:" $missing
      as_root=sudo
    fi
    $as_root apt-get update -qq
    # shellcheck disable=SC2086 # a list of names
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing
  fi
fi

# An environment without pip, or of another Python, is left over from something that failed.
"$venv/bin/python" -c 'import sys, pip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null ||
  python3 -m venv --clear "$venv"

# What is installed already is not asked for again: a second start needs no network.
wanted="$(cksum <pyproject.toml) $(pwd) $("$venv/bin/python" --version)"
stamp=$venv/installed-$what
if [ "$(cat "$stamp" 2>/dev/null)" != "$wanted" ]; then
  echo "Installing into $venv. The first time takes some minutes: llama.cpp is compiled for this computer." >&2
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --editable ".[$extras]"
  printf '%s' "$wanted" >"$stamp"
fi

case $what in
  run) exec "$venv/bin/slmdesk" "$@" ;;
  test)
    # All of them: two at a time, for most wait for a window or an engine. Those of one file share a loaded model.
    [ $# -gt 0 ] || set -- --numprocesses=2 --dist=loadfile
    exec "$venv/bin/python" -m pytest "$@"
    ;;
esac
