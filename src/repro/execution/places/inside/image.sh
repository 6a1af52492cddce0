#!/bin/sh
# Run a command in an image of any distribution, which is given the packages that it needs first.
#
#   image.sh [PACKAGE...] -- COMMAND...
set -eu
packages=
while [ "$1" != -- ]; do
    packages="$packages $1"
    shift
done
shift

if [ -n "$packages" ]; then
    if command -v apt-get >/dev/null; then
        export DEBIAN_FRONTEND=noninteractive
        apt-get update -qq
        # shellcheck disable=SC2086
        apt-get install -y -qq --no-install-recommends $packages >/dev/null
    else
        # shellcheck disable=SC2086
        dnf install -y -q $packages
    fi
fi
exec "$@"
