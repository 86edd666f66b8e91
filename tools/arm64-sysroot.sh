#!/bin/sh
# arm64-sysroot.sh DIR: unpacks Debian's arm64 libraries that SlimCL builds against below DIR, and writes DIR/cross.ini, a
# meson cross file that compiles against them and runs programs under qemu. Needs no root and leaves the system as it is.
set -eu
[ $# = 1 ] || { echo "usage: arm64-sysroot.sh DIR" >&2; exit 2; }
mkdir -p "$1/apt/lists/partial" "$1/apt/cache/archives/partial"
dir=$(cd "$1" && pwd)

apt() {
  apt-get -qq -o APT::Architecture=arm64 -o APT::Architectures=arm64 -o APT::Install-Recommends=false \
    -o APT::Sandbox::User="$(id -un)" -o Debug::NoLocking=1 -o Dir::State="$dir/apt" -o Dir::State::lists="$dir/apt/lists" \
    -o Dir::State::status="$dir/apt/status" -o Dir::Cache="$dir/apt/cache" "$@" >"$dir/apt/log" 2>&1 ||
    { cat "$dir/apt/log" >&2; echo "arm64-sysroot: cannot fetch the arm64 packages; is the network there?" >&2; exit 1; }
}

if [ ! -f "$dir/cross.ini" ]; then
  : >"$dir/apt/status"
  apt update
  apt install -y --download-only libc6-dev libpng-dev libjpeg62-turbo-dev zlib1g-dev libcjson-dev check opencl-headers
  find "$dir/apt/cache/archives" -name '*.deb' -exec dpkg-deb -x '{}' "$dir" ';'
  cat >"$dir/cross.ini.new" <<END
[binaries]
c = ['aarch64-linux-gnu-gcc', '--sysroot=$dir']
ar = 'aarch64-linux-gnu-ar'
strip = 'aarch64-linux-gnu-strip'
pkgconfig = 'pkg-config'
exe_wrapper = ['qemu-aarch64', '-L', '$dir']
[properties]
sys_root = '$dir'
pkg_config_libdir = '$dir/usr/lib/aarch64-linux-gnu/pkgconfig:$dir/usr/share/pkgconfig'
needs_exe_wrapper = true
[host_machine]
system = 'linux'
cpu_family = 'aarch64'
cpu = 'aarch64'
endian = 'little'
END
  mv "$dir/cross.ini.new" "$dir/cross.ini"
fi
