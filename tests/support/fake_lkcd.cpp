#include "support/fake_lkcd.h"

#include "support/byte_writer.h"
#include "support/pack_page.h"

namespace postmortem::test {
namespace {

constexpr std::uint64_t lkcd_magic = 0xa8190173618f23ed;

// struct __dump_header, as the version and the machine lay it out.
Buffer lkcd_header(const FakeMemory& memory, const LkcdShape& shape) {
    ByteWriter out(shape.machine.endian);
    const bool own_words = shape.version < 8;
    const auto word = [&](std::uint64_t value) {
        if (own_words && shape.machine.word == 4)
            out.put(static_cast<std::uint32_t>(value));
        else
            out.put(value);
    };
    out.put(lkcd_magic).put(shape.version | 0x80000000u).put<std::uint32_t>(1000).put<std::uint32_t>(31);
    out.put(memory.page_size).put<std::uint64_t>(memory.max_pfn * memory.page_size);
    out.put<std::uint64_t>(0).put<std::uint64_t>(memory.max_pfn * memory.page_size);
    if (shape.version == 1) out.put<std::uint64_t>(0);  // two registers
    out.put(static_cast<std::uint32_t>(memory.pages.size())).put_text("Oops", 256);
    if (own_words && shape.machine.word == 8) out.zeros(4);
    word(1100000000);
    word(5);
    for (const std::string_view field : {"Linux", "node", "2.6.5-7.97-smp", "#1"}) out.put_text(field, 65);
    out.put_text(shape.machine.name, 65).put_text("(none)", 65);
    if (own_words) out.zeros(2);
    word(0xc0101000);
    out.put(static_cast<std::uint32_t>(shape.packing)).put<std::uint32_t>(0).put<std::uint32_t>(0);
    if (shape.version >= 9) out.put<std::uint64_t>(131072);
    return out.fill_to(shape.version >= 9 ? 131072 : 65536).bytes;
}

Buffer run_lengths(Bytes page) {
    Buffer packed;
    for (std::size_t i = 0; i < page.size();) {
        std::size_t count = 1;
        while (i + count < page.size() && page[i + count] == page[i] && count < 255) ++count;
        if (count > 3 || (page[i] == std::byte{0} && count > 1)) {
            packed.insert(packed.end(), {std::byte{0}, std::byte(count), page[i]});
        } else {
            count = 1;
            packed.push_back(page[i]);
            if (page[i] == std::byte{0}) packed.push_back(std::byte{0});
        }
        i += count;
    }
    return packed;
}

}  // namespace

Buffer make_lkcd(const FakeMemory& memory, const LkcdShape& shape) {
    ByteWriter out(shape.machine.endian);
    out.bytes = lkcd_header(memory, shape);
    for (const auto& [pfn, page] : memory.pages) {
        Buffer packed = shape.packing == LkcdPacking::RunLength ? run_lengths(page)
                        : shape.packing == LkcdPacking::Zlib    ? pack_page(Codec::Zlib, page)
                                                                : page;
        const bool raw = shape.packing == LkcdPacking::None || packed.size() >= page.size();
        if (raw) packed = page;
        out.put(pfn * memory.page_size).put(static_cast<std::uint32_t>(packed.size()));
        out.put<std::uint32_t>(raw ? 1 : 2).put(Bytes(packed));
    }
    if (shape.with_end) out.put<std::uint64_t>(0).put<std::uint32_t>(0).put<std::uint32_t>(4);
    return out.bytes;
}

}  // namespace postmortem::test
