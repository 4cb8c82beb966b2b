// The answer to `meminfo`: reads what memory_picture.h describes.
#pragma once

#include <postmortem/memory_picture.h>

#include "kernel/kernel.h"

namespace postmortem {

MemoryPicture make_memory_picture(const Kernel& kernel, const MemoryRequest& request = {});

}  // namespace postmortem
