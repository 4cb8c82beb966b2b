#include "support/pack_file.h"

#include <algorithm>
#include <cstring>
#include <stdexcept>

#include <bzlib.h>
#include <fmt/format.h>
#include <lz4.h>
#include <lz4frame.h>
#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

namespace postmortem::test {
namespace {

void check(bool done) {
    if (!done) throw std::runtime_error("packing a file failed");
}

// What is large comes in the blocks of lz4(1) and bzip2(1), what is small in several, so that some can be
// lost.
bool is_large(Bytes file) {
    return file.size() > 8u << 20;
}

void append(Buffer& to, Bytes bytes) {
    to.insert(to.end(), bytes.begin(), bytes.end());
}

template <std::integral T>
void append_number(Buffer& to, T value) {
    to.resize(to.size() + sizeof value);
    store(to.data() + to.size() - sizeof value, value, Endian::Little);
}

std::vector<Bytes> cut(Bytes file, std::size_t size) {
    std::vector<Bytes> pieces;
    for (std::size_t at = 0; at < file.size(); at += size)
        pieces.push_back(file.subspan(at, std::min(size, file.size() - at)));
    return pieces;
}

// Window bits as zlib has them: 31 for gzip, -15 for a bare stream.
Buffer deflated(Bytes file, int window_bits) {
    z_stream stream{};
    check(deflateInit2(&stream, 6, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY) == Z_OK);
    Buffer out(deflateBound(&stream, file.size()) + 64);
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(file.data()));
    stream.avail_in = static_cast<uInt>(file.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    check(deflate(&stream, Z_FINISH) == Z_STREAM_END);
    out.resize(out.size() - stream.avail_out);
    deflateEnd(&stream);
    return out;
}

Buffer zstd(Bytes file, bool says_size = true) {
    Buffer out(ZSTD_compressBound(file.size()));
    ZSTD_CCtx* context = ZSTD_createCCtx();
    ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);  // as the program does
    ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, says_size ? 1 : 0);
    const std::size_t size = ZSTD_compress2(context, out.data(), out.size(), file.data(), file.size());
    ZSTD_freeCCtx(context);
    check(!ZSTD_isError(size));
    out.resize(size);
    return out;
}

