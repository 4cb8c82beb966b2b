#include "log/text/decompress.h"

#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <lz4.h>
#include <lz4frame.h>
#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

#include "log/text/log_reader.h"
#include "log/text/pstore.h"

namespace decompress_test {

using namespace postmortem;

namespace {

// Long enough for several buffers, and not the same everywhere.
std::string sample() {
    std::string text;
    for (int i = 0; i < 20'000; ++i) text += "[   12.345678] line " + std::to_string(i) + "\n";
    return text;
}

std::string deflated(const std::string& text, int window_bits) {
    z_stream stream{};
    deflateInit2(&stream, 6, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY);
    std::string out(compressBound(static_cast<uLong>(text.size())) + 64, '\0');
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
    stream.avail_in = static_cast<uInt>(text.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    deflate(&stream, Z_FINISH);
    out.resize(stream.total_out);
    deflateEnd(&stream);
    return out;
}

std::string xz(const std::string& text) {
    std::string out(lzma_stream_buffer_bound(text.size()), '\0');
    std::size_t length = 0;
    lzma_easy_buffer_encode(1, LZMA_CHECK_CRC32, nullptr, reinterpret_cast<const std::uint8_t*>(text.data()),
                            text.size(), reinterpret_cast<std::uint8_t*>(out.data()), &length, out.size());
    out.resize(length);
    return out;
}

// With a checksum, as the programs of zstd and lz4 write it.
std::string zstd(const std::string& text) {
    ZSTD_CCtx* const context = ZSTD_createCCtx();
    ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
    std::string out(ZSTD_compressBound(text.size()) + 4, '\0');
    out.resize(ZSTD_compress2(context, out.data(), out.size(), text.data(), text.size()));
    ZSTD_freeCCtx(context);
    return out;
}

std::string lz4_frame(const std::string& text) {
    LZ4F_preferences_t preferences{};
    preferences.frameInfo.contentChecksumFlag = LZ4F_contentChecksumEnabled;
    std::string out(LZ4F_compressFrameBound(text.size(), &preferences), '\0');
    out.resize(LZ4F_compressFrame(out.data(), out.size(), text.data(), text.size(), &preferences));
    return out;
}

std::string lz4_block(const std::string& text) {
    std::string out(static_cast<std::size_t>(LZ4_compressBound(static_cast<int>(text.size()))), '\0');
    out.resize(static_cast<std::size_t>(LZ4_compress_default(
        text.data(), out.data(), static_cast<int>(text.size()), static_cast<int>(out.size()))));
    return out;
}

struct Unpacked {
    std::string text;
    bool failed = false;
};

Unpacked unpacked(const std::string& packed) {
    const auto source = decompressed(byte_stream_of(as_bytes(packed)));
    Unpacked all;
    std::vector<std::byte> buffer(10'000);
    while (true) {
        const auto got = source->read(buffer);
        if (!got) all.failed = true;
        if (!got || *got == 0) return all;
        all.text += as_text(Bytes(buffer).first(*got));
    }
}

}  // namespace

TEST_CASE("each container gives the same log") {
    const std::string text = sample();
    for (const std::string& packed : {text, deflated(text, 15 + 16), xz(text), zstd(text), lz4_frame(text)}) {
        const Unpacked all = unpacked(packed);
        CHECK(all.text == text);
        CHECK_FALSE(all.failed);
    }
}

TEST_CASE("rotated logs joined by cat give all their streams") {
    const std::string text = sample();
    for (const auto pack :
         {+[](const std::string& t) { return deflated(t, 15 + 16); }, &xz, &zstd, &lz4_frame}) {
        const Unpacked all = unpacked(pack(text) + pack("tail\n"));
        CHECK(all.text == text + "tail\n");
        CHECK_FALSE(all.failed);
    }
    const Unpacked padded = unpacked(deflated(text, 15 + 16) + std::string(512, '\0'));
    CHECK(padded.text == text);
    CHECK_FALSE(padded.failed);
}

TEST_CASE("a torn container gives what there is, and says so") {
    const std::string text = sample();
    for (std::string packed : {deflated(text, 15 + 16), xz(text), zstd(text), lz4_frame(text)}) {
        packed.resize(packed.size() * 3 / 4);
        const Unpacked all = unpacked(packed);
        CHECK(all.failed);
        CHECK(text.starts_with(all.text));
    }
    CHECK(unpacked("").text.empty());
    CHECK(unpacked("\x1f\x8b").failed);
}

TEST_CASE("what fails its checksum is given, and that it does is told") {
    for (const std::string& text : {std::string("[    1.000000] short\n"), sample()}) {
        for (std::string packed : {deflated(text, 15 + 16), zstd(text), lz4_frame(text)}) {
            const bool is_gzip = packed.starts_with("\x1f\x8b");
            packed[packed.size() - (is_gzip ? 8 : 4)] ^= 1;
            const Unpacked all = unpacked(packed);
            CAPTURE(is_gzip);
            CAPTURE(packed.size());
            CHECK(all.failed);
            CHECK(all.text.size() == text.size());
            CHECK((all.text == text));
        }
    }
}

TEST_CASE("pstore records that were packed without a container") {
    const std::string record =
        "Panic#1 Part1\n<4>[    1.000000] Kernel panic - not syncing: " + std::string(200, 'x') + "\n";
    for (const std::string& packed : {deflated(record, -15), deflated(record, 12), lz4_block(record)}) {
        CHECK(unpacked(packed).text == record);
    }
    const std::string junk = "\x01\x02\x03" + std::string(500, '\xee');
    CHECK(unpacked(junk).text == junk);
}

TEST_CASE("pstore parts are read from the oldest on") {
    const std::string log =
        "Panic#2 Part1\n<4>[    3.0000] third\n"
        "Oops#1 Part2\n<4>[    1.0000] first\n"
        "Panic#2 Part2\n<4>[    2.0000] second\n<4>[    2.5000] half\n"
        "Oops#1 Part1\n<4>[    1.5000] one and a half";
    LogReader reader(log);
    LogRecord record;
    std::string texts;
    std::string lines;
    while (reader.next(record)) {
        texts += std::string(record.text) + ",";
        lines += std::to_string(record.line) + ",";
    }
    CHECK(texts == "first,one and a half,second,half,third,");
    CHECK(lines == "4,9,6,7,2,");
}

// The oldest last, as an export of a log store has them.
std::string newest_first() {
    std::string text;
    for (int i = 60'000; i > 10'000; --i)
        text += fmt::format("[{:5}.000000] line {}\n", i, i * 7919 % 50'000);
    return text;
}

TEST_CASE("what is put in order is read to its end, or it is said that it is not") {
    const auto read_all = [](const std::string& bytes) {
        LogReader reader(decompressed(byte_stream_of(as_bytes(bytes))));
        LogRecord record;
        while (reader.next(record)) continue;
        return reader.error();
    };
    const std::string backwards = newest_first();
    CHECK_FALSE(read_all(zstd(backwards)));
    std::string torn = zstd(backwards);
    torn.resize(torn.size() / 2);
    CHECK(read_all(torn));

    std::string record = "Panic#1 Part1\n", records;
    while (record.size() < 60'000) record += "<4>[    1.0000] what it said\n";
    while (records.size() < (16u << 20) - record.size()) records += record;
    CHECK_FALSE(read_all(records));
    const auto larger = read_all(records + record + record);
    REQUIRE(larger);
    CHECK(larger->message.find("what lies behind its first 16 MiB is not read") != std::string::npos);
}

}  // namespace decompress_test
