#include "support/kdump_matrix.h"

#include <fmt/format.h>

#include "support/pack_page.h"

namespace postmortem::test {
namespace {

constexpr Codec codecs[] = {Codec::Raw, Codec::Zlib, Codec::Lzo, Codec::Snappy, Codec::Zstd};

void add_ways(std::vector<KdumpWay>& ways, const KdumpShape& shape, std::uint64_t frames) {
    for (const bool flat : {false, true}) {
        ways.push_back({shape, flat});
        // Parts say where they begin and end, from version 2 on; diskdump knew none.
        if (shape.version >= 2 && shape.signature == "KDUMP   ")
            ways.push_back({shape, flat, {{0, 0}, {0, 7}, {7, frames}}});
    }
}

}  // namespace

std::string KdumpWay::name() const {
    return fmt::format("{}-v{}-{}-{}{}{}", shape.machine.name, shape.version, to_string(shape.codec),
                       shape.signature == "KDUMP   " ? "kdump" : "diskdump", flat ? "-flat" : "",
                       parts.empty() ? "" : "-split");
}

std::vector<KdumpWay> kdump_matrix(const FakeMemory& memory) {
    std::vector<KdumpWay> ways;
    KdumpShape shape;
    shape.vmcoreinfo = fmt::format("OSRELEASE=6.1.0-test\nPAGESIZE={}\n", memory.page_size);
    for (const FakeMachine& machine : fake_machines()) {
        for (std::int32_t version = 0; version <= 6; ++version) {
            for (const Codec codec : codecs) {
                if (!can_pack(codec)) continue;
                for (const char* signature : {"KDUMP   ", "DISKDUMP"}) {
                    shape.machine = machine;
                    shape.version = version;
                    shape.codec = codec;
                    shape.signature = signature;
                    add_ways(ways, shape, memory.max_pfn);
                }
            }
        }
    }
    return ways;
}

std::vector<Buffer> write_kdump_way(const FakeMemory& memory, KdumpWay way) {
    way.shape.split = !way.parts.empty();
    if (!way.shape.split) way.parts = {{0, 0}};
    std::vector<Buffer> files;
    for (const auto& [first, last] : way.parts) {
        way.shape.start_pfn = first;
        way.shape.end_pfn = last;
        Buffer file = make_kdump(memory, way.shape);
        files.push_back(way.flat ? make_flattened(flat_records(file, 5000)) : std::move(file));
    }
    return files;
}

}  // namespace postmortem::test
