#include <array>

#include <fmt/format.h>

#include <postmortem/numbers.h>

#include "base/checked.h"
#include "base/text.h"
#include "kernel/percpu.h"
#include "report/numbers/number_expression.h"
#include "report/values/address_word.h"

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

Result<ConvertedAddress> converted_address(const Kernel& kernel, AddressConversion conversion,
                                           const std::string& word) {
    const std::uint64_t page = page_size_of(kernel);
    const auto value = conversion == AddressConversion::PageToByte ? frame_word(word) : address_word(word);
    if (!value) return fail(value.error());
    if (conversion == AddressConversion::ByteToPage) return ConvertedAddress{*value, *value / page, {}};
    if (conversion == AddressConversion::PageToByte) {
        const auto bytes = checked_mul(*value, page);
        return bytes ? Result<ConvertedAddress>({*value, *bytes, {}})
                     : fail(ErrorCode::InvalidArgument,
                            fmt::format("'{}' is no page frame of any machine", word));
    }
    (void)kernel.symbols();  // which may give the direct map away
    const auto map = kernel.memory().direct_map();
    if (!map) return fail(kernel.memory().why_no_direct_map());
    const auto address = map->to_virtual(*value);
    if (!address)
        return fail(ErrorCode::NotFound,
                    fmt::format("no address of the direct map is known for {:x}", *value));
    return ConvertedAddress{*value, *address, {}};
}

// "15140:0-3"
Result<std::vector<ConvertedAddress>> per_cpu_addresses(const Kernel& kernel, std::string_view offset_word,
                                                        std::string_view cpu_words) {
    const auto offset = address_word(std::string(offset_word));
    if (!offset) return fail(offset.error());
    const auto cpus = resolve_cpus(kernel, cpu_words, 0);
    if (!cpus) return fail(cpus.error());
    std::vector<ConvertedAddress> converted;
    for (const std::uint32_t cpu : *cpus) {
        const auto address = per_cpu_address(kernel, *offset, cpu);
        if (!address) return fail(address.error());
        converted.push_back({*offset, *address, cpu});
    }
    return converted;
}

Result<std::vector<ConvertedAddress>> converted_word(const Kernel& kernel, AddressConversion conversion,
                                                     const std::string& word) {
    if (const auto [offset, cpus] = split_cpu_word(word);
        cpus && conversion == AddressConversion::PhysicalToVirtual)
        return per_cpu_addresses(kernel, offset, *cpus);
    const auto one = converted_address(kernel, conversion, word);
    if (!one) return fail(one.error());
    return std::vector{*one};
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
        auto made = converted_word(dump.kernel(), conversion, word);
        if (made)
            converted.addresses.insert(converted.addresses.end(), made->begin(), made->end());
        else
            converted.problems.push_back(std::move(made.error()));
    }
    if (converted.addresses.empty() && !converted.problems.empty()) return fail(converted.problems.front());
    return converted;
}

}  // namespace postmortem
