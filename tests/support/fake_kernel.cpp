#include "support/fake_kernel.h"

#include <algorithm>
#include <stdexcept>

#include <elf.h>
#include <fmt/format.h>

#include "base/checked.h"
#include "support/fake_dump.h"
#include "support/kallsyms_builder.h"

namespace postmortem::test {
namespace {

// Virtual addresses of the parts, and where they lie in physical memory. On i386 the image is a part of the
// direct map.
constexpr std::uint64_t image_paddr = 0x1000000, image_bytes = 0x400000;
constexpr std::uint64_t data_offset = 0x100000;  // variables
constexpr std::uint64_t types_offset = 0x200000, symbols_offset = 0x300000;
constexpr std::uint64_t tables_offset = 0x80000;

std::uint64_t image_of(FakeBuild build) {
    return build == FakeBuild::X86_64 ? 0xffffffff81000000ull : 0xc1000000;
}
std::uint64_t direct_map_of(FakeBuild build) {
    return build == FakeBuild::X86_64 ? 0xffff888000000000ull : 0xc0000000;
}
std::uint64_t heap_of(FakeBuild build) {
    return direct_map_of(build) + (build == FakeBuild::X86_64 ? 0x2000000 : 0x8000000);
}
PageTableShape tables_of(FakeBuild build) {
    return build == FakeBuild::X86_64 ? x86_64_tables() : i386_tables(build == FakeBuild::I386Pae);
}

}  // namespace

FakeKernel::FakeKernel(FakeBuild build)
    : build_(build),
      tables_(dump_, image_paddr + tables_offset, tables_of(build)),
      next_variable_(image_of(build) + data_offset),
      next_heap_(heap_of(build)) {
    const std::uint64_t image = image_of(build), large = build == FakeBuild::I386 ? 4u << 20 : 2u << 20;
    for (std::uint64_t at = 0; at < image_bytes; at += large)
        tables_.map(image + at, image_paddr + at, large);
    symbol("_text", image);
    symbol("_stext", image);
    write(image, std::string(4096, '\xcc'));
    tell("OSRELEASE=6.1.0-fake");
    tell("PAGESIZE=4096");
    tell(fmt::format("SYMBOL(_stext)={:x}", image));
    tell(fmt::format("SIZE(list_head)={}", 2 * word()));
    tell("KERNELOFFSET=0");
    if (build == FakeBuild::X86_64) {
        tell(fmt::format("SYMBOL(init_top_pgt)={:x}", image + tables_offset));
        tell("NUMBER(phys_base)=0");
        tell("NUMBER(pgtable_l5_enabled)=0");
        tell(fmt::format("NUMBER(KERNEL_IMAGE_SIZE)={}", 1 << 30));
    } else {
        tell(fmt::format("SYMBOL(swapper_pg_dir)={:x}", image + tables_offset));
        if (build == FakeBuild::I386Pae) tell("CONFIG_X86_PAE=y");
    }
}

std::uint64_t FakeKernel::paddr_of(std::uint64_t vaddr) const {
    const std::uint64_t image = image_of(build_);
    if (vaddr >= image && vaddr < image + image_bytes) return vaddr - image + image_paddr;
    if (vaddr >= heap_of(build_) && vaddr < next_heap_ + 4096) return vaddr - direct_map_of(build_);
    throw std::logic_error(fmt::format("the fake kernel has nothing at {:#x}", vaddr));
}

std::uint64_t FakeKernel::variable(std::string_view name, std::uint64_t bytes) {
    const std::uint64_t at = next_variable_;
    next_variable_ = align_up(at + std::max<std::uint64_t>(bytes, 1), 64);
    if (next_variable_ > image_of(build_) + types_offset) throw std::logic_error("too many variables");
    dump_.write(paddr_of(at), std::vector<std::byte>(bytes));
    symbol(name, at);
    return at;
}

void FakeKernel::symbol(std::string_view name, std::uint64_t value) {
    symbols_.push_back({std::string(name), value, value >> (8 * word() - 1) ? 'D' : 'A'});
}

std::uint64_t FakeKernel::allocate(std::uint64_t bytes, std::uint64_t alignment) {
    const std::uint64_t at = align_up(next_heap_, alignment);
    next_heap_ = align_up(at + bytes, alignment);
    for (std::uint64_t page = align_down(at, 4096); page < next_heap_; page += 4096)
        tables_.map(page, page - direct_map_of(build_));
    dump_.write(paddr_of(at), std::vector<std::byte>(bytes));
    return at;
}

void FakeKernel::lose_page_table_of(std::uint64_t vaddr) {
    dump_.fail_page(tables_.entry(vaddr, 1), ErrorCode::PageMissing);
}

std::uint64_t FakeKernel::page_table_of(std::uint64_t vaddr) {
    tables_.map(vaddr, image_paddr);
    return direct_map_of(build_) + align_down(tables_.entry(vaddr, 1), 4096);
}

void FakeKernel::link_list(std::uint64_t head, const std::vector<std::uint64_t>& nodes) {
    std::uint64_t before = head;
    for (const std::uint64_t node : nodes) {
        put_word(before, node);
        put_word(node + word(), before);
        before = node;
    }
    put_word(before, head);
    put_word(head + word(), before);
}

void FakeKernel::write_types() {
    const auto bytes = types_.bytes();
    const std::uint64_t types_at = image_of(build_) + types_offset;
    if (types_offset + bytes.size() > symbols_offset) throw std::logic_error("too many types");
    dump_.write(paddr_of(types_at), bytes);
    symbol("__start_BTF", types_at);
    symbol("__stop_BTF", types_at + bytes.size());
}

void FakeKernel::tell_other_symbols() {
    std::vector<Symbol> functions;
    std::uint64_t end = 0;
    for (const Symbol& symbol : symbols_) {
        const bool is_mark = symbol.name == "_text" || symbol.name == "_stext";
        if (!is_mark && !functions_.contains(symbol.name)) {
            if (symbol.name != "_end") tell(fmt::format("SYMBOL({})={:x}", symbol.name, symbol.address));
            continue;
        }
        functions.push_back({symbol.name, symbol.address, 'T'});
        end = std::max(end, symbol.address);
    }
    functions.push_back({"_etext", end + 32, 'T'});
    symbols_ = std::move(functions);
}

void FakeKernel::write_symbols() {
    const std::uint64_t image = image_of(build_), symbols_at = image + symbols_offset;
    if (has_end_) symbol("_end", image + image_bytes - 1);
    if (!functions_.empty()) tell_other_symbols();
    std::stable_sort(symbols_.begin(), symbols_.end(),
                     [](const Symbol& a, const Symbol& b) { return a.address < b.address; });
    SparseMemory scratch(image, image_bytes);
    KallsymsShape shape;
    shape.word_bytes = word();
    shape.addresses_last = shape.name_order = true;
    const KallsymsImage written = write_kallsyms(scratch, symbols_at, symbols_, shape);
    if (written.last > image + image_bytes) throw std::logic_error("too many symbols");
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
    if (build_ != FakeBuild::X86_64)
        shape.machine = *std::find_if(fake_machines().begin(), fake_machines().end(),
                                      [](const FakeMachine& machine) { return machine.elf == EM_386; });
    KernelOptions options;
    options.search_vmlinux = false;
    auto kernel = Kernel::open(directory_.write("vmcore", make_kdump(memory, shape)), options);
    if (!kernel) throw std::logic_error(kernel.error().message);
    return std::move(*kernel);
}

}  // namespace postmortem::test
