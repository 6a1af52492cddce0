#!/usr/bin/env bash
# Make an arm64 Python with this project's locked packages, run by qemu-user on another processor.
#
#   tools/arm64_environment.sh FOLDER     make it; FOLDER must not exist yet
#   FOLDER/python -m repro train            runs on the emulated processor
#   QEMU_CPU=cortex-a53 FOLDER/python ...   on another one: any of "qemu-aarch64 -cpu help"
#
# Nothing of arm64 runs while it is made, so that neither binfmt_misc nor a container is needed. The
# project itself is linked, not copied. PYTHON names the Python whose pip fetches the packages.
set -euo pipefail

SUITE=trixie
VERSION=3.13
# Where a C library of this version or a later one is needed, pip has to be told of each earlier one.
PLATFORMS=(manylinux2014_aarch64 manylinux_2_{17..41}_aarch64)

stop() {
    printf '%s\n' "$@" >&2
    exit 1
}

[[ $# == 1 && $1 != -* ]] || stop "usage: tools/arm64_environment.sh FOLDER"
[[ ! -e $1 ]] || stop "'$1' exists already: remove it, or name another folder"
for tool in mmdebstrap qemu-aarch64; do
    command -v "$tool" >/dev/null ||
        stop "'$tool' is not installed; on Debian and Ubuntu: apt install mmdebstrap qemu-user"
done
python=${PYTHON:-python3}
"$python" -c 'import sys, pip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null ||
    stop "'$python' is not Python 3.11 or later with pip: name one that is with PYTHON=..."

project=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
mkdir -p "$1"
folder=$(cd "$1" && pwd)
# Half an environment would only be mistaken for a whole one.
trap 'rm -rf "$folder"' EXIT

echo "extracting Debian $SUITE for arm64"
mmdebstrap --quiet --variant=extract --architectures=arm64 \
    --include="base-files,libstdc++6,python$VERSION" "$SUITE" "$folder/root"
# The emulator looks up each path in its root first: these are to be this machine's own.
for name in dev home proc root run sys tmp; do
    rm -rf "${folder:?}/root/$name"
done

# The folder is a virtual environment, whose interpreter is a script. Python takes the name it is
# called by for its own path, so that a program which starts it again starts the emulator again.
printf 'home = /usr/bin\ninclude-system-site-packages = false\n' >"$folder/pyvenv.cfg"
mkdir "$folder/bin"
cat >"$folder/bin/python" <<SCRIPT
#!/bin/sh
# Signed pointers by the architecture's own cipher would make everything eight times slower.
export QEMU_CPU="\${QEMU_CPU:-max,pauth-impdef=on}"
bin=\$(dirname "\$(readlink -f "\$0")")
exec qemu-aarch64 -L "\$bin/../root" -0 "\$bin/python" "\$bin/../root/usr/bin/python$VERSION" "\$@"
SCRIPT
chmod +x "$folder/bin/python"
ln -s bin/python "$folder/python"

echo "installing pinned packages"
packages=$folder/lib/python$VERSION/site-packages
pip=("$python" -m pip --disable-pip-version-check -qq install --no-compile --no-deps)
"${pip[@]}" --target "$packages" --only-binary :all: --require-hashes \
    --implementation cp --python-version "$VERSION" "${PLATFORMS[@]/#/--platform=}" \
    -r "$project/requirements.txt"
build=$folder/build
"${pip[@]}" --target "$build" --only-binary :all: --require-hashes \
    -r "$project/requirements-build.txt"
(cd "$project" && PYTHONPATH=$build "$python" -c \
    'import sys; from flit_core.buildapi import build_editable as build; build(sys.argv[1])' "$build")
"${pip[@]}" --target "$packages" --no-index "$build"/repro-*.whl
# Commands for this machine's Python, which cannot run these packages.
rm -rf "$build" "${packages:?}/bin"

"$folder/python" -c 'import repro' || stop "the new environment does not run"
trap - EXIT
echo "made '$folder/python'"
