#!/bin/sh
# Builds the reference of all public classes and functions, out/reference/html/index.html. Fails if one has no words.
# Installs doxygen if it is not there (root or sudo, apt only).
set -eu
cd "$(dirname "$0")/.."

scripts/setup_debian.sh reference
mkdir -p out
doxygen docs/Doxyfile
echo "The reference is $PWD/out/reference/html/index.html"
