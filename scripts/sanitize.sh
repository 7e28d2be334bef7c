#!/bin/sh
# Runs the tests under sanitizers: all of them under AddressSanitizer and UndefinedBehaviorSanitizer, what runs on several
# threads under ThreadSanitizer, and the reader's stress under both. Installs what that takes (root or sudo, apt only).
#
#   scripts/sanitize.sh [seconds]
#
#   seconds   of each part of the stress, under each sanitizer (default 20: about a minute in all)
set -eu
cd "$(dirname "$0")/.."
seconds="${1:-20}"

scripts/setup_debian.sh develop

stress() {
  CATVOX_STRESS_SECONDS="$seconds" "build/$1/tests/read/catvox_test_read" "[stress]"
}

cmake --preset asan
cmake --build --preset asan --parallel "$(nproc)"
ctest --preset asan --parallel "$(nproc)" --label-exclude package
stress asan

cmake --preset tsan -DCATVOX_BUILD_EXAMPLES=OFF -DCATVOX_BUILD_TOOLS=OFF
cmake --build --preset tsan --parallel "$(nproc)" --target catvox_test_http catvox_test_bytes catvox_test_read
ctest --preset tsan --parallel "$(nproc)" --tests-regex '^(http|bytes|read):'
stress tsan
