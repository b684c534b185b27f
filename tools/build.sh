#!/bin/sh
# Configures (when needed) and builds one preset of CMakePresets.json: release, dev, tsan, bench or fuzz.
#
#   tools/build.sh PRESET [TARGET...]
set -eu

cd "$(dirname "$0")/.."
preset=${1:?"usage: tools/build.sh PRESET [TARGET...]"}
shift
folder=build/$preset
log=$folder/configure.log
mkdir -p "$folder"

if [ ! -f "$folder/build.ninja" ] || [ CMakePresets.json -nt "$folder/build.ninja" ]; then
  printf -- '-- configuring %s\n' "$preset"
  if ! cmake --preset "$preset" >"$log" 2>&1; then
    tail -n 25 "$log" >&2
    printf 'build: cmake could not configure %s (all of it in %s). If something is missing, run: make setup\n' "$preset" "$log" >&2
    exit 1
  fi
fi
printf -- '-- building %s (the first time takes some minutes)\n' "$preset"
set -- ${1+--target "$@"}
if ! NINJA_STATUS='[%f/%t] ' cmake --build "$folder" -j "${JOBS:-$(nproc)}" "$@"; then
  printf 'build: %s did not compile; the first error is above. A full rebuild: rm -rf %s, then the same command.\n' "$preset" "$folder" >&2
  exit 1
fi
