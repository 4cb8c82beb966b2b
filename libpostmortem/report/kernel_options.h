// What the public options mean to the layer that understands kernels.
#pragma once

#include "kernel/kernel.h"
#include "report/dump_options.h"

namespace postmortem {

inline KernelOptions kernel_options(const OpenOptions& options) {
    KernelOptions kernel;
    kernel.vmlinux = options.vmlinux;
    kernel.search_vmlinux = options.search_vmlinux;
    kernel.types = options.types;
    kernel.without_tables = options.without_page_tables;
    kernel.dump = dump_options(options);
    return kernel;
}

}  // namespace postmortem
