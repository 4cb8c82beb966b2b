#include "kernel/panic/taint.h"

#include "log/events/taint_kinds.h"

namespace postmortem {

Result<std::uint64_t> read_taint_mask(const Kernel& kernel) {
    return kernel.word("tainted_mask");
}

std::vector<TaintFlag> decode_taints(std::uint64_t mask) {
    std::vector<TaintFlag> flags;
    for (unsigned bit = 0; bit < 64; ++bit) {
        if ((mask >> bit & 1) == 0) continue;
        if (bit < taint_kinds.size())
            flags.push_back({bit, taint_kinds[bit].letter, taint_kinds[bit].meaning});
        else
            flags.push_back({bit, '?', "a taint newer than this library"});
    }
    return flags;
}

}  // namespace postmortem
