#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

#include <fmt/format.h>

#include <postmortem/memory_words.h>

#include "commands.h"
#include "rd.h"

namespace tool {
namespace {

constexpr std::size_t piece_size = 1 << 20;

std::optional<std::uint64_t> number(const std::string& text, int base) {
    std::size_t used = 0;
    if (text.empty() || text[0] == '-' || text[0] == '+' || text[0] == ' ') return std::nullopt;
    try {
        const std::uint64_t value = std::stoull(text, &used, base);
        return used == text.size() ? std::optional(value) : std::nullopt;
    } catch (const std::exception&) {
        return std::nullopt;
    }
}

/// Hands the range to `take` piece by piece, until one cannot be read.
template <class Take>
postmortem::Result<void> for_each_piece(const postmortem::PhysicalDump& dump, std::uint64_t address,
                                        std::uint64_t size, Take take) {
    std::vector<std::byte> piece;
    for (std::uint64_t done = 0; done < size;) {
        piece.resize(std::min<std::uint64_t>(piece_size, size - done));
        if (auto read = dump.read(address + done, piece); !read) return read;
        if (!take(address + done, piece))
            return postmortem::fail(postmortem::ErrorCode::Io, "standard output could not be written");
        done += piece.size();
    }
    return {};
}

bool print_words(bool big_endian, std::uint64_t address, const std::vector<std::byte>& bytes,
                 const WordsStyle& style, Output& output) {
    postmortem::MemoryWords words;
    words.address = address;
    words.word_size = style.word_size;
    words.big_endian = big_endian;
    for (std::size_t at = 0; at + style.word_size <= bytes.size(); at += style.word_size) {
        std::uint64_t value = 0;
        for (std::size_t i = 0; i < style.word_size; ++i) {
            const std::size_t byte = big_endian ? i : style.word_size - 1 - i;
            value = value << 8 | std::to_integer<std::uint64_t>(bytes[at + byte]);
        }
        words.words.push_back(value);
    }
    return output.write(to_text(words, style.printed));
}

bool print_raw(const std::vector<std::byte>& bytes, Output& output) {
    return output.write({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

struct Range {
    std::uint64_t address = 0;
    std::uint64_t size = 0;
    bool raw = false;
};

postmortem::Result<Range> range_of(const Arguments& arguments, std::size_t word_size) {
    const auto wrong = [](std::string sentence) {
        return postmortem::fail(postmortem::ErrorCode::InvalidArgument, "rd: " + std::move(sentence));
    };
    if (arguments.rest.empty()) return wrong("no address is given; see `postmortem rd --help`");
    const auto address = number(arguments.rest[0], 16);
    if (!address) return wrong(fmt::format("'{}' is not a hexadecimal address", arguments.rest[0]));
    const auto count =
        arguments.rest.size() > 1 ? number(arguments.rest[1], 0) : std::optional<std::uint64_t>(1);
    if (!count) return wrong(fmt::format("'{}' is not a count", arguments.rest[1]));
    const bool raw = arguments.has("raw");
    const std::uint64_t unit = raw ? 1 : word_size;
    if (*count > (UINT64_MAX - *address) / unit)
        return wrong(
            fmt::format("{} from {:#x} reaches past the end of the address space", *count, *address));
    return Range{*address, *count * unit, raw};
}

}  // namespace

int read_physical(const Arguments& arguments, const WordsStyle& style, Output& output) {
    const auto range = range_of(arguments, style.word_size);
    if (!range) return output.complain(range.error().message);
    const auto dump = postmortem::PhysicalDump::open(arguments.dump, arguments.open_options());
    if (!dump) return output.complain(dump.error().message, unusable_input);
    // All or none: the first pass only proves that every byte is there.
    const auto whole =
        for_each_piece(*dump, range->address, range->size, [](auto, const auto&) { return true; });
    if (!whole)
        return output.complain(fmt::format("{}: {}", arguments.dump, postmortem::describe(whole.error())),
                               unusable_input);
    // Where writing fails, finish() says so.
    (void)for_each_piece(*dump, range->address, range->size, [&](std::uint64_t at, const auto& piece) {
        return range->raw ? print_raw(piece, output)
                          : print_words(dump->big_endian(), at, piece, style, output);
    });
    return output.finish("", {});
}

}  // namespace tool
