#!/bin/sh
# Crops a box, given in world units, from a small CATMAID instance that this makes first, without a network; leaves a
# picture. Installs what it needs for that (root or sudo, apt only) and builds the library and the program catvox.
#
#   scripts/demo.sh [build folder that has them]
set -eu
cd "$(dirname "$0")/.."

build="${1:-build/demo}"
if [ $# -eq 0 ]; then
  scripts/setup_debian.sh build
  cmake --preset release -B "$build" -DCATVOX_BUILD_EXAMPLES=OFF
fi
cmake --build "$build" --parallel "$(nproc)" --target make_demo_instance catvox_tool

mkdir -p out
"$build"/tools/make_demo_instance out/demo
"$build"/tools/catvox crop --server out/demo --stack "demo EM" --level 1 \
  --min 2000 3000 800 --max 5240 5420 1280 --montage --output out/demo_crop.png
echo "The picture is $PWD/out/demo_crop.png"
