# Sourced by the scripts of this folder: where things are, and the command they share.
# shellcheck shell=bash
# shellcheck disable=SC2034

version=1.13.15
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
tools=$root/.tools
geth=$tools/geth-$version/geth
no_engine="go-ethereum $version is needed: install Go 1.21 or newer (https://go.dev/dl), then run this again"

# devnet COMMAND ...: `veta devnet`, from the folder that the person is in. --dir defaults to ./veta-devnet.
devnet() {
  . "$root/scripts/environment.sh"
  install_locked run
  if [ -z "${VETA_GETH:-}" ] && [ -x "$geth" ]; then export VETA_GETH=$geth; fi
  exec "$venv/bin/python" -m veta.cli.main devnet "$@"
}
