# Shared by the scripts in this directory; source it, do not run it.
# shellcheck shell=bash

# shellcheck disable=SC2034 # for those who source this
repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

say() { printf '\033[1m==>\033[0m %s\n' "$*" >&2; }

fail() {
    printf '%s: %s\n' "$(basename "$0")" "$*" >&2
    exit 1
}

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        fail "this needs root, and sudo is missing; run as root: $*"
    fi
}

is_installed() { dpkg-query -W -f '${Status}' "$1" 2>/dev/null | grep -q '^install ok installed$'; }

# Installs the Debian packages that are missing. No service of theirs is started or enabled: AgentCorp's scripts
# run servers of their own.
install_packages() {
    local package missing=()
    command -v apt-get >/dev/null || {
        say "no apt-get here: make sure that the equivalents of these packages are installed: $*"
        return
    }
    for package in "$@"; do
        is_installed "$package" || missing+=("$package")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    say "installing ${missing[*]}"

    (
        policy=/usr/sbin/policy-rc.d cluster=/etc/postgresql-common/createcluster.d/agentcorp.conf
        [ ! -e $policy ] || policy=
        trap 'as_root rm -f $cluster $policy' EXIT
        as_root mkdir -p "$(dirname $cluster)"
        as_root sh -c "echo 'create_main_cluster = false' >$cluster"
        [ -z "$policy" ] || as_root sh -c "printf '#!/bin/sh\nexit 101\n' >$policy && chmod 755 $policy"
        as_root apt-get update -qq
        as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >&2
    ) || fail "apt-get could not install ${missing[*]}"
    if [ -d /run/systemd/system ] && [[ " ${missing[*]} " == *" pgbouncer "* ]]; then
        as_root systemctl disable -q pgbouncer || true
    fi
}

# The server package to install: none when a server is there, else version 15, else whatever Debian offers.
postgresql_package() {
    compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null && return
    if apt-cache show postgresql-15 >/dev/null 2>&1; then echo postgresql-15; else echo postgresql; fi
}

# Puts a Swift toolchain on PATH or says how to get one.
require_swift() {
    local place
    if ! command -v swift >/dev/null; then
        for place in "${SWIFTLY_BIN_DIR:-$HOME/.local/share/swiftly/bin}" /opt/swift*/usr/bin /usr/local/swift*/usr/bin; do
            [ -x "$place/swift" ] && PATH="$place:$PATH" && break
        done
    fi
    command -v swift >/dev/null || fail "Swift is missing. Install version 6.3 or newer as https://www.swift.org/install/linux/ \
describes (swiftly is the short way), make sure that \`swift\` is on PATH, and run this again."
    local said version
    said=$(swift --version 2>&1) || fail "\`swift --version\` fails, a package that the toolchain needs may be missing \
(https://www.swift.org/install/linux/ lists them): $said"
    version=$(sed -n 's/.*Swift version \([0-9]*\.[0-9]*\).*/\1/p' <<<"$said" | head -1)
    [ "$(printf '6.3\n%s\n' "$version" | sort -V | head -1)" = 6.3 ] ||
        fail "Swift ${version:-of an unknown version} is too old, 6.3 is needed: https://www.swift.org/install/linux/"
}
