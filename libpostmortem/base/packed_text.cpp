#include "base/packed_text.h"

#include <algorithm>
#include <memory>

#include <fmt/format.h>
#include <zlib.h>
#include <zstd.h>

#include "base/text.h"

namespace postmortem {
namespace {

constexpr std::string_view version = " 2", version_without_check = " 1";
constexpr std::string_view size_line = "bytes", check_line = "check";
constexpr std::size_t longest_header = 8192, longest_value = 512;
constexpr std::uint64_t most_content = 256u << 20;
constexpr int compression_level = 15;

std::string first_words(std::string_view kind) {
    return fmt::format("postmortem {}", kind);
}

std::string one_line(std::string_view text) {
    std::string line(text.substr(0, longest_value));
    std::replace_if(
        line.begin(), line.end(), [](unsigned char c) { return c < ' ' || c == 0x7f; }, ' ');
    return line;
}

std::uint32_t checksum(std::string_view text) {
    return static_cast<std::uint32_t>(::crc32_z(0, reinterpret_cast<const Bytef*>(text.data()), text.size()));
}

std::string header_of(std::string_view kind, const PackedText& text) {
    std::string header = first_words(kind).append(version).append("\n");
    for (const auto& [name, value] : text.lines) header += fmt::format("{}: {}\n", name, one_line(value));
    header += fmt::format("{}: {}\n", size_line, text.content.size());
    return header + fmt::format("{}: {:08x}\n\n", check_line, checksum(header));
}

bool header_is_whole(std::string_view header, std::string_view told) {
    return parse_u64(told, 16) == checksum(header.substr(0, header.rfind(fmt::format("{}: ", check_line))));
}

Result<void> unpack_content(Bytes packed, std::string& content, std::string_view name) {
    const std::size_t unpacked =
        ::ZSTD_decompress(content.data(), content.size(), packed.data(), packed.size());
    if (!::ZSTD_isError(unpacked) && unpacked == content.size()) return {};
    return fail(ErrorCode::Corrupt,
                fmt::format("{}: it is damaged ({})", name,
                            ::ZSTD_isError(unpacked) ? ::ZSTD_getErrorName(unpacked)
                                                     : "it is shorter than its header says"));
}

}  // namespace

std::string_view PackedText::line(std::string_view name) const {
    const auto found =
        std::find_if(lines.begin(), lines.end(), [&](const auto& line) { return line.first == name; });
    return found == lines.end() ? std::string_view() : found->second;
}

std::vector<std::byte> pack_text(std::string_view kind, const PackedText& text) {
    const std::string header = header_of(kind, text);
    std::vector<std::byte> bytes(header.size() + ::ZSTD_compressBound(text.content.size()));
    std::copy_n(as_bytes(header).begin(), header.size(), bytes.begin());
    const std::unique_ptr<ZSTD_CCtx, decltype(&::ZSTD_freeCCtx)> context(::ZSTD_createCCtx(),
                                                                         ::ZSTD_freeCCtx);
    ::ZSTD_CCtx_setParameter(context.get(), ZSTD_c_compressionLevel, compression_level);
    ::ZSTD_CCtx_setParameter(context.get(), ZSTD_c_checksumFlag, 1);
    const std::size_t packed =
        ::ZSTD_compress2(context.get(), bytes.data() + header.size(), bytes.size() - header.size(),
                         text.content.data(), text.content.size());
    bytes.resize(header.size() + (::ZSTD_isError(packed) ? 0 : packed));
    return bytes;
}

Result<PackedText> unpack_text(std::string_view kind, Bytes bytes, std::string_view name) {
    const std::string_view all = as_text(bytes);
    const std::string first = first_words(kind);
    if (!all.starts_with(first))
        return fail(ErrorCode::Unsupported, fmt::format("{}: it holds no {} of postmortem", name, kind));
    const bool older = all.substr(first.size()).starts_with(fmt::format("{}\n", version_without_check));
    if (!older && !all.substr(first.size()).starts_with(fmt::format("{}\n", version)))
        return fail(ErrorCode::Unsupported,
                    fmt::format("{}: it is of a format that this postmortem does not know", name));
    const std::size_t end = all.substr(0, longest_header).find("\n\n");
    if (end == npos) return fail(ErrorCode::Corrupt, fmt::format("{}: its header does not end", name));

    PackedText text;
    for (const std::string_view line : split(all.substr(first.size() + version.size(), end), '\n')) {
        const std::size_t colon = line.find(": ");
        if (colon != npos) text.lines.emplace_back(line.substr(0, colon), line.substr(colon + 2));
    }
    if (!older && !header_is_whole(all.substr(0, end), text.line(check_line)))
        return fail(ErrorCode::Corrupt, fmt::format("{}: its header is damaged", name));
    const auto size = parse_u64(text.line(size_line), 10);
    if (!size || *size > most_content)
        return fail(ErrorCode::Corrupt, fmt::format("{}: its header tells no possible size", name));
    const Bytes packed = bytes.subspan(end + 2);
    // Whatever the header says, only what the frame announces is made room for.
    if (::ZSTD_getFrameContentSize(packed.data(), packed.size()) != *size)
        return fail(ErrorCode::Corrupt,
                    fmt::format("{}: it is damaged (its header and its content differ)", name));
    text.content.resize(*size);
    if (auto done = unpack_content(packed, text.content, name); !done) return fail(std::move(done.error()));
    return text;
}

}  // namespace postmortem
