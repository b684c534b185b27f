#pragma once

#include "inference/kernels.h"

// The sets of kernels that were built, whether or not this machine can run them: kernels.cpp chooses.
namespace jackdaw::inference {

const Kernels& portable_kernels();
#if defined(__x86_64__)
const Kernels& avx2_kernels();
const Kernels& avx_vnni_kernels();
const Kernels& avx512_vnni_kernels();
#endif

}  // namespace jackdaw::inference
