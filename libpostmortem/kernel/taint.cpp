#include "kernel/taint.h"

#include <array>

namespace postmortem {
namespace {

struct KnownTaint {
    char letter;
    const char* meaning;
};

// TAINT_* of include/linux/panic.h, by number; a number never changes its meaning.
constexpr std::array<KnownTaint, 20> known_taints = {{
    {'P', "a proprietary module was loaded"},
    {'F', "a module was force-loaded"},
    {'S', "the kernel runs on hardware out of its specification"},
    {'R', "a module was force-unloaded"},
    {'M', "the processor reported a machine check"},
    {'B', "a page was in a bad state"},
    {'U', "user space asked for the taint"},
    {'D', "the kernel oopsed before"},
    {'A', "an ACPI table was overridden"},
    {'W', "the kernel issued a warning"},
    {'C', "a staging driver was loaded"},
    {'I', "a firmware bug was worked around"},
    {'O', "a module from outside the kernel tree was loaded"},
    {'E', "an unsigned module was loaded"},
    {'L', "a CPU was locked up"},
    {'K', "the kernel was live-patched"},
    {'X', "the distribution's own taint"},
    {'T', "the kernel was built with randomised structs"},
    {'N', "an in-kernel test was run"},
    {'J', "user space changed a device's firmware settings"},
}};

}  // namespace

Result<std::uint64_t> read_taint_mask(const Kernel& kernel) {
    return kernel.number<std::uint64_t>("tainted_mask");
}

std::vector<TaintFlag> decode_taints(std::uint64_t mask) {
    std::vector<TaintFlag> flags;
    for (unsigned bit = 0; bit < 64; ++bit) {
        if ((mask >> bit & 1) == 0) continue;
        if (bit < known_taints.size())
            flags.push_back({bit, known_taints[bit].letter, known_taints[bit].meaning});
        else
            flags.push_back({bit, '?', "a taint newer than this library"});
    }
    return flags;
}

}  // namespace postmortem
