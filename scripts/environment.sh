# Sourced by the scripts that need a virtual environment: makes it, installs locked packages, says what is missing.
# shellcheck shell=bash

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
venv=${VETA_VENV:-$root/.venv}

say() { printf '\033[1m%s\033[0m\n' "$*" >&2; }
lacks() { printf '%s: %s\n' "$(basename "$0")" "$*" >&2; exit 2; }

# Digest of the files, to tell whether an earlier installation still fits.
digest_of() { cat "$@" | "$python" -c 'import hashlib, sys; print(hashlib.sha256(sys.stdin.buffer.read()).hexdigest())'; }

# The first Python that is supported; only where there is none, one that is newer than what was tried.
find_python() {
  local candidate most
  for most in 13 99; do
    for candidate in ${VETA_PYTHON:-} python3 python3.13 python3.12 python3.11; do
      if "$candidate" -c "import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, $most))" 2>/dev/null; then
        python=$(command -v "$candidate")
        [ "$most" = 13 ] || say "$("$python" -V) is newer than 3.13, the newest that Veta was tried on"
        return
      fi
    done
  done
  lacks "needs Python 3.11, 3.12 or 3.13 (as python3 on the PATH, or its path in VETA_PYTHON)"
}

# install_locked NAME: the packages of requirements/NAME.txt and Veta itself into the virtual environment.
install_locked() {
  local wanted=$1 stamp="$venv/.veta-$1" files digest
  find_python
  files=("$root/requirements/$wanted.txt" "$root/requirements/build.txt" "$root/pyproject.toml")
  digest=$(digest_of "${files[@]}")-$("$python" -V | tr ' ' '-')
  if [ "$(cat "$stamp" 2>/dev/null)" = "$digest" ]; then return; fi
  if [ ! -x "$venv/bin/python" ]; then
    say "Making a virtual environment in ${venv#"$root"/}"
    "$python" -m venv "$venv" >&2 || lacks "cannot make a virtual environment (on Debian: apt install python3-venv)"
  fi
  say "Installing the locked packages of requirements/$wanted.txt (about a minute the first time)"
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes --progress-bar off \
    -r "$root/requirements/$wanted.txt" -r "$root/requirements/build.txt" >&2 \
    || lacks "cannot install the packages of requirements/$wanted.txt (is a package index reachable?)"
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --no-index \
    -e "$root" >&2 || lacks "cannot install Veta itself into ${venv#"$root"/}"
  printf '%s' "$digest" > "$stamp"
}
