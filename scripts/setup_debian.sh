#!/bin/sh
# Installs the Debian 12 packages that catvox needs. Asks nothing, and does nothing where all are there.
#
#   scripts/setup_debian.sh [build | test | develop | reference]
#
#   build     for the library and the examples
#   test      for the tests, too (default)
#   develop   for the benchmarks, the fuzz targets, clang, and what formats and checks code, too
#   reference for scripts/reference.sh alone
set -eu

build="g++ cmake ninja-build pkg-config ca-certificates
  libcurl4-openssl-dev libssl-dev nlohmann-json3-dev libjpeg-dev libpng-dev libxtensor-dev
  libdeflate-dev libbz2-dev liblzma-dev liblz4-dev libxxhash-dev libzstd-dev libblosc-dev libbrotli-dev
  libcli11-dev libtiff-dev"
test="git catch2 libcpp-httplib-dev libopenmpi-dev openmpi-bin python3-pil python3-zarr"
develop="clang-14 clang-format-14 clang-tidy-14 libclang-rt-14-dev ccache libbenchmark-dev nginx-light openssl"

case "${1:-test}" in
  build) wanted="$build" ;;
  test) wanted="$build $test" ;;
  develop) wanted="$build $test $develop" ;;
  reference) wanted="doxygen" ;;
  *)
    sed -n '2,9s/^# \{0,1\}//p' "$0" >&2
    exit 2
    ;;
esac

missing=""
for package in $wanted; do
  status=$(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null) || status="unknown"
  [ "$status" = "installed" ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

as_root=""
[ "$(id -u)" -eq 0 ] || as_root="sudo"
echo "Installing$missing"
$as_root apt-get update -qq </dev/null
# shellcheck disable=SC2086  # one word a package
$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qq --yes --no-install-recommends $missing </dev/null
