#!/bin/sh
# From a checkout on a bare Debian 12+ or Ubuntu 24.04+ to a running application, or to passed tests.
#
#   sh installers/from-source.sh run  [ARGUMENTS...]   install everything, then start `slmdesk ARGUMENTS`
#   sh installers/from-source.sh test [ARGUMENTS...]   install everything, then run `pytest ARGUMENTS`
#
# Needs python3 (3.11 or later) and root or sudo for the Debian packages. llama-cpp-python is compiled here:
# about 6 minutes on two cores, once. The virtual environment is .venv in the checkout, or SLMDESK_VENV.
set -eu

cd "$(dirname "$0")/.."
venv=${SLMDESK_VENV:-.venv}

# What the window needs (Qt and its X11 plugin), and what compiles llama-cpp-python (pip brings cmake and ninja).
packages="python3-venv g++ libegl1 libgl1 libglib2.0-0 libfontconfig1 libxkbcommon0 libdbus-1-3
  libxcb-cursor0 libxcb-icccm4 libxcb-keysyms1 libxcb-shape0 libxkbcommon-x11-0"

usage() { sed -n '4,5p' "$0" >&2; exit 2; }

[ $# -ge 1 ] || usage
what=$1
shift
case $what in
  run) extras=starter ;;
  test) extras=starter,test; packages="$packages xvfb xauth" ;;
  *) usage ;;
esac

missing() {
  command -v dpkg-query >/dev/null || return 1
  for package in $packages; do
    # A package that only provides the name (libglib2.0-0 on Ubuntu) counts too, so ask apt where dpkg does not know it.
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || return 0
  done
  return 1
}

if ! command -v apt-get >/dev/null; then
  echo "This system has no apt-get. Install a C++ compiler, Python's venv module and Qt's libraries yourself;" >&2
  echo "README names them. Going on without." >&2
elif missing; then
  as_root=
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || { echo "Run this as root, or install sudo: Debian packages are missing." >&2; exit 1; }
    as_root=sudo
  fi
  $as_root apt-get update -qq
  # shellcheck disable=SC2086 # a list of names
  $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $packages
fi

[ -x "$venv/bin/python" ] || python3 -m venv "$venv"
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --editable ".[$extras]"

case $what in
  run) exec "$venv/bin/slmdesk" "$@" ;;
  test) exec "$venv/bin/python" -m pytest "$@" ;;
esac
