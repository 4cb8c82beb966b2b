#include "arch/x86/code_prefixes.h"

namespace postmortem::x86 {
namespace {

enum class PrefixKind : std::uint8_t { None, Lock, Repeat, Segment, OperandSize, AddressSize };

PrefixKind kind_of(std::uint8_t byte) {
    switch (byte) {
        case 0xf0: return PrefixKind::Lock;
        case 0xf2:
        case 0xf3: return PrefixKind::Repeat;
        case 0x26:
        case 0x2e:
        case 0x36:
        case 0x3e:
        case 0x64:
        case 0x65: return PrefixKind::Segment;
        case 0x66: return PrefixKind::OperandSize;
        case 0x67: return PrefixKind::AddressSize;
        default: return PrefixKind::None;
    }
}

const char* word_of(std::uint8_t byte, bool long_mode, const char* repeat_word) {
    switch (byte) {
        case 0xf0: return "lock";
        case 0xf2: return "repnz";
        case 0xf3: return repeat_word;
        case 0x26: return "es";
        case 0x2e: return "cs";
        case 0x36: return "ss";
        case 0x3e: return "ds";
        case 0x64: return "fs";
        case 0x65: return "gs";
        case 0x66: return "data16";
        default: return long_mode ? "addr32" : "addr16";
    }
}

bool is_spoken(const SpokenPrefixes& spoken, PrefixKind kind) {
    switch (kind) {
        case PrefixKind::Segment: return spoken.segment;
        case PrefixKind::Repeat: return spoken.repeat;
        case PrefixKind::OperandSize: return spoken.operand_size;
        case PrefixKind::AddressSize: return spoken.address_size;
        default: return false;
    }
}

}  // namespace

CodePrefixes read_prefixes(Bytes code, bool long_mode) {
    CodePrefixes found;
    for (const std::byte byte : code) {
        const auto value = std::to_integer<std::uint8_t>(byte);
        const PrefixKind kind = kind_of(value);
        if (kind == PrefixKind::None || found.count == found.bytes.size()) {
            if (long_mode && (value & 0xf0) == 0x40) found.rex = value;
            break;
        }
        found.bytes[found.count++] = value;
        if (kind == PrefixKind::Segment) found.segment = value;
        if (kind == PrefixKind::Repeat) found.repeat = value;
        found.lock |= kind == PrefixKind::Lock;
        found.operand_size |= kind == PrefixKind::OperandSize;
        found.address_size |= kind == PrefixKind::AddressSize;
    }
    return found;
}

std::string prefix_words(const CodePrefixes& prefixes, const SpokenPrefixes& spoken, bool long_mode,
                         const char* repeat_word) {
    std::string words;
    for (std::size_t i = 0; i < prefixes.count; ++i) {
        const PrefixKind kind = kind_of(prefixes.bytes[i]);
        bool last = true;
        for (std::size_t j = i + 1; j < prefixes.count; ++j) last &= kind_of(prefixes.bytes[j]) != kind;
        if (last && is_spoken(spoken, kind)) continue;
        words += word_of(prefixes.bytes[i], long_mode, repeat_word);
        words += ' ';
    }
    return words;
}

}  // namespace postmortem::x86
