// SPDX-License-Identifier: Apache-2.0
#include "onednn_library.h"

#include <atomic>
#include <cstdio>
#include <mutex>

#include "sparseland_kernels.h"

#if defined(__linux__)
#include <dlfcn.h>
#endif

namespace sl {
namespace {

std::atomic<const Dnnl*> loaded{nullptr};
std::mutex mutex;
char why_not[512];

#if defined(__linux__)

template <typename F>
bool find(void* library, const char* name, F* function) {
  *function = reinterpret_cast<F>(dlsym(library, name));
  if (*function != nullptr) return true;
  std::snprintf(why_not, sizeof why_not, "no function %s", name);
  return false;
}

bool find_all(void* l, void* omp, Dnnl* d) {
  return find(l, "dnnl_engine_create", &d->engine_create) &&
         find(l, "dnnl_stream_create", &d->stream_create) &&
         find(l, "dnnl_stream_destroy", &d->stream_destroy) &&
         find(l, "dnnl_stream_wait", &d->stream_wait) &&
         find(l, "dnnl_memory_desc_create_with_strides", &d->desc_with_strides) &&
         find(l, "dnnl_memory_desc_create_with_tag", &d->desc_with_tag) &&
         find(l, "dnnl_memory_desc_clone", &d->desc_clone) &&
         find(l, "dnnl_memory_desc_equal", &d->desc_equal) &&
         find(l, "dnnl_memory_desc_destroy", &d->desc_destroy) &&
         find(l, "dnnl_memory_desc_get_size", &d->desc_size) &&
         find(l, "dnnl_memory_create", &d->memory_create) &&
         find(l, "dnnl_memory_destroy", &d->memory_destroy) &&
         find(l, "dnnl_primitive_attr_create", &d->attr_create) &&
         find(l, "dnnl_primitive_attr_destroy", &d->attr_destroy) &&
         find(l, "dnnl_primitive_attr_set_scratchpad_mode", &d->attr_set_scratchpad) &&
         find(l, "dnnl_matmul_primitive_desc_create", &d->matmul_create) &&
         find(l, "dnnl_convolution_forward_primitive_desc_create", &d->conv_create) &&
         find(l, "dnnl_reorder_primitive_desc_create", &d->reorder_create) &&
         find(l, "dnnl_primitive_desc_query_md", &d->pd_query) &&
         find(l, "dnnl_primitive_desc_destroy", &d->pd_destroy) &&
         find(l, "dnnl_primitive_create", &d->primitive_create) &&
         find(l, "dnnl_primitive_destroy", &d->primitive_destroy) &&
         find(l, "dnnl_primitive_execute", &d->execute) &&
         find(omp, "omp_set_num_threads", &d->set_threads);
}

struct Version {
  int major, minor, patch;
};

bool open(const char* folder) {
  char path[4096];
  std::snprintf(path, sizeof path, "%s/libgomp.so.1", folder);
  void* omp = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (omp == nullptr) omp = dlopen("libgomp.so.1", RTLD_NOW | RTLD_LOCAL);
  std::snprintf(path, sizeof path, "%s/libdnnl.so.3", folder);
  void* library = omp == nullptr ? nullptr : dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    const char* error = dlerror();
    std::snprintf(why_not, sizeof why_not, "%s", error == nullptr ? "cannot be opened" : error);
    return false;
  }
  const Version* (*version)() = nullptr;
  if (!find(library, "dnnl_version", &version)) return false;
  if (version()->major != 3) {
    std::snprintf(why_not, sizeof why_not, "oneDNN %d.%d; needed is version 3", version()->major,
                  version()->minor);
    return false;
  }
  static Dnnl functions;
  if (!find_all(library, omp, &functions)) return false;
  if (functions.engine_create(&functions.engine, kDnnlCpu, 0) != 0) {
    std::snprintf(why_not, sizeof why_not, "oneDNN has no engine for this CPU");
    return false;
  }
  loaded.store(&functions, std::memory_order_release);
  return true;
}

#else

bool open(const char*) {
  std::snprintf(why_not, sizeof why_not, "oneDNN is looked for on Linux only");
  return false;
}

#endif

}  // namespace

const Dnnl* dnnl() { return loaded.load(std::memory_order_acquire); }

}  // namespace sl

const char* sl_onednn_load(const char* folder) {
  std::lock_guard<std::mutex> lock(sl::mutex);
  if (sl::dnnl() != nullptr || sl::open(folder)) return nullptr;
  return sl::why_not;
}
