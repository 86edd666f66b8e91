#!/bin/sh
# install-deps.sh [--list] [GROUP...]: installs the Debian packages that SlimCL needs, by purpose. This is the one list;
# the other scripts call it. Without a group: build opencl data test. Does nothing when all are there, so it is safe and
# quick to run twice. Needs root or sudo only when something is missing.
#
#   build   compiler, meson and libraries: enough for libslimcl and slimcl
#   opencl  PoCL (OpenCL on the CPU) and CLBlast; a GPU needs its vendor's driver instead
#   data    Fashion-MNIST, for the quick start and the end-to-end tests
#   test    the check library, a second OpenCL driver (Mesa's rusticl), a C++ compiler and clang
#   aarch64 cross compiler and emulator for the AArch64 tests
#   full    what check.sh --full adds: clang's fuzzer, valgrind, Oclgrind
#   manual  Doxygen, for tools/manual.sh
#   peers   what tests/bench/peers compares with: PyTorch, oneDNN, OpenBLAS and OpenCV; CLBlast is in opencl
# shellcheck disable=SC2086,SC2116,SC2015 # lists of packages are split on purpose
set -eu

build='gcc libc6-dev meson ninja-build pkg-config libpng-dev libjpeg62-turbo-dev zlib1g-dev libcjson-dev
       ocl-icd-opencl-dev opencl-headers'
opencl='pocl-opencl-icd libclblast-dev'
data='dataset-fashion-mnist'
test='check mesa-opencl-icd g++ clang'
aarch64='gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user'
full='libclang-rt-14-dev valgrind oclgrind'
manual='doxygen'
peers='python3-torch python3-numpy python3-opencv libdnnl-dev libopenblas-dev'

die() {
  echo "install-deps: $*" >&2
  exit 1
}

packages_of() {
  case $1 in
    build) echo $build ;;
    opencl) echo $opencl ;;
    data) echo $data ;;
    test) echo $test ;;
    aarch64) echo $aarch64 ;;
    full) echo $full ;;
    manual) echo $manual ;;
    peers) echo $peers ;;
    *) die "unknown group '$1': use build, opencl, data, test, aarch64, full, manual or peers" ;;
  esac
}

# Prints those of the packages "$@" that are not installed.
missing_of() {
  for package in "$@"; do
    state=$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null) || state=absent
    [ "$state" = installed ] || echo "$package"
  done
}

# Runs apt-get as root, quietly; its output is shown only when it fails.
apt() {
  log=$(mktemp)
  if $as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300 "$@" >"$log" 2>&1; then
    rm -f "$log"
  else
    tail -n 15 "$log" >&2
    rm -f "$log"
    return 1
  fi
}

list=no
groups=
for argument in "$@"; do
  case $argument in
    --list) list=yes ;;
    -*) die "unknown option '$argument': usage: install-deps.sh [--list] [GROUP...]" ;;
    *) groups="$groups $argument" ;;
  esac
done
wanted=
for group in ${groups:-build opencl data test}; do
  wanted="$wanted $(packages_of "$group")" || exit 1
done
if [ $list = yes ]; then
  printf '%s\n' $wanted
  exit 0
fi

command -v apt-get >/dev/null 2>&1 && command -v dpkg-query >/dev/null 2>&1 ||
  die "this system has no apt-get. Install by its own means what these Debian packages hold: $wanted"
missing=$(missing_of $wanted)
[ -n "$missing" ] || exit 0
missing=$(echo $missing)

as_root=
if [ "$(id -u)" != 0 ]; then
  command -v sudo >/dev/null 2>&1 ||
    die "not root and no sudo. As root, run: apt-get update && apt-get install --no-install-recommends $missing"
  as_root=sudo
fi
echo "install-deps: installing $missing" >&2
# A machine whose package lists are fresh needs no update; one without lists, or with old ones, fails at first.
apt install -y --no-install-recommends $missing 2>/dev/null ||
  { apt update && apt install -y --no-install-recommends $missing; } ||
  die "could not install $missing. Is the network there, and do the apt sources work? (apt-get's own words are above)"
still=$(missing_of $missing)
[ -z "$still" ] || die "apt-get ended well, but these packages are still missing: $(echo $still)"
