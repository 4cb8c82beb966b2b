#include "support/fake_s390.h"

#include "support/byte_writer.h"

namespace postmortem::test {
namespace {

// struct df_s390_hdr
Buffer s390_header(const FakeMemory& memory, const S390Shape& shape) {
    const std::uint64_t size = memory.max_pfn * 4096;
    ByteWriter out(Endian::Big);
    out.put<std::uint64_t>(shape.extended ? 0xa8190173618f23fe : 0xa8190173618f23fd);
    out.put<std::uint32_t>(5).put<std::uint32_t>(4096).put<std::uint32_t>(4).put<std::uint32_t>(4096);
    out.put(size).put<std::uint64_t>(0).put(size).put(static_cast<std::uint32_t>(memory.max_pfn)).zeros(4);
    // Microseconds since 1900 in the upper 52 bits
    out.put<std::uint64_t>((2208988800ull + 1700000000ull) * 1000000 << 12);
    out.put<std::uint64_t>(0).put<std::uint32_t>(2).put<std::uint32_t>(0).put<std::uint32_t>(2).put(size);
    out.put<std::uint8_t>(shape.several_volumes).put<std::uint16_t>(3).put<std::uint16_t>(3);
    out.fill_to(0x800);
    for (const std::uint32_t prefix : shape.prefixes) out.put(prefix);
    return out.fill_to(4096).bytes;
}

}  // namespace

Buffer make_s390(const FakeMemory& memory, const S390Shape& shape) {
    ByteWriter out(Endian::Big);
    out.bytes = s390_header(memory, shape);
    if (!shape.extended)
        for (const auto& [pfn, page] : memory.pages) out.put(Bytes(page));
    const std::vector<FakeSegment> segments = segments_of(memory);
    for (std::size_t i = 0; shape.extended && i < segments.size(); ++i) {
        const std::size_t start = out.bytes.size();
        out.put(segments[i].paddr).put<std::uint64_t>(segments[i].bytes.size());
        out.put<std::uint64_t>(i + 1 == segments.size()).put<std::uint32_t>(shape.compressed ? 7 : 0);
        out.fill_to(start + 4096).put(Bytes(segments[i].bytes));
    }
    if (shape.with_end) out.put("DUMP_END").put<std::uint64_t>(~0ull);
    return out.bytes;
}

}  // namespace postmortem::test
