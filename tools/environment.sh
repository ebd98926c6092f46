#!/bin/sh
# Build one environment, or bring it up to date: tools/environment.sh FOLDER LOCK VERSION
#
# FOLDER ends up with exactly what LOCK and requirements/tools.txt pin, every hash verified, and with Tenuto itself
# installed editable. The stamp FOLDER/.ready is written last. While FOLDER/.installing is there, an installation was
# interrupted: some package may be there in part, which no installer notices, so the folder is built anew.
set -eu
cd "$(dirname "$0")/.."
folder=$1 lock=$2 version=$3
tools=requirements/tools.txt
export PIP_DISABLE_PIP_VERSION_CHECK=1

say() { echo "==> $folder: $*"; }

fail() {
    echo "==> $folder: $1" >&2
    echo "    fix: $2" >&2
    exit 1
}

is_version() {
    "$1" -c "import sys; sys.exit('%d.%d' % sys.version_info[:2] != '$version')" 2>/dev/null
}

# The file behind a name, past the wrapper scripts that version switchers put on PATH.
real_path() { "$1" -c 'import sys; print(sys.executable)'; }

find_python() {
    if [ -n "${PYTHON:-}" ]; then
        is_version "$PYTHON" || fail "PYTHON=$PYTHON is not a Python $version" "name another one, or unset PYTHON"
        real_path "$PYTHON"
        return
    fi
    for name in "python$version" python3 python; do
        if is_version "$name"; then
            real_path "$name"
            return
        fi
    done
    fail "needs Python $version, and none is on PATH" \
        "install it (Debian: apt install python$version-venv), or name it: make PYTHON=/path/to/python$version"
}

is_sound() {
    [ ! -e "$folder/.installing" ] &&
        is_version "$folder/bin/python" &&
        "$folder/bin/python" -m pip --version >/dev/null 2>&1
}

is_current() {
    for source in "$lock" "$tools" pyproject.toml tools/environment.sh; do
        [ "$folder/.ready" -nt "$source" ] || return 1
    done
    is_sound
}

create() {
    python=$(find_python)
    "$python" -c 'import ensurepip, venv' 2>/dev/null ||
        fail "$python comes without its venv module" "install it (Debian: apt install python$version-venv)"
    rm -rf "$folder"
    mkdir -p "$folder"
    touch "$folder/.installing"
    "$python" -m venv "$folder"
}

# uv does not read pip's configuration; whoever set an index of their own there means it for every client.
adopt_index() {
    [ -z "${UV_DEFAULT_INDEX:-}${UV_INDEX_URL:-}" ] || return 0
    index=${PIP_INDEX_URL:-$("$folder/bin/python" -m pip config get global.index-url 2>/dev/null || true)}
    [ -z "$index" ] || export UV_DEFAULT_INDEX="$index"
}

is_current && exit 0
started=$(date +%s)
say "installing $lock"
is_sound || create
touch "$folder/.installing"
rm -f "$folder/.ready"
"$folder/bin/python" -m pip install -qq --require-hashes -r "$tools"
adopt_index
uv() { "$folder/bin/uv" pip "$@" --quiet --python "$folder/bin/python"; }
uv sync --require-hashes "$tools" "$lock"
# No isolation: the build backend is already here, hashed; isolation would fetch another one, unhashed.
uv install --no-deps --no-build-isolation -e .
rm "$folder/.installing"
touch "$folder/.ready"
say "ready after $(($(date +%s) - started)) s"
