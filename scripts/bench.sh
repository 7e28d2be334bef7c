#!/bin/sh
# Measures catvox against what the machine can do at all, and prints a table for each kind of read. Installs what that
# takes (root or sudo, apt only) and builds it. Takes a few minutes, in which nothing else should run.
#
#   scripts/bench.sh [--quick]
#
#   --quick   a few seconds each, built as the tests are, to see whether the benchmarks work; the figures mean nothing
set -eu
cd "$(dirname "$0")/.."
case "${1:-}" in
  "") target=bench preset=release ;;
  --quick) target=bench-quick preset=dev ;;
  *)
    sed -n '2,7s/^# \{0,1\}//p' "$0" >&2
    exit 2
    ;;
esac

scripts/setup_debian.sh develop
cmake --preset "$preset" -DCATVOX_BUILD_BENCHMARKS=ON
cmake --build "build/$preset" --target bench-programs --parallel "$(nproc)"

version_of() {
  dpkg-query --show --showformat='${Package} ${Version}\n' "$@" 2>/dev/null | sed 's/^/  /'
}
echo
echo "CPU      $(sed -n 's/^model name[[:space:]]*: //p' /proc/cpuinfo | head -n 1), $(nproc) cores"
echo "memory   $(sed -n 's/^MemTotal:[[:space:]]*//p' /proc/meminfo), huge pages $(
  sed 's/.*\[\(.*\)\].*/\1/' /sys/kernel/mm/transparent_hugepage/enabled)"
echo "kernel   $(uname -sr)"
echo "system   $(sed -n 's/^PRETTY_NAME="\(.*\)"/\1/p' /etc/os-release)"
echo "compiler $(c++ --version | head -n 1)"
echo "catvox   $(git describe --always --dirty 2>/dev/null || echo unknown)"
echo "libraries"
version_of libcurl4 libjpeg62-turbo libpng16-16 libdeflate0 liblz4-1 libzstd1 libblosc1 libxtensor-dev nginx
cmake --build "build/$preset" --target "$target"
