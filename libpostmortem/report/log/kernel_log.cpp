#include "report/log/kernel_log.h"

#include "kernel/printk/printk.h"

namespace postmortem {

KernelLog make_kernel_log(const Kernel& kernel) {
    return read_printk(kernel.memory(), kernel.vmcoreinfo());
}

}  // namespace postmortem
