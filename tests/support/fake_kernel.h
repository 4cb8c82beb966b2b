// A small kernel that a test makes up, of x86_64 or i386: symbols in a real kallsyms table, types in real
// BTF, data behind real page tables, all of it in a kdump file that Kernel::open() reads.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/kernel.h"
#include "support/btf_builder.h"
#include "support/sparse_dump.h"
#include "support/temp_dir.h"

namespace postmortem::test {

/// For which machine a fake kernel was built.
enum class FakeBuild { X86_64, I386, I386Pae };

class FakeKernel {
  public:
    explicit FakeKernel(FakeBuild build = FakeBuild::X86_64);

    /// Bytes in a long.
    std::uint32_t word() const { return build_ == FakeBuild::X86_64 ? 8 : 4; }

    BtfBuilder& types() { return types_; }

    /// Room for a variable in the kernel's image, zeroed, under a name in kallsyms.
    std::uint64_t variable(std::string_view name, std::uint64_t bytes = 8);
    /// A symbol of any value (a per-CPU offset, say). Those below the image are written as absolute.
    void symbol(std::string_view name, std::uint64_t value);
    /// Kallsyms has no absolute symbols, such as _end, as before 2.6.33.
    void without_absolute_symbols() { has_end_ = false; }
    /// Kallsyms names these alone, as without CONFIG_KALLSYMS_ALL; the others VMCOREINFO tells.
    void name_functions_alone(std::set<std::string> functions) { functions_ = std::move(functions); }
    /// Zeroed memory in the direct map.
    std::uint64_t allocate(std::uint64_t bytes, std::uint64_t alignment = 64);
    /// The same, on pages of its own, so that losing them costs nothing else.
    std::uint64_t allocate_page(std::uint64_t bytes = 4096) { return allocate(bytes, 4096); }

    template <std::integral T>
    void put(std::uint64_t vaddr, T value) {
        dump_.put(paddr_of(vaddr), value);
    }
    void put_u64(std::uint64_t vaddr, std::uint64_t value) { put<std::uint64_t>(vaddr, value); }
    /// A long or a pointer.
    void put_word(std::uint64_t vaddr, std::uint64_t value) {
        word() == 8 ? put<std::uint64_t>(vaddr, value)
                    : put<std::uint32_t>(vaddr, static_cast<std::uint32_t>(value));
    }
    void write(std::uint64_t vaddr, std::string_view text) { dump_.write(paddr_of(vaddr), text); }
    /// The dump's filter leaves the page out.
    void exclude(std::uint64_t vaddr) { dump_.fail_page(paddr_of(vaddr), ErrorCode::PageExcluded); }
    /// The writer of the dump lost the page.
    void lose(std::uint64_t vaddr) { dump_.fail_page(paddr_of(vaddr), ErrorCode::PageMissing); }
    /// In the kernel's own tables; nothing is written there.
    void map_page(std::uint64_t vaddr, std::uint64_t paddr) { tables_.map(vaddr, paddr); }
    /// As lose(), for the lowest page table on the way to `vaddr`.
    void lose_page_table_of(std::uint64_t vaddr);
    /// Makes a lowest page table on the way to `vaddr`, which maps the page there to the first of the image;
    /// where that table lies in the direct map. On i386 alone.
    std::uint64_t page_table_of(std::uint64_t vaddr);

    /// A list_head at `head` that goes through list_heads at `nodes`.
    void link_list(std::uint64_t head, const std::vector<std::uint64_t>& nodes);

    /// Lines for VMCOREINFO.
    void tell(std::string_view line) { vmcoreinfo_.append(line).push_back('\n'); }

    /// Writes the dump and opens it. To be called once; the file lives as long as this object.
    std::unique_ptr<Kernel> open();

  private:
    std::uint64_t paddr_of(std::uint64_t vaddr) const;
    void write_types();
    void write_symbols();
    void tell_other_symbols();

    FakeBuild build_;
    SparseDump dump_;
    PageTableBuilder tables_;
    BtfBuilder types_;
    std::vector<Symbol> symbols_;
    std::set<std::string> functions_;
    std::uint64_t next_variable_;
    std::uint64_t next_heap_;
    std::string vmcoreinfo_;
    TempDir directory_;
    bool has_end_ = true;
};

}  // namespace postmortem::test
