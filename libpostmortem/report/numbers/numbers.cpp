#include <array>

#include <fmt/format.h>

#include <postmortem/numbers.h>

#include "base/checked.h"
#include "base/text.h"
#include "report/numbers/number_expression.h"

namespace postmortem {
namespace {

std::uint64_t page_size_of(const Kernel& kernel) {
    return kernel.physical().page_size();
}

Result<std::uint64_t> address_word(const std::string& word) {
    if (const auto number = parse_u64(word, 16)) return *number;
    return fail(ErrorCode::InvalidArgument, fmt::format("'{}' is no hexadecimal address", word));
}

std::string character_name(unsigned char c) {
    constexpr std::array<std::string_view, 33> names = {
        "NUL", "SOH", "STX", "ETX", "EOT", "ENQ", "ACK", "BEL", "BS",  "HT",  "LF",
        "VT",  "FF",  "CR",  "SO",  "SI",  "DLE", "DC1", "DC2", "DC3", "DC4", "NAK",
        "SYN", "ETB", "CAN", "EM",  "SUB", "ESC", "FS",  "GS",  "RS",  "US",  "SP"};
    if (c == ' ') return " ";
    if (c < names.size()) return fmt::format("<{}>", names[c]);
    return c == 0x7f ? "<DEL>" : c > 0x7f ? fmt::format("<{:x}>", c) : std::string(1, static_cast<char>(c));
}

Result<std::uint64_t> frame_word(const std::string& word) {
    if (const auto number = parse_u64(word)) return *number;
    if (const auto number = parse_u64(word, 16)) return *number;
    return fail(ErrorCode::InvalidArgument, fmt::format("'{}' is no number of a page frame", word));
}

Result<std::uint64_t> converted_address(const Kernel& kernel, AddressConversion conversion,
                                        const std::string& word, std::uint64_t& shown) {
    const std::uint64_t page = page_size_of(kernel);
    const auto value = conversion == AddressConversion::PageToByte ? frame_word(word) : address_word(word);
    if (!value) return fail(value.error());
    shown = *value;
    if (conversion == AddressConversion::ByteToPage) return *value / page;
    if (conversion == AddressConversion::PageToByte) {
        const auto bytes = checked_mul(*value, page);
        return bytes ? Result<std::uint64_t>(*bytes)
                     : fail(ErrorCode::InvalidArgument,
                            fmt::format("'{}' is no page frame of any machine", word));
    }
    // Its page tables must agree, or it is no address of the direct map.
    (void)kernel.symbols();
    auto address = kernel.memory().direct_map_address(*value);
    if (!address)
        return fail(ErrorCode::NotFound,
                    fmt::format("no address of the direct map is known for {:x}", *value));
    return *address;
}

}  // namespace

Result<EvaluatedNumber> evaluate_number(const CrashDump& dump, const std::string& expression) {
    const auto value = evaluate_number_expression(dump.kernel(), expression);
    if (!value) return fail(value.error());
    return EvaluatedNumber{expression, *value};
}

Result<std::string> ascii_text(const std::vector<std::string>& words) {
    std::string out;
    for (const std::string& word : words) {
        const auto value = parse_u64(word, 16);
        if (!value)
            return fail(ErrorCode::InvalidArgument, fmt::format("'{}' is no hexadecimal number", word));
        std::string characters;
        for (int i = 0; i < 8; ++i)
            characters += character_name(static_cast<unsigned char>(*value >> (8 * i)));
        out += fmt::format("{:016x}: {}\n", *value, characters);
    }
    return out;
}

Result<ConvertedAddresses> convert_addresses(const CrashDump& dump, AddressConversion conversion,
                                             const std::vector<std::string>& words) {
    ConvertedAddresses converted;
    converted.conversion = conversion;
    for (const std::string& word : words) {
        std::uint64_t shown = 0;
        auto value = converted_address(dump.kernel(), conversion, word, shown);
        if (value)
            converted.addresses.emplace_back(shown, *value);
        else
            converted.problems.push_back(std::move(value.error()));
    }
    if (converted.addresses.empty() && !converted.problems.empty()) return fail(converted.problems.front());
    return converted;
}

}  // namespace postmortem
