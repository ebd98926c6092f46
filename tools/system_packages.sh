#!/bin/sh
# Get the programs that tests need and no wheel brings: today, a real browser.
#
# Debian's packages are installed only where somebody said so (CI=true or TENUTO_TEST_APT=1). Nothing fails here:
# tests that miss a program say so, and the suite closes with the list of them (and fails with CI=true).
set -eu

wanted=""
command -v chromium >/dev/null 2>&1 || wanted="chromium fonts-dejavu-core"
[ -n "$wanted" ] || exit 0

if [ "${CI:-}" != true ] && [ "${TENUTO_TEST_APT:-}" != 1 ]; then
    echo "==> not installed: $wanted. Browser tests will not run; TENUTO_TEST_APT=1 installs it with apt."
    exit 0
fi

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

install() {
    as_root apt-get -qq update &&
        as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends $wanted
}

log=$(mktemp)
trap 'rm -f "$log"' EXIT
for pause in 5 15 0; do
    echo "==> installing with apt: $wanted"
    if install >"$log" 2>&1; then exit 0; fi
    tail -n 5 "$log"
    sleep "$pause"
done
echo "==> NOT INSTALLED: $wanted. The tests that need it will not run."
