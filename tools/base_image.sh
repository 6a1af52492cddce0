#!/usr/bin/env bash
# Make a base image from Debian where no registry of images can be reached, and serve it by digest.
#
#   tools/base_image.sh start FOLDER      make it, serve it, and print the reference for BASE=
#   tools/base_image.sh stop FOLDER       end the server; the image stays in FOLDER
#
# It stands in for python:3.13-slim-trixie: the same Debian and the same Python, by the packages of
# Debian. Two machines that see the same state of its archive make the same bits. MIRROR names
# another archive than Debian's own, and PORT a port other than any that is free.
set -euo pipefail
shopt -s inherit_errexit

SUITE=trixie
PACKAGES=python3,python3-venv,ca-certificates
export SOURCE_DATE_EPOCH=1767225600 LC_ALL=C
umask 022

stop() {
    printf '%s\n' "$@" >&2
    exit 3
}

usage() {
    echo "usage: tools/base_image.sh start|stop FOLDER" >&2
    exit 2
}

[[ $# == 2 && $2 != -* ]] || usage
folder=$2

end() {
    if [[ -f $folder/registry.pid ]]; then
        kill "$(<"$folder/registry.pid")" 2>/dev/null || true
        rm -f "$folder/registry.pid"
    fi
}

# A blob is named by its digest; its descriptor is printed.
blob() { # FILE MEDIA-TYPE
    local digest size
    digest=$(sha256sum "$1" | cut -d ' ' -f 1)
    size=$(stat -c %s "$1")
    mv "$1" "$layout/blobs/sha256/$digest"
    printf '{"mediaType":"application/vnd.oci.image.%s","digest":"sha256:%s","size":%d}' \
        "$2" "$digest" "$size"
}

make() {
    # Half a layout would only be mistaken for a whole one.
    layout=$folder/layout.part
    rm -rf "$layout"
    mkdir -p "$layout/blobs/sha256"
    mmdebstrap --quiet --format=tar --variant=apt --include="$PACKAGES" "$SUITE" "$layout/layer" \
        ${MIRROR:+"$MIRROR"} >&2 || stop "mmdebstrap could not make Debian $SUITE: see above"
    local layer config manifest created architecture
    created=$(date -u -d "@$SOURCE_DATE_EPOCH" +%Y-%m-%dT%H:%M:%SZ)
    architecture=$(dpkg --print-architecture)
    layer=$(blob "$layout/layer" layer.v1.tar)
    printf '{"created":"%s","architecture":"%s","os":"linux","config":{"Env":["%s"],"Cmd":["%s"]},' \
        "$created" "$architecture" PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
        python3 >"$layout/config"
    printf '"rootfs":{"type":"layers","diff_ids":["sha256:%s"]},"history":[{"created":"%s"}]}' \
        "$(grep -o '[0-9a-f]\{64\}' <<<"$layer")" "$created" >>"$layout/config"
    config=$(blob "$layout/config" config.v1+json)
    printf '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":%s,"layers":[%s]}' \
        "$config" "$layer" >"$layout/manifest"
    manifest=$(blob "$layout/manifest" manifest.v1+json)
    printf '{"schemaVersion":2,"manifests":[%s]}' "$manifest" >"$layout/index.json"
    echo '{"imageLayoutVersion":"1.0.0"}' >"$layout/oci-layout"
    mv "$layout" "$folder/layout"
}

serve() {
    printf 'version: 0.1\nlog: {level: info}\nstorage: {filesystem: {rootdirectory: "%s"}}\n' \
        "$folder/registry" >"$folder/registry.yml"
    printf 'http: {addr: "127.0.0.1:%d"}\n' "${PORT:-0}" >>"$folder/registry.yml"
    # What an earlier server said is not taken for this one's.
    rm -f "$folder/registry.log"
    docker-registry serve "$folder/registry.yml" >"$folder/registry.log" 2>&1 </dev/null &
    echo $! >"$folder/registry.pid"
    address=
    for _ in {1..100}; do
        address=$(grep -o 'listening on 127.0.0.1:[0-9]*' "$folder/registry.log" | cut -d ' ' -f 3) &&
            return
        kill -0 "$(<"$folder/registry.pid")" 2>/dev/null || break
        sleep 0.1
    done
    end
    stop "docker-registry does not listen on 127.0.0.1: see $folder/registry.log"
}

case $1 in
start)
    for tool in mmdebstrap docker-registry skopeo; do
        command -v "$tool" >/dev/null || stop "'$tool' is not installed; on Debian and Ubuntu:" \
            "  apt install mmdebstrap docker-registry skopeo"
    done
    mkdir -p "$folder"
    folder=$(cd "$folder" && pwd)
    end
    [[ -d $folder/layout ]] || make
    serve
    digest=$(grep -o 'sha256:[0-9a-f]\{64\}' "$folder/layout/index.json")
    skopeo copy --quiet --preserve-digests --dest-tls-verify=false \
        "oci:$folder/layout" "docker://$address/python:$SUITE" >&2 ||
        { end; stop "the image could not be put into the registry: see above"; }
    echo "$address/python@$digest"
    ;;
stop) end ;;
*) usage ;;
esac