Buffer zstd_seekable(Bytes file, bool says_sizes) {
    Buffer out, table;
    std::uint32_t count = 0;
    for (const Bytes piece : cut(file, 10'000)) {
        const Buffer frame = zstd(piece, says_sizes);
        append(out, frame);
        append_number(table, static_cast<std::uint32_t>(frame.size()));
        append_number(table, static_cast<std::uint32_t>(piece.size()));
        ++count;
    }
    append_number(table, count);
    table.push_back(std::byte{0});
    append_number(table, 0x8f92eab1u);
    append_number(out, 0x184d2a5eu);
    append_number(out, static_cast<std::uint32_t>(table.size()));
    append(out, table);
    return out;
}

Buffer xz(Bytes file, std::size_t block) {
    lzma_stream stream = LZMA_STREAM_INIT;
    check(lzma_easy_encoder(&stream, 1, LZMA_CHECK_CRC64) == LZMA_OK);
    Buffer out(file.size() * 2 + 65536);
    stream.next_out = reinterpret_cast<std::uint8_t*>(out.data());
    stream.avail_out = out.size();
    for (const Bytes piece : cut(file, block)) {
        stream.next_in = reinterpret_cast<const std::uint8_t*>(piece.data());
        stream.avail_in = piece.size();
        lzma_ret result = LZMA_OK;
        while (result == LZMA_OK) result = lzma_code(&stream, LZMA_FULL_FLUSH);
        check(result == LZMA_STREAM_END);
    }
    check(lzma_code(&stream, LZMA_FINISH) == LZMA_STREAM_END);
    out.resize(stream.total_out);
    lzma_end(&stream);
    return out;
}

Buffer bgzf(Bytes file) {
    Buffer out;
    std::vector<Bytes> pieces = cut(file, 60'000);
    pieces.emplace_back();  // an empty member marks the end
    for (const Bytes piece : pieces) {
        const Buffer data = deflated(piece, -15);
        append(out, as_bytes(std::string_view("\x1f\x8b\x08\x04\0\0\0\0\0\xff\x06\0BC\x02\0", 16)));
        append_number(out, static_cast<std::uint16_t>(data.size() + 25));
        append(out, data);
        append_number(out, static_cast<std::uint32_t>(::crc32(0, reinterpret_cast<const Bytef*>(piece.data()),
                                                              static_cast<uInt>(piece.size()))));
        append_number(out, static_cast<std::uint32_t>(piece.size()));
    }
    return out;
}

Buffer lz4(Bytes file) {
    LZ4F_preferences_t preferences{};
    if (is_large(file)) preferences.frameInfo.blockSizeID = LZ4F_max4MB;
    Buffer out(LZ4F_compressFrameBound(file.size(), &preferences));
    const std::size_t size =
        LZ4F_compressFrame(out.data(), out.size(), file.data(), file.size(), &preferences);
    check(!LZ4F_isError(size));
    out.resize(size);
    return out;
}

Buffer lz4_legacy(Bytes file) {
    Buffer out;
    append_number(out, 0x184c2102u);
    for (const Bytes piece : cut(file, 8 << 20)) {
        Buffer data(static_cast<std::size_t>(LZ4_compressBound(static_cast<int>(piece.size()))));
        const int size = LZ4_compress_default(reinterpret_cast<const char*>(piece.data()),
                                              reinterpret_cast<char*>(data.data()),
                                              static_cast<int>(piece.size()), static_cast<int>(data.size()));
        check(size > 0);
        append_number(out, static_cast<std::uint32_t>(size));
        append(out, Bytes(data).first(static_cast<std::size_t>(size)));
    }
    return out;
}

Buffer bzip2(Bytes file) {
    Buffer out(file.size() + file.size() / 100 + 1024);
    auto size = static_cast<unsigned>(out.size());
    check(BZ2_bzBuffToBuffCompress(reinterpret_cast<char*>(out.data()), &size,
                                   reinterpret_cast<char*>(const_cast<std::byte*>(file.data())),
                                   static_cast<unsigned>(file.size()), is_large(file) ? 9 : 1, 0,
                                   0) == BZ_OK);
    out.resize(size);
    return out;
}

constexpr std::size_t block = 512;

void pad(Buffer& to) {
    to.resize((to.size() + block - 1) / block * block);
}

void put(Buffer& header, std::size_t at, std::string_view text) {
    std::memcpy(header.data() + at, text.data(), text.size());
}

Buffer tar_header(std::string_view name, char type, std::uint64_t size, std::uint64_t written) {
    Buffer header(block);
    put(header, 0, name.substr(0, 100));
    put(header, 100, "0000644");
    put(header, 124, fmt::format("{:011o}", size));
    put(header, 136, fmt::format("{:011o}", written));
    header[156] = static_cast<std::byte>(type);
    put(header, 257,
        type == 'S' ? std::string_view("ustar  \0", 8)
                    : std::string_view("ustar\0"
                                       "00",
                                       8));
    return header;
}

void append_header(Buffer& tar, Buffer header) {
    unsigned sum = 8 * ' ';
    for (std::size_t i = 0; i < block; ++i)
        if (i < 148 || i >= 156) sum += std::to_integer<unsigned>(header[i]);
    put(header, 148, fmt::format("{:06o}", sum));
    append(tar, header);
}

struct Stretch {
    std::size_t begin, size;
};

std::vector<Stretch> data_of(Bytes file) {
    std::vector<Stretch> found;
    for (std::size_t at = 0; at < file.size(); at += block) {
        const Bytes piece = file.subspan(at, std::min(block, file.size() - at));
        if (std::all_of(piece.begin(), piece.end(), [](std::byte b) { return b == std::byte{0}; })) continue;
        if (!found.empty() && found.back().begin + found.back().size == at)
            found.back().size += piece.size();
        else
            found.push_back({at, piece.size()});
    }
    return found;
}

void append_gnu_sparse(Buffer& tar, const FakeMember& member) {
    std::vector<Stretch> data = data_of(member.bytes);
    data.push_back({member.bytes.size(), 0});
    std::size_t stored = 0;
    for (const Stretch& s : data) stored += s.size;
    Buffer header = tar_header(member.name, 'S', stored, member.written);
    put(header, 483, fmt::format("{:011o}", member.bytes.size()));
    const auto put_entry = [](Buffer& to, std::size_t at, const Stretch& s) {
        put(to, at, fmt::format("{:011o}", s.begin));
        put(to, at + 12, fmt::format("{:011o}", s.size));
    };
    std::size_t next = 0;
    for (; next < std::min<std::size_t>(4, data.size()); ++next)
        put_entry(header, 386 + 24 * next, data[next]);
    header[482] = std::byte{next < data.size()};
    append_header(tar, header);
    while (next < data.size()) {
        Buffer more(block);
        for (std::size_t i = 0; i < 21 && next < data.size(); ++i) put_entry(more, 24 * i, data[next++]);
        more[504] = std::byte{next < data.size()};
        append(tar, more);
    }
    for (const Stretch& s : data) append(tar, Bytes(member.bytes).subspan(s.begin, s.size));
    pad(tar);
}

std::string pax_field(std::string_view key, std::string_view value) {
    std::size_t length = key.size() + value.size() + 3;
    length += std::to_string(length + 2).size();
    return fmt::format("{} {}={}\n", length, key, value);
}

void append_pax_sparse(Buffer& tar, const FakeMember& member) {
    const std::vector<Stretch> data = data_of(member.bytes);
    std::string map = fmt::format("{}\n", data.size());
    std::size_t stored = 0;
    for (const Stretch& s : data) {
        map += fmt::format("{}\n{}\n", s.begin, s.size);
        stored += s.size;
    }
    map.resize((map.size() + block - 1) / block * block);
    const std::string fields = pax_field("GNU.sparse.major", "1") + pax_field("GNU.sparse.minor", "0") +
                               pax_field("GNU.sparse.name", member.name) +
                               pax_field("GNU.sparse.realsize", std::to_string(member.bytes.size()));
    append_header(tar, tar_header("PaxHeaders", 'x', fields.size(), member.written));
    append(tar, as_bytes(fields));
    pad(tar);
    append_header(tar, tar_header("GNUSparseFile.0/x", '0', map.size() + stored, member.written));
    append(tar, as_bytes(map));
    for (const Stretch& s : data) append(tar, Bytes(member.bytes).subspan(s.begin, s.size));
    pad(tar);
}

void append_plain(Buffer& tar, const FakeMember& member) {
    if (member.name.size() > 100) {
        append_header(tar, tar_header("././@LongLink", 'L', member.name.size() + 1, 0));
        append(tar, as_bytes(member.name + '\0'));
        pad(tar);
    }
    append_header(tar, tar_header(member.name, '0', member.bytes.size(), member.written));
    append(tar, member.bytes);
    pad(tar);
}

}  // namespace

std::string name_of(Packing packing) {
    switch (packing) {
        case Packing::Gzip: return "gzip";
        case Packing::Xz: return "xz";
        case Packing::Zstd: return "zstd";
        case Packing::Lz4: return "lz4";
        case Packing::Lz4Legacy: return "lz4-legacy";
        case Packing::Bzip2: return "bzip2";
        case Packing::XzBlocks: return "xz-blocks";
        case Packing::ZstdSeekable: return "zstd-seekable";
        case Packing::ZstdSeekableUnsized: return "zstd-seekable-unsized";
        case Packing::Bgzf: return "bgzf";
    }
    return {};
}

Buffer pack_file(Packing packing, Bytes file) {
    switch (packing) {
        case Packing::Gzip: return deflated(file, 31);
        case Packing::Xz: return xz(file, std::max<std::size_t>(file.size(), 1));
        case Packing::Zstd: return zstd(file);
        case Packing::Lz4: return lz4(file);
        case Packing::Lz4Legacy: return lz4_legacy(file);
        case Packing::Bzip2: return bzip2(file);
        case Packing::XzBlocks: return xz(file, 9000);
        case Packing::ZstdSeekable: return zstd_seekable(file, true);
        case Packing::ZstdSeekableUnsized: return zstd_seekable(file, false);
        case Packing::Bgzf: return bgzf(file);
    }
    return {};
}

Buffer make_tar(const std::vector<FakeMember>& members, TarStyle style, bool with_end) {
    Buffer tar;
    for (const FakeMember& member : members) {
        switch (style) {
            case TarStyle::Plain: append_plain(tar, member); break;
            case TarStyle::GnuSparse: append_gnu_sparse(tar, member); break;
            case TarStyle::PaxSparse: append_pax_sparse(tar, member); break;
        }
    }
    if (with_end) tar.resize(tar.size() + 2 * block);
    return tar;
}

Buffer make_zip(const std::vector<FakeMember>& members, int method, ZipSizes sizes) {
    Buffer zip, directory;
    const bool behind = sizes == ZipSizes::Behind;
    for (const FakeMember& member : members) {
        const Buffer data = method == 8 ? deflated(member.bytes, -15) : member.bytes;
        const auto crc = static_cast<std::uint32_t>(::crc32(
            0, reinterpret_cast<const Bytef*>(member.bytes.data()), static_cast<uInt>(member.bytes.size())));
        const auto at = static_cast<std::uint32_t>(zip.size());
        const auto append_sizes = [&](Buffer& to, bool known) {
            append_number(to, known ? crc : 0);
            append_number(to, static_cast<std::uint32_t>(known ? data.size() : 0));
            append_number(to, static_cast<std::uint32_t>(known ? member.bytes.size() : 0));
        };
        const auto common = [&](Buffer& to, bool known) {
            for (const int field : {20, behind ? 8 : 0, method, 0, 0x5756})
                append_number(to, static_cast<std::uint16_t>(field));
            append_sizes(to, known);
            append_number(to, static_cast<std::uint16_t>(member.name.size()));
            append_number(to, std::uint16_t{0});
        };
        append_number(zip, 0x04034b50u);
        common(zip, !behind);
        append(zip, as_bytes(member.name));
        append(zip, data);
        if (behind) {
            append_number(zip, 0x08074b50u);
            append_sizes(zip, true);
        }
        append_number(directory, 0x02014b50u);
        append_number(directory, std::uint16_t{20});
        common(directory, true);
        for (int i = 0; i < 3; ++i) append_number(directory, std::uint16_t{0});
        append_number(directory, 0u);
        append_number(directory, at);
        append(directory, as_bytes(member.name));
    }
    const auto at = static_cast<std::uint32_t>(zip.size());
    append(zip, directory);
    append_number(zip, 0x06054b50u);
    append_number(zip, 0u);
    for (int i = 0; i < 2; ++i) append_number(zip, static_cast<std::uint16_t>(members.size()));
    append_number(zip, static_cast<std::uint32_t>(directory.size()));
    append_number(zip, at);
    append_number(zip, std::uint16_t{0});
    return zip;
}

}  // namespace postmortem::test
