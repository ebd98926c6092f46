#!/usr/bin/env bash
# Run a command with no more than a newcomer has: tools/newcomer.sh COMMAND...
#
# The environment keeps the standard folders of PATH, HOME, the language, what package clients need to reach their
# index (certificates, proxies, their own settings), and what asks for CI. Everything else is dropped, so that a
# missing install step shows here and not on somebody else's machine.
set -euo pipefail

standard=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
kept=("PATH=$standard" "HOME=${HOME:?}")

# A newcomer has Python 3.11; where it lives is their business. It is handed on by name, not by its whole folder.
if python=$(python3.11 -c 'import sys; print(sys.executable)' 2>/dev/null); then
    kept+=("PYTHON=${PYTHON:-$python}")
fi

while IFS='=' read -r -d '' name value; do
    case $name in
        CI | TENUTO_TEST_APT | LANG | LANGUAGE | LC_* | TZ | TERM | USER | LOGNAME | TMPDIR | XDG_CACHE_HOME | DEBIAN_FRONTEND) ;;
        PIP_* | UV_* | npm_config_* | NPM_CONFIG_* | NODE_EXTRA_CA_CERTS) ;;
        SSL_* | *_CA_* | *_CAINFO | *_CERT | *_CERTS) ;;
        http_proxy | https_proxy | no_proxy | all_proxy | HTTP_PROXY | HTTPS_PROXY | NO_PROXY | ALL_PROXY) ;;
        *) continue ;;
    esac
    kept+=("$name=$value")
done < <(env -0)

exec env -i "${kept[@]}" "$@"
