#!/bin/sh
# Runs the tests under sanitizers: all of them under AddressSanitizer and UndefinedBehaviorSanitizer, what runs on several
# threads under ThreadSanitizer, and the reader's stress under both. Installs what that takes (root or sudo, apt only).
#
#   scripts/sanitize.sh [seconds]
#
#   seconds   of stress under each sanitizer (default 60)
set -eu
cd "$(dirname "$0")/.."
seconds="${1:-60}"

scripts/setup_debian.sh test

cmake --preset asan
cmake --build --preset asan --parallel "$(nproc)"
ctest --preset asan --parallel "$(nproc)" --label-exclude package
build/asan/tests/read/catvox_stress "$seconds"

cmake --preset tsan -DCATVOX_BUILD_EXAMPLES=OFF
cmake --build --preset tsan --parallel "$(nproc)" --target catvox_test_http catvox_test_bytes catvox_test_read catvox_stress
ctest --preset tsan --parallel "$(nproc)" --tests-regex '^(http|bytes|read):'
build/tsan/tests/read/catvox_stress "$seconds"
