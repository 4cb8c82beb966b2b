#include "report/log/kernel_log.h"

#include <algorithm>

#include <fmt/format.h>

#include "kernel/printk/printk.h"

namespace postmortem {
namespace {

bool says_nothing(const KernelLog& log) {
    return log.records.empty() &&
           std::any_of(log.problems.begin(), log.problems.end(),
                       [](const Error& problem) { return problem.code == ErrorCode::Corrupt; });
}

// The note that the kernel itself made (kernel/crash_core.c, vmcore_info.c since 6.9), of which the dump has
// a copy.
std::string own_vmcoreinfo(const Kernel& kernel) {
    constexpr std::uint64_t note_bytes = 4096;
    const auto place = kernel.word("vmcoreinfo_note");
    const auto note = place ? kernel.memory().bytes(*place, note_bytes) : fail(place.error());
    if (!note) return {};
    const std::string_view text = as_text(*note);
    const std::size_t begin = text.find("OSRELEASE=");
    return begin == text.npos ? std::string() : std::string(until_nul(text.substr(begin)));
}

}  // namespace

KernelLog make_kernel_log(const Kernel& kernel) {
    KernelLog log = read_printk(kernel.memory(), kernel.vmcoreinfo());
    if (!says_nothing(log)) return log;
    const std::string own = own_vmcoreinfo(kernel);
    KernelLog by_own = read_printk(kernel.memory(), VmcoreInfo(own));
    if (by_own.records.empty()) return log;
    for (Error& problem : log.problems) {
        problem.message += "; the log was read by the copy in the kernel's memory";
        by_own.problems.push_back(std::move(problem));
    }
    return by_own;
}

}  // namespace postmortem
