#!/bin/sh
# Runs the whole test suite of build/dev (ASan+UBSan) with the thread-sanitized rooms of build/tsan, as one ctest run.
# Arguments go to ctest.
set -eu

cd "$(dirname "$0")/.."
if [ "${JACKDAW_TEST_DATA:-}" = "" ] && [ ! -d ../shared/data ]; then
  printf -- '-- no evaluation data beside the checkout (JACKDAW_TEST_DATA): the tests that need it are skipped\n'
fi
exec ctest --test-dir build/dev -j "${JOBS:-$(nproc)}" --output-on-failure --no-tests=error "$@"
