#!/bin/sh
# Run a command in a tree, with the folders that training needs, in namespaces of its
# own ("unshare --mount --pid --fork --kill-child"), which take every mount with them.
#
#   chroot.sh TREE PROJECT MATRIX WHEELS CELL COMMAND...    /project, /matrix and so on inside,
#                                                           and TMPDIR as /tmp
set -eu
PATH=$PATH:/usr/sbin:/sbin
tree=$1

mount -t proc proc "$tree/proc"
mount --rbind /dev "$tree/dev"
for name in project matrix wheels cell; do
    shift
    mkdir -p "$tree/$name"
    mount --bind "$1" "$tree/$name"
    [ "$name" = cell ] || mount -o remount,bind,ro "$tree/$name"
done
shift
mount --bind "$TMPDIR" "$tree/tmp"
exec chroot "$tree" env -i PATH=/usr/bin:/bin HOME=/cell LANG=C.UTF-8 "$@"
