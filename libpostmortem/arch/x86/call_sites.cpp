#include "arch/x86/call_sites.h"

namespace postmortem::x86 {
namespace {

constexpr std::uint32_t longest_call = 7;
constexpr std::uint32_t direct_call = 5;  // E8 rel32
constexpr std::uint8_t call_opcode = 0xe8, jump_opcode = 0xe9;

bool ends_in_call(Bytes before, Endian) {
    const auto byte = [&](std::size_t back) {
        return std::to_integer<unsigned>(before[before.size() - back]);
    };
    if (byte(direct_call) == call_opcode) return true;
    // call r/m is FF /2, with 2 to 7 bytes by its addressing mode.
    const auto indirect = [&](std::size_t length) {
        if (byte(length) != 0xff) return false;
        const unsigned modrm = byte(length - 1);
        if ((modrm >> 3 & 7) != 2) return false;
        const unsigned mode = modrm >> 6, base = modrm & 7;
        const bool sib = mode != 3 && base == 4;
        if (sib && length < 3) return false;
        std::size_t size = 2 + (sib ? 1 : 0);
        // A table that is indexed: call *sys_call_table(,%rax,8).
        const bool no_base = (sib ? byte(length - 2) & 7 : base) == 5;
        if (mode == 1) size += 1;
        if (mode == 2 || (mode == 0 && no_base)) size += 4;
        return size == length;
    };
    for (std::size_t length = 2; length <= before.size(); ++length)
        if (indirect(length)) return true;
    return false;
}

std::uint64_t target_of(const std::byte* distance, std::uint64_t next_instruction) {
    return next_instruction +
           static_cast<std::uint64_t>(std::int64_t{load<std::int32_t>(distance, Endian::Little)});
}

std::optional<std::uint64_t> direct_target(Bytes call, Endian, std::uint64_t return_address) {
    if (std::to_integer<std::uint8_t>(call[0]) != call_opcode) return std::nullopt;
    return target_of(call.data() + 1, return_address);
}

// A few bytes that only look like such a call do not matter: their target would have to be that very
// function.
bool reaches(Bytes code, Endian, std::uint64_t start, std::uint64_t target) {
    for (std::size_t at = 0; at + direct_call <= code.size(); ++at) {
        const auto opcode = std::to_integer<std::uint8_t>(code[at]);
        if (opcode != call_opcode && opcode != jump_opcode) continue;
        if (target_of(code.data() + at + 1, start + at + direct_call) == target) return true;
    }
    return false;
}

}  // namespace

// A frame is made with push %ebp; mov %esp,%ebp, anything else on the stack with a push or by sub $n,%esp.
// Bytes that only look like these make a frame out of none, and nothing is concluded from it.
bool has_frame(Bytes code, Endian) {
    const auto byte = [&](std::size_t at) {
        return at < code.size() ? std::to_integer<unsigned>(code[at]) : 0;
    };
    const bool marked = byte(0) == 0xf3 && byte(1) == 0x0f && byte(2) == 0x1e;  // ENDBR
    std::size_t first = marked ? 4 : 0;
    if (byte(first) == call_opcode || (byte(first) == 0x0f && byte(first + 1) == 0x1f))  // of the tracer
        first += direct_call;
    const auto is_push = [](unsigned opcode) { return opcode >= 0x50 && opcode <= 0x57; };
    if (is_push(byte(first)) || (byte(first) == 0x41 && is_push(byte(first + 1)))) return true;
    for (std::size_t at = first; at + 1 < code.size(); ++at) {
        if ((byte(at) == 0x83 || byte(at) == 0x81) && byte(at + 1) == 0xec) return true;
        const std::size_t move = at + (byte(at + 1) == 0x48 ? 2 : 1);
        if (byte(at) == 0x55 && ((byte(move) == 0x89 && byte(move + 1) == 0xe5) ||
                                 (byte(move) == 0x8b && byte(move + 1) == 0xec)))
            return true;
    }
    return false;
}

const CallSites call_sites = {longest_call, ends_in_call, direct_call, direct_target, reaches};

}  // namespace postmortem::x86
