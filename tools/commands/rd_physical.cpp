#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <memory>
#include <vector>

#include <fmt/format.h>

#include <postmortem/memory_words.h>

#include "commands.h"
#include "rd.h"

namespace tool {
namespace {

constexpr std::size_t piece_size = 1 << 20;
constexpr std::uint64_t longest_text = 1 << 24;

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
template <class Source, class Take>
postmortem::Result<void> for_each_piece(const Source& dump, std::uint64_t address, std::uint64_t size,
                                        Take take) {
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
            const std::size_t byte = big_endian || style.network_order ? i : style.word_size - 1 - i;
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

tl::unexpected<postmortem::Error> wrong(std::string sentence) {
    return postmortem::fail(postmortem::ErrorCode::InvalidArgument, "rd: " + std::move(sentence));
}

// As many as are said, up to the address that is.
postmortem::Result<std::uint64_t> count_of(const Arguments& arguments, std::uint64_t address,
                                           std::uint64_t unit) {
    const bool is_said = arguments.rest.size() > 1, ends = arguments.has("end");
    const auto count = is_said ? number(arguments.rest[1], 0) : std::optional<std::uint64_t>(1);
    if (!count) return wrong(fmt::format("'{}' is not a count", arguments.rest[1]));
    if (!ends && !is_said && arguments.has("raw-to")) return wrong("-r wants a count of bytes");
    if (!ends) return *count;
    const auto end = number(arguments.text("end"), 16);
    if (!end) return wrong(fmt::format("'{}' is not a hexadecimal address", arguments.text("end")));
    if (*end <= address) return wrong(fmt::format("{:x} does not lie behind {:x}", *end, address));
    const std::uint64_t up_to_end = (*end - address - 1) / unit + 1;
    return is_said ? std::min(*count, up_to_end) : up_to_end;
}

postmortem::Result<Range> range_of(const Arguments& arguments, std::size_t word_size) {
    if (arguments.rest.empty()) return wrong("no address is given; see `postmortem rd --help`");
    const auto address = number(arguments.rest[0], 16);
    if (!address) return wrong(fmt::format("'{}' is not a hexadecimal address", arguments.rest[0]));
    const auto offset = arguments.has("offset") ? offset_in_bytes(arguments.text("offset")) : 0;
    if (!offset) return wrong(fmt::format("'{}' is not an offset", arguments.text("offset")));
    const bool raw = arguments.has("raw") || arguments.has("raw-to");
    Range range{*address + static_cast<std::uint64_t>(*offset), 0, raw};
    const std::uint64_t unit = raw ? 1 : word_size;
    const auto count = count_of(arguments, range.address, unit);
    if (!count) return postmortem::fail(count.error());
    if (*count > (UINT64_MAX - range.address) / unit)
        return wrong(
            fmt::format("{} from {:#x} reaches past the end of the address space", *count, range.address));
    range.size = *count * unit;
    // The last of them lies at the address.
    if (arguments.has("reverse") && *count > 0) {
        if (range.size - unit > range.address)
            return wrong(fmt::format("{} words up to {:#x} are more than there are", *count, range.address));
        range.address -= range.size - unit;
    }
    return range;
}

std::size_t unit_of(const Arguments& arguments, const WordsStyle& style) {
    return arguments.has("text") ? 1 : style.word_size;
}

// All or none: the first pass only proves that every byte is there.
template <class Source>
int print_range(const Arguments& arguments, const Source& source, bool big_endian, const Range& range,
                const WordsStyle& style, Output& output) {
    std::vector<std::byte> kept;
    const auto whole = for_each_piece(source, range.address, range.size, [&](auto, const auto& piece) {
        if (arguments.has("raw-to")) kept.insert(kept.end(), piece.begin(), piece.end());
        return true;
    });
    if (!whole)
        return output.complain(fmt::format("{}: {}", arguments.dump, postmortem::describe(whole.error())),
                               unusable_input);
    if (arguments.has("raw-to")) return write_bytes(arguments, range.address, kept, output);
    // Where writing fails, finish() says so.
    (void)for_each_piece(source, range.address, range.size, [&](std::uint64_t at, const auto& piece) {
        return range.raw ? print_raw(piece, output) : print_words(big_endian, at, piece, style, output);
    });
    return output.finish("", {});
}

// Characters, as memory_words() reads them: without a count up to the first byte that is none, with one
// behind those that are none.
template <class Source>
int print_text(const Arguments& arguments, const Source& source, const Range& range, Output& output) {
    const bool counted = arguments.rest.size() > 1 || arguments.has("end");
    const std::uint64_t most = counted ? range.size : longest_text;
    postmortem::MemoryWords words;
    words.text.emplace();
    words.address = range.address;
    for (std::uint64_t i = 0; i < most; ++i) {
        std::array<std::byte, 1> byte{};
        if (auto read = source.read(range.address + i, byte); !read) {
            if (i == 0) return output.refuse(read.error());
            words.problems.push_back(std::move(read.error()));
            break;
        }
        const char c = static_cast<char>(byte[0]);
        const bool printable = c >= ' ' && c <= '~';
        if (printable) add_character(words, range.address + i, c);
        if (!printable && !counted) break;
    }
    return output.finish(to_text(words), words.problems);
}

class PlainFile {
  public:
    explicit PlainFile(const std::string& path) : file_(std::fopen(path.c_str(), "rb"), std::fclose) {}

    bool is_open() const { return file_ != nullptr; }
    postmortem::Result<void> read(std::uint64_t offset, std::span<std::byte> out) const {
        const bool there = std::fseek(file_.get(), static_cast<long>(offset), SEEK_SET) == 0;
        if (there && std::fread(out.data(), 1, out.size(), file_.get()) == out.size()) return {};
        return postmortem::fail(postmortem::ErrorCode::PageMissing, "the file ends before", offset);
    }

  private:
    std::unique_ptr<std::FILE, int (*)(std::FILE*)> file_;
};

}  // namespace

int read_physical(const Arguments& arguments, const WordsStyle& style, Output& output) {
    const auto range = range_of(arguments, unit_of(arguments, style));
    if (!range) return output.complain(range.error().message);
    const auto dump = postmortem::PhysicalDump::open(arguments.dump, arguments.open_options());
    if (!dump) return output.complain(dump.error().message, unusable_input);
    if (arguments.has("text")) return print_text(arguments, *dump, *range, output);
    return print_range(arguments, *dump, dump->big_endian(), *range, style, output);
}

int read_file(const Arguments& arguments, const WordsStyle& style, Output& output) {
    const auto range = range_of(arguments, unit_of(arguments, style));
    if (!range) return output.complain(range.error().message);
    const auto input = postmortem::find_crash_input(arguments.dump);
    if (!input) return output.refuse(input.error());
    if (std::filesystem::is_directory(input->path))
        return output.complain(fmt::format("rd: {} is a folder: name the file in it", input->path.string()));
    const PlainFile file(input->path.string());
    if (!file.is_open())
        return output.complain(fmt::format("{}: it cannot be read", input->path.string()), unusable_input);
    if (arguments.has("text")) return print_text(arguments, file, *range, output);
    return print_range(arguments, file, false, *range, style, output);
}

int write_bytes(const Arguments& arguments, std::uint64_t address, std::span<const std::byte> bytes,
                Output& output) {
    const std::string path = arguments.text("raw-to");
    std::error_code ignored;
    if (std::filesystem::equivalent(arguments.dump, path, ignored))
        return output.complain(fmt::format("{}: this file is being read; name another one to write", path));
    const auto written = postmortem::write_to_file(path, bytes);
    if (!written) return output.complain(written.error().message, unusable_input);
    return output.finish(fmt::format("{} bytes copied from {:#x} to {}\n", bytes.size(), address, path), {});
}

}  // namespace tool
