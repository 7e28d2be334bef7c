#!/bin/sh
# What catvox's headers cost to compile, against the headers of xtensor that they need: each alone, several times, the best
# of them. Prints seconds and the ratio; `catvox.hpp` is to stay at 1.4, `array.hpp` at 1.6.
#
#   scripts/compile_time.sh [compiler] [rounds]
set -eu
cd "$(dirname "$0")/.."
compiler=${1:-c++}
rounds=${2:-5}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
echo '#include <catvox/array/xtensor.hpp>' > "$folder/xtensor.cpp"
echo '#include <catvox/catvox.hpp>' > "$folder/catvox.cpp"
echo '#include <catvox/array.hpp>' > "$folder/array.cpp"

# User CPU time of one compilation, in ms.
cost() {
  bash -c 'TIMEFORMAT=%U; time "$0" -std=c++20 -O2 -Iinclude -c "$1" -o "$2"' "$compiler" "$folder/$1.cpp" \
    "$folder/$1.o" 2>&1 | awk '{ printf "%d\n", $1 * 1000 }'
}
best() {
  for _ in $(seq "$rounds"); do cost "$1"; done | sort -n | head -1
}
base=$(best xtensor)
echo "$base" | awk '{ printf "%-24s %.2f s\n", "xtensor", $1 / 1000 }'
for header in catvox array; do
  best "$header" | awk -v base="$base" -v name="$header.hpp" '{ printf "%-24s %.2f s  %.2f\n", name, $1 / 1000, $1 / base }'
done
