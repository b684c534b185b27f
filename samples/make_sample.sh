#!/bin/sh
# Prints samples/magpie-7.html to samples/magpie-7.pdf. Needs the Debian packages chromium and fonts-lato.
set -eu
cd "$(dirname "$0")"
profile=$(mktemp -d)
trap 'rm -rf "$profile"' EXIT
chromium --headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking \
    --disable-component-update --disable-sync --user-data-dir="$profile" --force-device-scale-factor=4 \
    --allow-file-access-from-files --virtual-time-budget=5000 --generate-pdf-document-outline --no-pdf-header-footer \
    --print-to-pdf=magpie-7.pdf "file://$PWD/magpie-7.html" >"$profile/log" 2>&1 || { cat "$profile/log" >&2; exit 1; }
echo "samples/magpie-7.pdf: $(wc -c <magpie-7.pdf) bytes"
