#!/bin/sh
# Installs what the tests need (root or sudo, apt only), builds everything and runs all tests.
set -eu
cd "$(dirname "$0")/.."

scripts/setup_debian.sh test
cmake --preset dev
cmake --build --preset dev --parallel "$(nproc)"
ctest --preset dev --parallel "$(nproc)"
