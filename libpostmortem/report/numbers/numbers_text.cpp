#include <array>
#include <bitset>

#include <fmt/format.h>

#include <postmortem/numbers.h>

namespace postmortem {
namespace {

std::string in_units(std::uint64_t value) {
    constexpr std::array<std::pair<unsigned, const char*>, 3> units = {{{30, "GB"}, {20, "MB"}, {10, "KB"}}};
    for (const auto& [shift, name] : units)
        if (value != 0 && value % (1ull << shift) == 0) return fmt::format("({}{})", value >> shift, name);
    return {};
}

}  // namespace

std::string to_text(const EvaluatedNumber& number, bool bits) {
    const std::uint64_t value = number.value;
    const auto as_signed = static_cast<std::int64_t>(value);
    std::string out = fmt::format("hexadecimal: {:x}  {}\n", value, in_units(value));
    out += fmt::format("    decimal: {}  {}\n", value, as_signed < 0 ? fmt::format("({})", as_signed) : "");
    out += fmt::format("      octal: {:o}\n     binary: {}\n", value, std::bitset<64>(value).to_string());
    if (!bits) return out;
    out += "   bits set: ";
    std::size_t column = 13;
    for (int bit = 63; bit >= 0; --bit) {
        if (!(value >> bit & 1)) continue;
        const std::string word = fmt::format("{} ", bit);
        if (column + word.size() > 80) {
            out += "\n             ";
            column = 13;
        }
        out += word;
        column += word.size();
    }
    return out + '\n';
}

std::string ascii_chart() {
    constexpr std::array<const char*, 33> names = {
        "NUL", "SOH", "STX", "ETX", "EOT", "ENQ", "ACK", "BEL", " BS", " HT", " LF",
        " VT", " FF", " CR", " SO", " SI", "DLE", "DC1", "DC2", "DC3", "DC4", "NAK",
        "SYN", "ETB", "CAN", " EM", "SUB", "ESC", " FS", " GS", " RS", " US", " SP"};
    std::string out = "\n      0    1   2   3   4   5   6   7\n    +-------------------------------\n";
    for (unsigned row = 0; row < 16; ++row) {
        out += fmt::format("  {:X} |", row);
        for (unsigned column = 0; column < 8; ++column) {
            const unsigned c = column * 16 + row;
            if (c < names.size())
                out += fmt::format(" {}", names[c]);
            else
                out +=
                    c == 0x7f ? " DEL" : fmt::format("  {}{}", static_cast<char>(c), column < 7 ? " " : "");
        }
        out += '\n';
    }
    return out + '\n';
}

std::string to_text(const ConvertedAddresses& converted) {
    std::string out;
    const ConvertedAddress* before = nullptr;
    for (const ConvertedAddress& address : converted.addresses) {
        if (address.cpu) {
            if (before == nullptr || !before->cpu || before->from != address.from ||
                *before->cpu >= *address.cpu)
                out += fmt::format("{}PER-CPU OFFSET: {:x}\n  CPU    {:<16}\n", out.empty() ? "" : "\n",
                                   address.from, "VIRTUAL");
            out += fmt::format("  [{}]  {:x}\n", *address.cpu, address.to);
        } else if (converted.conversion == AddressConversion::PhysicalToVirtual) {
            out += fmt::format("{}{:<16}  {:<16}\n{:<16x}  {:<16x}\n", out.empty() ? "" : "\n", "VIRTUAL",
                               "PHYSICAL", address.to, address.from);
        } else {
            out += fmt::format("{:x}: {:x}\n", address.from, address.to);
        }
        before = &address;
    }
    return out;
}

}  // namespace postmortem
