# SPDX-License-Identifier: Apache-2.0
# What the scripts share. Source it; it defines functions and sets $root.
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"

# Libraries to build with, and what the page's set-up needs.
build_packages=(
    pkg-config libgdal-dev libgeos-dev libproj-dev proj-data libspatialite-dev libsqlite3-dev libdeflate-dev libzstd-dev
    libbrotli-dev libmeshoptimizer-dev libssl-dev
    ca-certificates curl python3 python3-pip python3-venv
)
# Independent judges: GDAL's tools, SQLite's shell, a browser with a Chinese font.
test_packages=(gdal-bin sqlite3 chromium fonts-wqy-microhei)

step() { printf '\n== %s (%s s)\n' "$1" "$SECONDS"; }

# Installs the Debian packages that are missing; as root, or through sudo.
need() {
    local missing=() package
    for package in "$@"; do
        dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
    done
    [[ ${#missing[@]} -eq 0 ]] && return 0
    local sudo=()
    if [[ $EUID -ne 0 ]]; then
        command -v sudo >/dev/null || {
            echo "missing Debian packages: ${missing[*]}; install them as root and run this again" >&2
            return 1
        }
        sudo=(sudo)
    fi
    echo "installing ${missing[*]}"
    "${sudo[@]}" apt-get update -qq
    DEBIAN_FRONTEND=noninteractive "${sudo[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

need_swift() {
    command -v swift >/dev/null && return 0
    echo "a Swift 6.2 toolchain or newer must be on the PATH: https://www.swift.org/install/linux/" >&2
    return 1
}

# Builds the release binary and prints nothing but errors; sets $twin.
build_release() {
    swift build --package-path "$root" -c release --product twin
    twin="$(swift build --package-path "$root" -c release --show-bin-path)/twin"
}

# A port of this machine that nobody listens on.
free_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# Waits until a server answers, at most 60 s.
wait_for() {
    local url="$1" process="$2" attempt
    for attempt in $(seq 1 300); do
        curl -fs -o /dev/null "$url" && return 0
        kill -0 "$process" 2>/dev/null || { echo "the server ended before it answered" >&2; return 1; }
        sleep 0.2
    done
    echo "the server did not answer at $url within 60 s" >&2
    return 1
}
