#include "log/text/pstore.h"

#include <algorithm>
#include <array>

#include <lz4.h>
#include <zlib.h>
#ifdef POSTMORTEM_HAS_LZO
#include <lzo/lzo1x.h>
#endif

#include "base/no_memory.h"
#include "log/text/cursor.h"
namespace postmortem {
namespace {

struct Header {
    std::uint64_t count = 0;
    std::uint64_t part = 0;
};

std::optional<Header> parse_header(std::string_view line) {
    Cursor cursor(line);
    if (cursor.take_while(is_alpha).size() < 4 || !cursor.take('#')) return std::nullopt;
    const auto count = cursor.number();
    if (!count || !cursor.take(" Part")) return std::nullopt;
    const auto part = cursor.number();
    if (!part || !cursor.at_end()) return std::nullopt;
    return Header{*count, *part};
}

// The file's name in front of it, as `head` and `more` print it: "dmesg-efi-167646279221001:",
// "==> dmesg-erst-7200131584160989187 <==".
bool is_record_name(std::string_view line) {
    if (line.starts_with("==> ")) line.remove_prefix(4);
    const std::size_t slash = line.substr(0, line.find(' ')).rfind('/');
    if (slash != std::string_view::npos) line.remove_prefix(slash + 1);
    return line.starts_with("dmesg-") && line.size() < 100;
}

std::string_view without_end(std::string_view line) {
    return line.substr(0, line.find_last_not_of("\r\n") + 1);
}

// Without the next record's name, and without what stands between the two.
std::string_view without_next_name(std::string_view text) {
    const std::string_view content = without_end(text);
    const std::size_t last = content.rfind('\n') + 1;
    return is_record_name(content.substr(last)) ? text.substr(0, last) : text;
}

bool opens_record(std::string_view text) {
    return is_pstore_header(text.substr(0, text.find('\n')));
}

std::optional<std::vector<std::byte>> inflated(Bytes packed, int window_bits) {
    std::vector<std::byte> out(max_pstore_record);
    z_stream stream{};
    if (inflateInit2(&stream, window_bits) != Z_OK) tell_of_no_memory();
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(packed.data()));
    stream.avail_in = static_cast<uInt>(packed.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    if (inflate(&stream, Z_FINISH) == Z_MEM_ERROR) tell_of_no_memory();
    out.resize(stream.total_out);  // what a torn record still gives is welcome
    inflateEnd(&stream);
    return out;
}

std::optional<std::vector<std::byte>> unlz4(Bytes packed) {
    std::vector<std::byte> out(max_pstore_record);
    const int length =
        LZ4_decompress_safe(reinterpret_cast<const char*>(packed.data()), reinterpret_cast<char*>(out.data()),
                            static_cast<int>(packed.size()), static_cast<int>(out.size()));
    if (length <= 0) return std::nullopt;
    out.resize(static_cast<std::size_t>(length));
    return out;
}

std::optional<std::vector<std::byte>> unlzo([[maybe_unused]] Bytes packed) {
#ifdef POSTMORTEM_HAS_LZO
    std::vector<std::byte> out(max_pstore_record);
    lzo_uint length = out.size();
    const int result =
        lzo1x_decompress_safe(reinterpret_cast<const unsigned char*>(packed.data()), packed.size(),
                              reinterpret_cast<unsigned char*>(out.data()), &length, nullptr);
    if (result != LZO_E_OK && result != LZO_E_INPUT_NOT_CONSUMED) return std::nullopt;
    out.resize(length);
    return out;
#else
    return std::nullopt;
#endif
}

}  // namespace

bool is_pstore_header(std::string_view line) {
    return parse_header(line).has_value();
}

bool opens_with_pstore_record(std::string_view text) {
    const std::string_view first = without_end(text.substr(0, text.find('\n') + 1));
    if (is_record_name(first)) text.remove_prefix(first.size() + 1);
    return is_pstore_header(without_end(text.substr(0, text.find('\n') + 1)));
}

std::optional<std::vector<std::byte>> unpacked_pstore_record(Bytes packed) {
    if (packed.size() < 16 || opens_record(as_text(packed))) return std::nullopt;
    const auto is_text = [](std::byte b) {
        return (b >= std::byte{0x20} && b < std::byte{0x7f}) || b == std::byte{'\n'} || b == std::byte{'\t'};
    };
    if (std::all_of(packed.begin(), packed.begin() + 16, is_text)) return std::nullopt;
    const std::array<std::optional<std::vector<std::byte>> (*)(Bytes), 4> codecs = {
        [](Bytes bytes) { return inflated(bytes, -15); }, [](Bytes bytes) { return inflated(bytes, 15); },
        &unlzo, &unlz4};
    for (const auto codec : codecs) {
        auto record = codec(packed);
        if (record && opens_record(as_text(*record))) return record;
    }
    return std::nullopt;
}

std::vector<LogPiece> in_written_order(std::string_view records) {
    struct Record {
        Header header;
        LogPiece piece;
    };
    std::vector<Record> found;
    std::size_t line_number = 1;
    for (std::size_t at = 0; at < records.size(); ++line_number) {
        const std::size_t end = std::min(records.find('\n', at), records.size() - 1) + 1;
        const std::string_view line = records.substr(at, end - at);
        if (const auto header = parse_header(without_end(line))) {
            if (!found.empty()) found.back().piece.text = without_next_name(found.back().piece.text);
            found.push_back({*header, {records.substr(end, 0), line_number + 1}});
        } else if (!found.empty()) {
            LogPiece& piece = found.back().piece;
            piece.text = {piece.text.data(), piece.text.size() + line.size()};
        }
        at = end;
    }
    std::stable_sort(found.begin(), found.end(), [](const Record& a, const Record& b) {
        return a.header.count != b.header.count ? a.header.count < b.header.count
                                                : a.header.part > b.header.part;
    });
    std::vector<LogPiece> pieces;
    for (const Record& record : found) pieces.push_back(record.piece);
    return pieces;
}

}  // namespace postmortem
