#!/bin/sh
# Resolve requirements/*.in into hashed lock files: tools/lock.sh UV [--upgrade ...]
#
# The widest set is resolved first; the others take their versions from it, so that one version of a library is
# tested and installed. No address of an index is written down: the hashes hold wherever the files come from.
set -eu
cd "$(dirname "$0")/.."
uv=$1
shift

resolve() {
    name=$1
    shift
    "$uv" pip compile --quiet --universal --generate-hashes --python-version 3.11 \
        --no-emit-index-url --no-emit-find-links --no-header \
        "$@" -o "requirements/$name.txt" "requirements/$name.in" >/dev/null
    echo "==> requirements/$name.txt: $(grep -c '==' "requirements/$name.txt") pins"
}

resolve test "$@"
for name in base ml demo tools; do
    resolve "$name" -c requirements/test.txt "$@"
done
