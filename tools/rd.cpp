#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

#include <fmt/format.h>

#include "commands.h"

namespace tool {
namespace {

constexpr std::size_t piece_size = 1 << 20;
constexpr std::size_t word_size = 8;
constexpr std::size_t words_per_line = 2;

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

char printable(std::byte byte) {
    const char c = static_cast<char>(byte);
    return c >= 0x20 && c < 0x7f ? c : '.';
}

// As crash's rd: two 64-bit words a line, and the bytes as text.
std::string word_line(bool big_endian, std::uint64_t address, std::span<const std::byte> bytes) {
    std::string line = fmt::format("{:16x}:  ", address);
    for (std::size_t word = 0; word < words_per_line; ++word) {
        if (word * word_size >= bytes.size()) {
            line += std::string(word_size * 2 + 1, ' ');
            continue;
        }
        std::uint64_t value;
        std::memcpy(&value, bytes.data() + word * word_size, sizeof value);
        if (big_endian) value = __builtin_bswap64(value);
        line += fmt::format("{:016x} ", value);
    }
    line += "  ";
    for (const std::byte byte : bytes) line += printable(byte);
    return line + '\n';
}

bool print_words(bool big_endian, std::uint64_t address, const std::vector<std::byte>& bytes,
                 Output& output) {
    const std::span<const std::byte> all(bytes);
    for (std::size_t at = 0; at < bytes.size(); at += word_size * words_per_line) {
        const std::size_t size = std::min(word_size * words_per_line, bytes.size() - at);
        if (!output.write(word_line(big_endian, address + at, all.subspan(at, size)))) return false;
    }
    return true;
}

bool print_raw(const std::vector<std::byte>& bytes, Output& output) {
    return output.write({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

struct Range {
    std::uint64_t address = 0;
    std::uint64_t size = 0;
    bool raw = false;
};

postmortem::Result<Range> range_of(const Arguments& arguments) {
    const auto wrong = [](std::string sentence) {
        return postmortem::fail(postmortem::ErrorCode::InvalidArgument, "rd: " + std::move(sentence));
    };
    if (!arguments.has("physical"))
        return wrong("say -p: physical addresses are what rd reads; see `postmortem rd --help`");
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

Syntax syntax() {
    Syntax syntax{
        "-p DUMP ADDR [COUNT]",
        "Reads physical memory: COUNT 64-bit words (1 if not given) at the hexadecimal address ADDR.\n"
        "With --raw, COUNT is in bytes and the bytes themselves go to standard output, all of them or none:\n"
        "a byte that the dump does not hold is an error that says why.\n\n"
        "  postmortem rd -p vmcore 1000 4\n"
        "  postmortem rd -p --raw vmcore 0x1000 4096 > page\n"};
    syntax.options = {on_or_off("physical,p", "ADDR is a physical address"),
                      on_or_off("raw", "write the bytes themselves; COUNT is in bytes")};
    syntax.reads_kernel = false;
    syntax.has_json = false;
    syntax.most_operands = 2;
    return syntax;
}

int read(const Arguments& arguments, Output& output) {
    const auto range = range_of(arguments);
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
        return range->raw ? print_raw(piece, output) : print_words(dump->big_endian(), at, piece, output);
    });
    return output.finish("", {});
}

}  // namespace

const Command rd_command = {"rd", "physical memory", syntax, nullptr, read};

}  // namespace tool
