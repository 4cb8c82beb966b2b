#include "arch/x86/more_instructions.h"

#include <array>

#include <fmt/format.h>

#include "arch/x86/code_prefixes.h"

namespace postmortem::x86 {
namespace {

struct KnownCode {
    std::uint8_t prefix;               ///< 0: none
    std::array<std::uint8_t, 2> code;  ///< behind 0x0f
    const char* text;                  ///< with the registers of 64 bits
    const char* text_32 = nullptr;
};

constexpr std::array known_codes = {
    KnownCode{0, {0x01, 0xc8}, "monitor %rax,%ecx,%edx", "monitor %eax,%ecx,%edx"},
    KnownCode{0, {0x01, 0xc9}, "mwait  %eax,%ecx"},
    KnownCode{0, {0x01, 0xe8}, "serialize"},
    KnownCode{0, {0x01, 0xee}, "rdpkru"},
    KnownCode{0, {0x01, 0xef}, "wrpkru"},
    KnownCode{0, {0x01, 0xfa}, "monitorx %rax,%ecx,%edx", "monitorx %eax,%ecx,%edx"},
    KnownCode{0, {0x01, 0xfb}, "mwaitx %eax,%ecx,%ebx"},
    KnownCode{0xf3, {0x01, 0xd9}, "vmgexit"},
    KnownCode{0xf2, {0x01, 0xd9}, "vmgexit"},
    KnownCode{0xf2, {0x01, 0xff}, "pvalidate"},
    KnownCode{0xf3, {0x01, 0xff}, "psmash"},
    KnownCode{0xf2, {0x01, 0xfe}, "rmpupdate"},
    KnownCode{0xf3, {0x01, 0xfe}, "rmpadjust"},
    KnownCode{0, {0x01, 0xfe}, "invlpgb"},
    KnownCode{0, {0x01, 0xff}, "tlbsync"},
    KnownCode{0x66, {0x01, 0xcc}, "tdcall"},
    KnownCode{0x66, {0x01, 0xcf}, "seamcall"},
    KnownCode{0xf2, {0x01, 0xca}, "erets"},
    KnownCode{0xf3, {0x01, 0xca}, "eretu"},
};

constexpr std::array<const char*, 16> registers_32 = {"eax",  "ecx",  "edx",  "ebx", "esp",  "ebp",
                                                      "esi",  "edi",  "r8d",  "r9d", "r10d", "r11d",
                                                      "r12d", "r13d", "r14d", "r15d"};
constexpr std::array<const char*, 16> registers_64 = {"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
                                                      "r8",  "r9",  "r10", "r11", "r12", "r13", "r14", "r15"};

std::uint8_t byte_at(Bytes code, std::size_t at) {
    return std::to_integer<std::uint8_t>(code[at]);
}

std::optional<std::string> waiting_text(const CodePrefixes& prefixes, unsigned rm, bool long_mode) {
    if (prefixes.repeat == 0xf3)
        return fmt::format("umonitor %{}", long_mode ? registers_64[rm] : registers_32[rm]);
    if (prefixes.repeat == 0xf2) return fmt::format("umwait %{}", registers_32[rm]);
    return prefixes.operand_size ? std::optional(fmt::format("tpause %{}", registers_32[rm])) : std::nullopt;
}

std::optional<std::string> register_text(const CodePrefixes& prefixes, std::uint8_t opcode,
                                         std::uint8_t modrm, bool long_mode) {
    if (modrm < 0xc0) return std::nullopt;
    const unsigned reg = ((modrm >> 3) & 7) + (prefixes.rex & 4 ? 8 : 0);
    const unsigned rm = (modrm & 7) + (prefixes.rex & 1 ? 8 : 0);
    if (opcode == 0xb9) {
        const auto& names = prefixes.wide() ? registers_64 : registers_32;
        return fmt::format("ud1    %{},%{}", names[rm], names[reg]);
    }
    const unsigned digit = (modrm >> 3) & 7;
    if (opcode == 0x00 && digit == 6 && prefixes.repeat == 0xf2)
        return fmt::format("lkgs   %{}", registers_32[rm]);
    if (opcode == 0xae && digit == 6) return waiting_text(prefixes, rm, long_mode);
    if (opcode == 0x00 && (digit == 2 || digit == 3) && !prefixes.operand_size)
        return fmt::format("{} %{}", digit == 2 ? "lldt  " : "ltr   ", registers_32[rm]);
    return std::nullopt;
}

}  // namespace

std::optional<DecodedInstruction> decode_what_capstone_lacks(Bytes code, bool long_mode) {
    const CodePrefixes prefixes = read_prefixes(code, long_mode);
    const std::size_t at = prefixes.length();
    const auto size = static_cast<std::uint32_t>(at);
    if (code.size() > at && byte_at(code, at) == 0x90 && prefixes.operand_size && prefixes.repeat == 0 &&
        !prefixes.rex)
        return DecodedInstruction{
            size + 1,
            fmt::format("{:<6} %ax,%ax",
                        prefix_words(prefixes, {false, false, true, false}, long_mode, "repz") + "xchg"),
            {}};
    constexpr std::array<std::uint8_t, 5> tile_release = {0xc4, 0xe2, 0x78, 0x49, 0xc0};
    if (long_mode && at == 0 && code.size() >= tile_release.size()) {
        bool same = true;
        for (std::size_t i = 0; i < tile_release.size(); ++i) same &= byte_at(code, i) == tile_release[i];
        if (same) return DecodedInstruction{tile_release.size(), "tilerelease", {}, {}};
    }
    if (code.size() < at + 3 || byte_at(code, at) != 0x0f) return std::nullopt;
    const std::uint8_t opcode = byte_at(code, at + 1), next = byte_at(code, at + 2);
    const std::uint8_t prefix = prefixes.repeat == 0 && prefixes.operand_size ? 0x66 : prefixes.repeat;
    for (const KnownCode& known : known_codes)
        if (known.prefix == prefix && known.code[0] == opcode && known.code[1] == next)
            return DecodedInstruction{
                size + 3, !long_mode && known.text_32 ? known.text_32 : known.text, {}, {}};
    if (auto text = register_text(prefixes, opcode, next, long_mode))
        return DecodedInstruction{size + 3, std::move(*text), {}, {}};
    return std::nullopt;
}

}  // namespace postmortem::x86
