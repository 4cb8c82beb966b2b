#include "kernel/unwind/code_map.h"

#include <array>
#include <mutex>

namespace postmortem {
namespace {

// Whether the bytes before a return address end in a call instruction: `before` holds the seven of them.
bool ends_in_call(const std::array<std::byte, 7>& before) {
    const auto byte = [&](std::size_t back) {
        return std::to_integer<unsigned>(before[before.size() - back]);
    };
    if (byte(5) == 0xe8) return true;  // call rel32
    // call r/m64 is FF /2, with 2 to 7 bytes by its addressing mode.
    const auto indirect = [&](std::size_t length) {
        if (byte(length) != 0xff) return false;
        const unsigned modrm = byte(length - 1);
        if ((modrm >> 3 & 7) != 2) return false;
        const unsigned mode = modrm >> 6, base = modrm & 7;
        const bool sib = mode != 3 && base == 4;
        std::size_t size = 2 + (sib ? 1 : 0);
        if (mode == 1) size += 1;
        if (mode == 2 || (mode == 0 && base == 5)) size += 4;
        return size == length;
    };
    for (std::size_t length = 2; length <= before.size(); ++length)
        if (indirect(length)) return true;
    return false;
}

}  // namespace

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
    std::array<std::byte, 7> before;
    if (address < before.size() || !source_.may_be_text(address - 1)) return false;
    if (!at(address - 1).is_text) return false;
    // Text that the dump lacks cannot speak against the address.
    if (!memory_.read(address - before.size(), before)) return true;
    return ends_in_call(before);
}

std::optional<std::uint64_t> CodeMap::call_target(std::uint64_t address) const {
    constexpr std::uint64_t length = 5;  // E8 rel32
    if (address < length || !source_.may_be_text(address - length)) return std::nullopt;
    const auto opcode = memory_.get<std::uint8_t>(address - length);
    const auto distance = memory_.get<std::int32_t>(address - length + 1);
    if (!opcode || *opcode != 0xe8 || !distance) return std::nullopt;
    return address + static_cast<std::uint64_t>(std::int64_t{*distance});
}

}  // namespace postmortem
