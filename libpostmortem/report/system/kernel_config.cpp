#include <algorithm>

#include <fmt/format.h>

#include <postmortem/crash_dump.h>
#include <postmortem/system_parts.h>

#include "base/stream_decoder.h"
#include "kernel/kernel.h"
#include "kernel/module/modules.h"

namespace postmortem {
namespace {

// kernel/configs.c: the packed file between two marks. Until 5.1 (13610aa908dc) the symbol is that of the
// first mark, since then of what follows it.
constexpr std::string_view start_mark = "IKCFG_ST", end_mark = "IKCFG_ED";
constexpr std::uint64_t most_packed = 4u << 20, piece = 4096;
constexpr std::size_t most_unpacked = 64u << 20;

struct Place {
    std::uint64_t address = 0;
    std::string module;
};

Result<Place> find_config(const Kernel& kernel) {
    constexpr const char* symbol = "kernel_config_data";
    if (const auto own = kernel.symbol(symbol)) return Place{*own, {}};
    for (const Module& module : kernel.modules().all()) {
        if (module.name != "configs") continue;
        const auto symbols = kernel.modules().symbols_of(module);
        const auto place = symbols ? (*symbols)->address_of(symbol) : fail(symbols.error());
        if (place) return Place{*place, module.name};
        return fail(place.error());
    }
    return fail(ErrorCode::NotFound,
                fmt::format("kernel_config_data does not exist in this kernel: it was built without "
                            "CONFIG_IKCONFIG, or keeps its configuration in a module that was not loaded, "
                            "/lib/modules/{0}/kernel/kernel/configs.ko; most distributions have it in "
                            "/boot/config-{0}",
                            kernel.release()));
}

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

Result<KernelConfig> kernel_config(const CrashDump& dump) {
    const Kernel& kernel = dump.kernel();
    const auto place = find_config(kernel);
    if (!place) return fail(place.error());
    const auto packed = packed_config(kernel.memory(), place->address);
    if (!packed) return fail(packed.error());
    auto text = unpack_config(*packed, place->address);
    if (!text) return fail(std::move(text.error()));
    return KernelConfig{std::move(*text), place->module, {}};
}

}  // namespace postmortem
