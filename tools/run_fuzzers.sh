#!/bin/sh
# Runs every libFuzzer program of build/fuzz for SECONDS_EACH seconds (default 60), growing build/fuzz/corpus.
set -eu
cd "$(dirname "$0")/.."
for program in build/fuzz/fuzz/*_fuzz; do
  name=$(basename "$program")
  mkdir -p "build/fuzz/corpus/$name"
  printf -- '-- %s\n' "$name"
  seeds=fuzz/corpus/$name
  [ -d "$seeds" ] || seeds=
  "$program" -max_total_time="${SECONDS_EACH:-60}" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
    -artifact_prefix="build/fuzz/$name-" "build/fuzz/corpus/$name" $seeds
done
