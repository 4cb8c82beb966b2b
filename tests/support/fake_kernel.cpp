#include "support/fake_kernel.h"

#include <algorithm>
#include <stdexcept>

#include <fmt/format.h>

#include "base/checked.h"
#include "support/fake_dump.h"
#include "support/kallsyms_builder.h"

namespace postmortem::test {
namespace {

// Virtual addresses of the parts, and where they lie in physical memory.
constexpr std::uint64_t image = 0xffffffff81000000ull, image_paddr = 0x1000000;
constexpr std::uint64_t data = image + 0x100000;  // variables
constexpr std::uint64_t types_at = image + 0x200000, symbols_at = image + 0x300000;
constexpr std::uint64_t image_end = image + 0x400000;
constexpr std::uint64_t heap = 0xffff888000000000ull;
constexpr std::uint64_t heap_start = heap + 0x2000000;
constexpr std::uint64_t tables_paddr = image_paddr + 0x80000;
constexpr std::uint64_t tables = image + 0x80000;

}  // namespace

FakeKernel::FakeKernel() : tables_(dump_, tables_paddr), next_variable_(data), next_heap_(heap_start) {
    for (std::uint64_t at = image; at < image_end; at += 2 << 20)
        tables_.map(at, image_paddr + (at - image), 2 << 20);
    symbol("_text", image);
    symbol("_stext", image);
    write(image, std::string(4096, '\xcc'));
    tell("OSRELEASE=6.1.0-fake");
    tell("PAGESIZE=4096");
    tell(fmt::format("SYMBOL(init_top_pgt)={:x}", tables));
    tell(fmt::format("SYMBOL(_stext)={:x}", image));
    tell("NUMBER(phys_base)=0");
    tell("NUMBER(pgtable_l5_enabled)=0");
    tell("KERNELOFFSET=0");
    tell(fmt::format("NUMBER(KERNEL_IMAGE_SIZE)={}", 1 << 30));
}

std::uint64_t FakeKernel::paddr_of(std::uint64_t vaddr) const {
    if (vaddr >= image && vaddr < image_end) return vaddr - image + image_paddr;
    if (vaddr >= heap_start && vaddr < next_heap_ + 4096) return vaddr - heap;
    throw std::logic_error(fmt::format("the fake kernel has nothing at {:#x}", vaddr));
}

std::uint64_t FakeKernel::variable(std::string_view name, std::uint64_t bytes) {
    const std::uint64_t at = next_variable_;
    next_variable_ = align_up(at + std::max<std::uint64_t>(bytes, 1), 64);
    if (next_variable_ > types_at) throw std::logic_error("too many variables");
    dump_.write(paddr_of(at), std::vector<std::byte>(bytes));
    symbol(name, at);
    return at;
}

void FakeKernel::symbol(std::string_view name, std::uint64_t value) {
    symbols_.push_back({std::string(name), value, value >> 63 ? 'D' : 'A'});
}

std::uint64_t FakeKernel::allocate(std::uint64_t bytes, std::uint64_t alignment) {
    const std::uint64_t at = align_up(next_heap_, alignment);
    next_heap_ = align_up(at + bytes, alignment);
    for (std::uint64_t page = align_down(at, 4096); page < next_heap_; page += 4096)
        tables_.map(page, page - heap);
    dump_.write(paddr_of(at), std::vector<std::byte>(bytes));
    return at;
}

void FakeKernel::lose_page_table_of(std::uint64_t vaddr) {
    dump_.fail_page(tables_.entry(vaddr, 1), ErrorCode::PageMissing);
}

void FakeKernel::link_list(std::uint64_t head, const std::vector<std::uint64_t>& nodes) {
    std::uint64_t before = head;
    for (const std::uint64_t node : nodes) {
        put_u64(before, node);
        put_u64(node + 8, before);
        before = node;
    }
    put_u64(before, head);
    put_u64(head + 8, before);
}

void FakeKernel::write_types() {
    const auto bytes = types_.bytes();
    if (types_at + bytes.size() > symbols_at) throw std::logic_error("too many types");
    dump_.write(paddr_of(types_at), bytes);
    symbol("__start_BTF", types_at);
    symbol("__stop_BTF", types_at + bytes.size());
}

void FakeKernel::write_symbols() {
    symbol("_end", image_end - 1);
    std::stable_sort(symbols_.begin(), symbols_.end(),
                     [](const Symbol& a, const Symbol& b) { return a.address < b.address; });
    SparseMemory scratch(image, image_end - image);
    KallsymsShape shape;
    shape.addresses_last = shape.name_order = true;
    const KallsymsImage written = write_kallsyms(scratch, symbols_at, symbols_, shape);
    if (written.last > image_end) throw std::logic_error("too many symbols");
    dump_.write(paddr_of(symbols_at), scratch.memory().bytes(symbols_at, written.last - symbols_at).value());
    const KallsymsLocation& at = written.location;
    for (const auto& [name, address] : {std::pair("names", at.names),
                                        {"num_syms", at.num_syms},
                                        {"token_table", at.token_table},
                                        {"token_index", at.token_index},
                                        {"offsets", at.offsets},
                                        {"relative_base", at.relative_base}})
        tell(fmt::format("SYMBOL(kallsyms_{})={:x}", name, address));
}

std::unique_ptr<Kernel> FakeKernel::open() {
    // The tables are read through the kernel's own map of its image.
    write_types();
    write_symbols();
    FakeMemory memory;
    memory.max_pfn = dump_.info().max_pfn;
    memory.pages = dump_.pages();
    for (const auto& [frame, code] : dump_.errors()) {
        if (code == ErrorCode::PageExcluded) {
            memory.pages.erase(frame);
            memory.excluded.insert(frame);
        } else {
            memory.lost.insert(frame);
        }
    }
    KdumpShape shape;
    shape.codec = Codec::Zlib;
    shape.vmcoreinfo = vmcoreinfo_;
    KernelOptions options;
    options.search_vmlinux = false;
    auto kernel = Kernel::open(directory_.write("vmcore", make_kdump(memory, shape)), options);
    if (!kernel) throw std::logic_error(kernel.error().message);
    return std::move(*kernel);
}

}  // namespace postmortem::test
