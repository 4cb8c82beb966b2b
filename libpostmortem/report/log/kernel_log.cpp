#include "report/log/kernel_log.h"

#include "kernel/printk/printk.h"

namespace postmortem {

KernelLog make_kernel_log(const Kernel& kernel) {
    KernelLog log = read_printk(kernel.memory(), kernel.vmcoreinfo());
    const auto& of_the_file = kernel.dump().problems();
    log.problems.insert(log.problems.begin(), of_the_file.begin(), of_the_file.end());
    return log;
}

}  // namespace postmortem
