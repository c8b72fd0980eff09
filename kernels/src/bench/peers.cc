// SPDX-License-Identifier: Apache-2.0
#include <dlfcn.h>
#include <unistd.h>

#include <climits>

#include "candidate.h"

namespace bench {
namespace {

struct Module {
  const char* name;
  const char* how_to_get;
};

// oneDNN first: it brings the OpenMP runtime that the others then share.
constexpr Module kModules[] = {
    {"onednn", "mvn -q -Pbench -pl kernels generate-resources"},
    {"mkl", "mvn -q -Pbench -pl kernels generate-resources"},
    {"torch", "./sparseland run any recipe once (DJL unpacks it)"},
    {"libxsmm", "apt-get install libxsmm-dev"},
    {"eigen", "apt-get install libeigen3-dev"},
};

std::string own_folder() {
  char path[PATH_MAX];
  const ssize_t length = readlink("/proc/self/exe", path, sizeof path);
  const std::string own(path, length > 0 ? length : 0);
  return own.substr(0, own.rfind('/') + 1);
}

}  // namespace

Peers::Peers() {
  const std::string folder = own_folder();
  for (const Module& module : kModules) {
    const std::string file = folder + "sparseland_bench_" + module.name + ".so";
    if (access(file.c_str(), R_OK) != 0) {
      absent.push_back(std::string(module.name) +
                       ": not built in; get it with: " + module.how_to_get + ", then build again");
      continue;
    }
    void* handle = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (handle == nullptr) {
      const std::string why = dlerror();
      const bool opencl = why.find("libOpenCL") != std::string::npos;
      absent.push_back(std::string(module.name) + ": " + why +
                       (opencl ? "; on Debian: apt-get install ocl-icd-libopencl1" : ""));
      continue;
    }
    functions_.push_back(reinterpret_cast<PeerFunction*>(dlsym(handle, "sl_bench_peer")));
    auto* version = reinterpret_cast<VersionFunction*>(dlsym(handle, "sl_bench_version"));
    present.push_back(version());
  }
}

void Peers::offer(const Problem& problem, int threads, Candidates* out) {
  if (functions_.empty()) return;
  Stage& stage = stages_[threads];
  const size_t before = out->size();
  stage.run([&] {
    for (PeerFunction* function : functions_) function(problem, threads, out);
  });
  for (size_t i = before; i < out->size(); ++i) (*out)[i]->stage = &stage;
}

}  // namespace bench
