#!/bin/sh
# Takes a Debian machine with nothing installed to a built program in build/: installs the packages of
# tests/packages.txt that are missing, configures, compiles. With --tests first, compiles the tests, too; what follows
# goes to cmake.
set -eu
cd "$(dirname "$0")/.."

packages=$(grep -v '^#' tests/packages.txt)
missing=
for package in $packages; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
done
if [ -n "$missing" ]; then
    root=
    [ "$(id -u)" = 0 ] || root=sudo
    $root apt-get update -qq
    # shellcheck disable=SC2086 # a list of words
    $root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
fi

what=postmortem
if [ "${1:-}" = --tests ]; then
    what=all
    shift
fi
cmake -S . -B build -G Ninja "$@"
cmake --build build --target "$what"
