#include "report/system/packed_config.h"

#include <algorithm>
#include <vector>

#include "base/stream_decoder.h"

namespace postmortem {
namespace {

// kernel/configs.c: the packed file between two marks. Until 5.1 (13610aa908dc) the symbol is that of the
// first mark, since then of what follows it.
constexpr std::string_view start_mark = "IKCFG_ST", end_mark = "IKCFG_ED";
constexpr std::uint64_t most_packed = 4u << 20, piece = 4096;
constexpr std::size_t most_unpacked = 64u << 20;

// Up to the mark behind it.
Result<std::vector<std::byte>> packed_config(const AddressSpace& memory, std::uint64_t address) {
    std::vector<std::byte> packed;
    const auto* mark = reinterpret_cast<const std::byte*>(end_mark.data());
    while (packed.size() < most_packed) {
        const std::uint64_t at = address + packed.size();
        const auto more = memory.bytes(at, piece - at % piece);
        if (!more) return fail(more.error());
        const std::size_t searched = packed.size() - std::min(packed.size(), end_mark.size());
        packed.insert(packed.end(), more->begin(), more->end());
        const auto end = std::search(packed.begin() + static_cast<std::ptrdiff_t>(searched), packed.end(),
                                     mark, mark + end_mark.size());
        if (end == packed.end()) continue;
        packed.erase(end, packed.end());
        const auto* start = reinterpret_cast<const std::byte*>(start_mark.data());
        if (packed.size() >= start_mark.size() &&
            std::equal(start, start + start_mark.size(), packed.begin()))
            packed.erase(packed.begin(), packed.begin() + static_cast<std::ptrdiff_t>(start_mark.size()));
        return packed;
    }
    return fail(ErrorCode::Corrupt, "the packed configuration does not end", address);
}

Result<std::string> unpack_config(Bytes packed, std::uint64_t address) {
    const auto damaged = [&] {
        return fail(ErrorCode::Corrupt, "the packed configuration is damaged", address);
    };
    if (stream_format(packed) != StreamFormat::Gzip) return damaged();
    const auto decoder = make_stream_decoder(StreamFormat::Gzip);
    std::string text;
    std::vector<std::byte> room(64 * 1024);
    while (text.size() < most_unpacked) {
        MutableBytes out(room);
        const StreamProgress progress = decoder->step(packed, out);
        const std::size_t made = room.size() - out.size();
        text.append(reinterpret_cast<const char*>(room.data()), made);
        if (progress == StreamProgress::End) return text;
        if (progress == StreamProgress::Damaged || (packed.empty() && made == 0)) return damaged();
    }
    return damaged();
}

}  // namespace

Result<std::string> unpacked_config(const AddressSpace& memory, std::uint64_t address) {
    const auto packed = packed_config(memory, address);
    if (!packed) return fail(packed.error());
    return unpack_config(*packed, address);
}

}  // namespace postmortem
