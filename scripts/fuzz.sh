#!/bin/sh
# Runs every fuzz target for some seconds each (default 60) under the address and undefined behaviour sanitizers.
# Installs what that takes (root or sudo, apt only). Corpora are kept in build/fuzz/corpus; an input that fails is left in
# build/fuzz.
#
#   scripts/fuzz.sh [seconds]
set -eu
cd "$(dirname "$0")/.."
seconds="${1:-60}"

scripts/setup_debian.sh develop
cmake --preset fuzz
cmake --build --preset fuzz --parallel "$(nproc)"
cd build/fuzz
for target in fuzz/fuzz_*; do
  [ -x "$target" ] && [ -f "$target" ] || continue
  name=$(basename "$target")
  seeds=""
  [ "$name" != fuzz_image ] || seeds=../../tests/data/images
  mkdir -p "corpus/$name"
  echo "== $name, $seconds s"
  "$target" -max_total_time="$seconds" -max_len=8192 -rss_limit_mb=4096 -print_final_stats=0 -verbosity=0 "corpus/$name" $seeds
done
