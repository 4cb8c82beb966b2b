#include "kernel/unwind/code_map.h"

#include <array>
#include <mutex>

namespace postmortem {
const CodePlace& CodeMap::at(std::uint64_t ip) const {
    {
        const std::shared_lock guard(lock_);
        if (const auto known = places_.find(ip); known != places_.end()) return *known->second;
    }
    auto place = std::make_unique<const CodePlace>(source_.look_up(ip));
    const std::unique_lock guard(lock_);
    return *places_.emplace(ip, std::move(place)).first->second;
}

bool CodeMap::is_return_address(std::uint64_t address) const {
    const CallSites& calls = arch_.code.calls;
    std::array<std::byte, longest_call> raw;
    const MutableBytes before = MutableBytes(raw).first(calls.longest);
    if (address < before.size() || !source_.may_be_text(address - 1)) return false;
    const CodePlace& place = at(address - 1);
    if (!place.is_text) return false;
    // Text that is gone cannot speak against the address, be it from the kernel or from the dump.
    if (place.is_init) return true;
    if (!memory_.read(address - before.size(), before)) return true;
    return calls.ends_in_call(before, memory_.endian());
}

bool CodeMap::has_frame(std::uint64_t ip) const {
    return holds_before(ip, arch_.code.has_frame);
}

bool CodeMap::keeps_link(std::uint64_t ip) const {
    return holds_before(ip, arch_.code.keeps_link);
}

bool CodeMap::holds_before(std::uint64_t ip, CodeTest test) const {
    constexpr std::uint64_t most_code = 16 * 1024;
    const CodePlace& place = at(ip);
    if (!test || place.start == 0 || ip < place.start || ip - place.start > most_code) return true;
    const auto code = memory_.bytes(place.start, ip - place.start);
    return !code || test(*code, memory_.endian());
}

std::optional<std::uint64_t> CodeMap::call_target(std::uint64_t address) const {
    const CallSites& calls = arch_.code.calls;
    std::array<std::byte, longest_call> raw;
    const MutableBytes call = MutableBytes(raw).first(calls.direct_size);
    if (address < call.size() || !source_.may_be_text(address - call.size())) return std::nullopt;
    if (!memory_.read(address - call.size(), call)) return std::nullopt;
    return calls.direct_target(call, memory_.endian(), address);
}

}  // namespace postmortem
