// Which build of the kernel crashed, as the dump tells it.
#pragma once

#include "symbols/kernel_build.h"

namespace postmortem {

class Kernel;

/// By VMCOREINFO, which has had the build-id since 5.9 (0935288c6e00); before that by the notes and the
/// banner in the kernel's image, as far as they can be read.
KernelBuild build_of(const Kernel& kernel);

/// linux_banner, without the end of its line; empty where it cannot be read.
std::string banner_in_image(const Kernel& kernel);

}  // namespace postmortem
