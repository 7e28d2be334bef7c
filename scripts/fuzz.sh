#!/bin/sh
# Runs every fuzz target for some seconds each (default 60) under the address and undefined behaviour sanitizers.
# Installs what that takes (root or sudo, apt only). Corpora are kept in build/asan/corpus; an input that fails is left in
# build/asan.
#
#   scripts/fuzz.sh [seconds | brief]
#
#   brief     20000 inputs each, the same ones every time: for continuous integration
set -eu
cd "$(dirname "$0")/.."
case "${1:-60}" in
  brief) limit="-seed=1 -runs=20000" ;;
  *) limit="-max_total_time=${1:-60}" ;;
esac

scripts/setup_debian.sh develop
cmake --preset asan
cmake --build --preset asan --parallel "$(nproc)" --target fuzz/all
cd build/asan
for target in fuzz/fuzz_*; do
  [ -x "$target" ] && [ -f "$target" ] || continue
  name=$(basename "$target")
  seeds=""
  [ "$name" != fuzz_image ] || seeds=../../tests/data/images
  case "$name" in fuzz_precomputed_*) seeds=../../tests/data/precomputed ;; esac
  mkdir -p "corpus/$name"
  echo "== $name, $limit"
  # shellcheck disable=SC2086  # several words
  "$target" $limit -max_len=8192 -rss_limit_mb=4096 -print_final_stats=0 -verbosity=0 "corpus/$name" $seeds
done
