#!/usr/bin/env bash
# Set-up for the Makefile.
#
#   setup.sh packages NAME...            install the apt packages that are missing
#   setup.sh venv FOLDER REQUIREMENTS    make a Python environment with the pinned packages
set -euo pipefail

as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    echo "setup: neither root nor sudo; run this as root: $*" >&2
    exit 1
  fi
}

installed() {
  [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

packages() {
  if ! command -v dpkg-query >/dev/null; then
    echo "setup: no dpkg here; install the equivalents of: $*" >&2
    return
  fi
  local missing=() name
  for name in "$@"; do
    installed "$name" || missing+=("$name")
  done
  [ ${#missing[@]} = 0 ] && return
  echo "setup: installing ${missing[*]}"
  as_root apt-get update -q </dev/null
  as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get install -q -y --no-install-recommends "${missing[@]}" </dev/null
}

# Prints the first Python that is 3.11 or newer (the pinned packages have no wheels for older ones) and can make environments.
find_python() {
  local python
  for python in python3 /usr/bin/python3 python3.13 python3.12 python3.11; do
    if "$python" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      echo "$python"
      return
    fi
  done
  return 1
}

venv() {
  local folder=$1 requirements=$2 python
  python=$(find_python) || {
    packages python3 python3-venv >&2
    python=$(find_python)
  } || {
    packages python3.11 python3.11-venv >&2
    python=$(find_python)
  } || {
    echo "setup: found no Python 3.11 or newer with venv; install python3.11-venv or newer" >&2
    exit 1
  }
  rm -rf "$folder"
  "$python" -m venv "$folder"
  "$folder/bin/python" -m pip install -q --disable-pip-version-check --only-binary=:all: -r "$requirements"
}

case ${1-} in
  packages) shift && packages "$@" ;;
  venv) shift && venv "$@" ;;
  *) sed -n '2,5s/^# \{0,1\}//p' "$0" >&2 && exit 64 ;;
esac
