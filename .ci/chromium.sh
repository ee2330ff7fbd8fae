#!/bin/sh
# The browser for the browser test and the screenshots: Debian's, installed here where that is possible.
set -eu

if command -v chromium >/dev/null; then
    exit 0
fi
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    export DEBIAN_FRONTEND=noninteractive
    apt-get -qq update && apt-get -qq install -y --no-install-recommends chromium >/dev/null && exit 0
fi
echo "No chromium on the PATH, so the browser test is left out. To install it: sudo apt-get install chromium" >&2
[ "${CI:-}" != true ]
