#include "support/fake_qemu.h"

#include <algorithm>

#include "support/byte_writer.h"

namespace postmortem::test {
namespace {

constexpr std::uint32_t ram_id = 2, foreign_id = 3;

void put_section(ByteWriter& out, std::uint8_t kind, std::uint32_t id, std::string_view name,
                 std::uint32_t instance, std::uint32_t version) {
    out.put(kind).put(id);
    if (kind == 1 || kind == 4) out.put_name(name).put(instance).put(version);
}

void end_section(ByteWriter& out, const QemuShape& shape, std::uint32_t id) {
    if (shape.footers) out.put<std::uint8_t>(0x7e).put(id);
}

void put_configuration(ByteWriter& out, const QemuShape& shape) {
    out.put<std::uint8_t>(7).put(static_cast<std::uint32_t>(shape.machine.size())).put(shape.machine);
    if (shape.capabilities.empty()) return;
    out.put<std::uint8_t>(5).put_name("configuration/capabilities").put<std::uint32_t>(1);
    out.put(static_cast<std::uint32_t>(shape.capabilities.size()));
    for (const std::string& capability : shape.capabilities) out.put_name(capability);
}

void put_setup(ByteWriter& out, const QemuShape& shape) {
    std::uint64_t total = 0;
    for (const FakeBlock& block : shape.blocks) total += block.bytes;
    put_section(out, 1, ram_id, "ram", 0, 4);
    out.put(total | 4);
    for (const FakeBlock& block : shape.blocks) {
        out.put_name(block.name).put(block.bytes);
        if (shape.huge_pages) out.put<std::uint64_t>(2 << 20);
    }
    out.put<std::uint64_t>(0x10);
    end_section(out, shape, ram_id);
}

void put_pages_sent(ByteWriter& out, const std::vector<SentPage>& pages, const QemuShape& shape) {
    std::string current;
    for (std::size_t i = 0; i < pages.size(); ++i) {
        if (i % shape.pages_in_a_section == 0) {
            put_section(out, 2, ram_id, "", 0, 0);
            current.clear();
        }
        const SentPage& page = pages[i];
        const std::uint64_t same = page.block == current ? 0x20 : 0;
        out.put(page.address | same | (page.bytes.empty() ? 2 : 8) | shape.extra_flags);
        if (same == 0) out.put_name(page.block);
        current = page.block;
        page.bytes.empty() ? out.put<std::uint8_t>(0) : out.put(Bytes(page.bytes));
        if ((i + 1) % shape.pages_in_a_section != 0 && i + 1 != pages.size()) continue;
        out.put<std::uint64_t>(0x10);
        end_section(out, shape, ram_id);
        if (!shape.foreign_sections) continue;
        put_section(out, 2, foreign_id, "", 0, 0);
        out.zeros(5000).put("whatever that device says~");
        end_section(out, shape, foreign_id);
    }
}

// vmstate_x86_cpu, as far as control registers and those for system calls
void put_cpu(ByteWriter& out, std::uint32_t cpu) {
    for (unsigned number = 0; number < 18; ++number) out.put(fake_register(cpu, number));
    out.put<std::uint32_t>(0x40c0b3).zeros(8).zeros(8 * 10);
    for (std::uint32_t segment = 0; segment < 10; ++segment)  // es, cs, ss, ds, fs, gs, ldt, tr, gdt, idt
        out.put<std::uint32_t>(0x10 + segment)
            .put<std::uint64_t>(0xffff0000 + segment)
            .put<std::uint32_t>(0xfffff)
            .put<std::uint32_t>(0xa09b00);
    out.put<std::uint32_t>(0x10).zeros(16);
    out.put<std::uint64_t>(0x80050033)
        .put<std::uint64_t>(0xdead)
        .put<std::uint64_t>(0x1234000)
        .put<std::uint64_t>(0x6f0);
    out.zeros(8 * 8).zeros(4).put<std::uint32_t>(0x1f80).zeros(16 * 16);
    out.put<std::uint64_t>(0xd01).zeros(4 * 8).put<std::uint64_t>(0x5eed0000 + cpu);
    out.zeros(300);
}

}  // namespace

std::uint64_t fake_register(std::uint32_t cpu, unsigned number) {
    return (0x1000ull + number) << 16 | cpu;
}

Buffer make_qemu_save(const std::vector<SentPage>& pages, const QemuShape& shape) {
    ByteWriter out(Endian::Big);
    out.put("QEVM").put<std::uint32_t>(3);
    put_configuration(out, shape);
    put_setup(out, shape);
    if (shape.foreign_sections) {
        put_section(out, 1, foreign_id, "dirty-bitmap", 0, 1);
        out.put("a bitmap");
        end_section(out, shape, foreign_id);
    }
    put_pages_sent(out, pages, shape);
    out.put<std::uint8_t>(8).put<std::uint16_t>(3).put<std::uint16_t>(4).put("ping");  // a command
    put_section(out, 3, ram_id, "", 0, 0);
    out.put<std::uint64_t>(0x10);
    end_section(out, shape, ram_id);
    put_section(out, 4, 0, "timer", 0, 2);
    out.zeros(24);
    end_section(out, shape, 0);
    for (std::uint32_t cpu = 0; cpu < shape.cpus; ++cpu) {
        put_section(out, 4, 5 + cpu, "cpu", cpu, 12);
        put_cpu(out, cpu);
        end_section(out, shape, 5 + cpu);
    }
    out.put<std::uint8_t>(0);
    return out.bytes;
}

std::vector<SentPage> sent_pages(const FakeMemory& memory, const std::string& block) {
    std::vector<SentPage> pages;
    for (const auto& [pfn, page] : memory.pages) {
        const bool zero =
            std::all_of(page.begin(), page.end(), [](std::byte b) { return b == std::byte{0}; });
        pages.push_back({block, pfn * memory.page_size, zero ? Buffer() : page});
    }
    return pages;
}

Buffer make_libvirt_save(Bytes stream, std::string_view description, bool finished) {
    Buffer file(92);
    const Bytes magic = as_bytes(finished ? "LibvirtQemudSave" : "LibvirtQemudPart");
    std::copy(magic.begin(), magic.end(), file.begin());
    store(file.data() + 16, std::uint32_t{2}, Endian::Little);
    store(file.data() + 20, static_cast<std::uint32_t>(description.size()), Endian::Little);
    const Bytes text = as_bytes(description);
    file.insert(file.end(), text.begin(), text.end());
    file.insert(file.end(), stream.begin(), stream.end());
    return file;
}

}  // namespace postmortem::test
