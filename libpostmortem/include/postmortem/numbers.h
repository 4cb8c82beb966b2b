// Numbers and addresses in other forms. What `eval`, `ascii`, `btop`, `ptob`, `ptov` print.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <postmortem/crash_dump.h>
#include <postmortem/problem.h>

namespace postmortem {

struct EvaluatedNumber {
    std::string expression;
    std::uint64_t value = 0;
};

/// "128m", "init_task + 8", "(1 << 32)": numbers, which may be hexadecimal without saying so where they
/// cannot be anything else, with k, m or g behind them; symbols of the kernel; + - * / % & | ^ << >> ~ and
/// brackets. InvalidArgument, with the column, where it makes no sense.
POSTMORTEM_API Result<EvaluatedNumber> evaluate_number(const CrashDump& dump, const std::string& expression);
/// With `bits` also which of them are set.
POSTMORTEM_API std::string to_text(const EvaluatedNumber& number, bool bits = false);
POSTMORTEM_API std::string to_json(const EvaluatedNumber& number);

/// Each word's bytes as characters, the lowest first. InvalidArgument for a word that is no number.
POSTMORTEM_API Result<std::string> ascii_text(const std::vector<std::string>& words);
/// The chart of all characters.
POSTMORTEM_API std::string ascii_chart();

enum class AddressConversion : std::uint8_t {
    ByteToPage,         ///< btop: the number of the page frame
    PageToByte,         ///< ptob
    PhysicalToVirtual,  ///< ptov: in the direct map
};

struct ConvertedAddress {
    std::uint64_t from = 0;
    std::uint64_t to = 0;
    std::optional<std::uint32_t> cpu;  ///< `from` is an offset in the memory of its own that this CPU has
};

struct ConvertedAddresses {
    AddressConversion conversion = AddressConversion::ByteToPage;
    std::vector<ConvertedAddress> addresses;
    Problems problems;
};

/// Hexadecimal words; of page frames decimal ones, too, unless they begin with 0x. For ptov also an offset in
/// per-CPU memory with CPUs, "15140:0-3"; behind the colon "a" stands for all of them.
POSTMORTEM_API Result<ConvertedAddresses> convert_addresses(const CrashDump& dump,
                                                            AddressConversion conversion,
                                                            const std::vector<std::string>& words);
POSTMORTEM_API std::string to_text(const ConvertedAddresses& converted);
POSTMORTEM_API std::string to_json(const ConvertedAddresses& converted);

}  // namespace postmortem
