#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Builds the native kernels; called by Maven: build-native.sh auto|required|off TARGET_DIR OUTPUT_DIR JAVA_HOME
# auto: without a C++ compiler or CMake says so and succeeds; required: fails; off: removes an old library.
set -euo pipefail

mode=$1 target=$2 output=$3 java_home=$4
source_dir=$(cd "$(dirname "$0")" && pwd)/src/main/native
library_dir=$output/native/linux-x86_64
library=$library_dir/libsparseland.so

leave_out() { # reason
  rm -rf "$output/native"
  if [[ $mode == required ]]; then
    echo "native kernels: not built ($1). On Debian: apt-get install g++ cmake" >&2
    exit 1
  fi
  echo "native kernels: not built ($1). Java kernels will be used; on Debian: apt-get install g++ cmake"
  exit 0
}

case $mode in
  off) rm -rf "$output/native"; exit 0 ;;
  auto | required) ;;
  *) echo "native kernels: -Dnative is '$mode', allowed are auto, required, off" >&2; exit 1 ;;
esac

[[ $(uname -sm) == "Linux x86_64" ]] || leave_out "no native build for $(uname -sm)"
command -v cmake >/dev/null || leave_out "no CMake found"
compiler=${CXX:-}
[[ -n $compiler ]] || compiler=$(command -v g++ || command -v c++ || command -v clang++ || true)
[[ -n $compiler ]] || leave_out "no C++ compiler found"
[[ -f $java_home/include/jni.h ]] || leave_out "no jni.h in $java_home/include"

build=$target/cmake log=$target/cmake.log
mkdir -p "$build" "$library_dir"
if ! {
  cmake -S "$source_dir" -B "$build" -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_COMPILER="$compiler" \
    -DSL_JAVA_HOME="$java_home" -DSL_HEADERS="$target/headers" ${SL_CMAKE_ARGS:-} &&
    cmake --build "$build" --target sparseland --parallel 2
} >"$log" 2>&1; then
  cat "$log" >&2
  echo "native kernels: the build failed; -Dnative=off builds without them" >&2
  exit 1
fi
if ! cmp -s "$build/libsparseland.so" "$library"; then
  cp "$build/libsparseland.so" "$library.new"
  mv "$library.new" "$library"
fi
sha256sum "$library" | cut -d' ' -f1 >"$library.sha256"
