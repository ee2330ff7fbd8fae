#!/bin/sh
# Makes .venv with the Python that is named; Debian keeps what that takes in a package of its own.
set -eu

"$1" -m venv .venv && exit 0
rm -rf .venv
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    export DEBIAN_FRONTEND=noninteractive
    apt-get -qq update && apt-get -qq install -y --no-install-recommends python3-venv >/dev/null
    exec "$1" -m venv .venv
fi
echo "Python cannot make a virtual environment. On Debian: sudo apt-get install python3-venv" >&2
exit 1
