# shellcheck shell=bash
# What the scripts of .ci share; sourced, never run. Afterwards the working directory is the checkout's top.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
top=$PWD
PG=${PG:-15}
export PG
# A PGRX_HOME of our own: what the developer's own pgrx knows stays as it is.
export PGRX_HOME=$top/target/pgrx
# psql must not read what a developer keeps in his home.
export PSQLRC=/dev/null

die() { echo "${0##*/}: $*" >&2; exit 1; }

# PostgreSQL refuses to run as root, so there its programs run as another user.
server_user() {
    if [ "$(id -u)" != 0 ]; then id -un
    elif id -u postgres >/dev/null 2>&1; then echo postgres
    else echo nobody
    fi
}

# The working directory may be closed to the server's user, so it starts in /.
as_server() {
    if [ "$(id -u)" = 0 ]; then
        (cd / && exec setpriv --reuid="$(server_user)" --regid="$(id -g "$(server_user)")" --clear-groups "$@")
    else
        (cd / && exec "$@")
    fi
}

# private_dir NAME: empties or makes target/NAME. Where the server's user cannot reach the checkout (root's home,
# say) target/NAME is a link to a directory in /var/tmp, of an unguessable name and not writable for others.
private_dir() {
    local dir=$top/target/$1
    remove_private_dir "$1"
    mkdir -p "$dir"
    chmod 755 "$dir"
    if ! as_server test -x "$dir"; then
        rmdir "$dir"
        ln -s "$(mktemp -d "/var/tmp/docacl-${1//\//-}.XXXXXX")" "$dir"
        chmod 755 "$dir/"
    fi
}

remove_private_dir() {
    local dir=$top/target/$1
    if [ -L "$dir" ]; then rm -rf "$(readlink "$dir")"; fi
    rm -rf "$dir"
}
