// The crashed kernel: owns the chain from the dump file up to its symbols and types, and builds each link
// only when a question needs it. What is known about one subsystem lives in that subsystem's own file, not
// here.
#pragma once

#include <filesystem>
#include <initializer_list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <postmortem/type_sources.h>

#include "arch/arch.h"
#include "dump/dump_file.h"
#include "dump/vmcoreinfo.h"
#include "memory/address_space.h"
#include "object/object.h"
#include "symbols/kernel_build.h"
#include "symbols/symbol_table.h"
#include "types/type_finder.h"

namespace postmortem {

class ModuleList;
class UnnamedVariables;
class Vmlinux;

struct KernelOptions {
    /// A vmlinux to use; refused where its build-id is not the dump's. Without it one is looked for only when
    /// the dump itself lacks what is asked for.
    std::optional<std::filesystem::path> vmlinux;
    /// Look for a vmlinux in the usual places (and by debuginfod) when one is needed.
    bool search_vmlinux = true;
    TypeSources types = {};
    /// Open it also where the page tables cannot be followed (AddressSpace::no_tables()), which leaves what
    /// the kernel maps linearly: its image, with the log in it, and memory.
    bool without_tables = false;
    /// Remember which pages are read, for `extract`.
    bool record_touched_pages = false;
    /// Where the parts of a split dump lie, and how a compressed one is unpacked.
    DumpOptions dump = {};
};

/// Objects, symbols and types borrow from it. Thread-safe for readers.
class Kernel {
  public:
    /// Errors name the file and the next step: those of open_dump(); Unsupported for an architecture that is
    /// not known; MissingDebugInfo where the dump has no VMCOREINFO; InvalidArgument where the vmlinux does
    /// not match.
    static Result<std::unique_ptr<Kernel>> open(const std::filesystem::path& dump,
                                                const KernelOptions& options = {});
    ~Kernel();

    const DumpFile& dump() const { return *dump_; }
    const Arch& arch() const { return *arch_; }
    const std::filesystem::path& path() const { return path_; }
    const VmcoreInfo& vmcoreinfo() const { return vmcoreinfo_; }
    PhysicalMemory& physical() { return *physical_; }
    const PhysicalMemory& physical() const { return *physical_; }
    const AddressSpace& memory() const { return *memory_; }
    /// Whether an address lies in the kernel's half, also one with a tag.
    bool is_of_kernel(std::uint64_t address) const;
    /// The same of one that somebody names without a word on whose it is. What is read as a pointer may be
    /// null where the kernel has memory at address 0.
    bool is_named_of_kernel(std::uint64_t address) const {
        return arch_->memory.uses_address_0 || is_of_kernel(address);
    }
    /// … which no program has. Where the two have spaces of their own (s390x), both may have it.
    bool is_of_kernel_alone(std::uint64_t address) const {
        return address >= arch_->memory.user_end && is_of_kernel(address);
    }

    /// The kernel's own symbols: kallsyms where the dump holds it and it names data, too, else the vmlinux's.
    Result<const SymbolTable*> symbols() const;
    /// These are functions and what is exported to modules (CONFIG_KALLSYMS_ALL=n): other data has no name.
    bool names_functions_alone() const;
    /// The same of the symbols that modules bring, whatever names the kernel's own.
    bool modules_name_functions_alone() const;
    /// Errors: NotFound where this kernel has no such symbol, MissingDebugInfo where its symbols are
    /// functions alone (CONFIG_KALLSYMS_ALL=n).
    Result<std::uint64_t> symbol(std::string_view name) const;
    /// Which of the names that a symbol has had this kernel knows, newest first. The errors name all of them.
    Result<std::string_view> known_symbol(std::initializer_list<std::string_view> names) const;
    /// The symbol that covers an address, in the kernel or in a module. Errors: NotFound where none does,
    /// MissingDebugInfo where data of the kernel may lie there, whose names are not known.
    Result<SymbolHit> symbol_at(std::uint64_t address) const;

    /// BTF where the dump holds it, else a type file, else the vmlinux's BTF or DWARF, else what can be
    /// inferred of the layout of tasks; a finder that only fails where that cannot be, either.
    const TypeFinder& types() const;
    /// The same, and of variables that it knows no type of what a vmlinux's DWARF says, where types are shown
    /// (TypeSources::whole).
    const TypeFinder& types_and_variables() const;
    /// The types came from a file, so that the dump alone would not have them.
    bool types_are_from_file() const { return types(), types_are_from_file_; }

    /// A global variable of a known type.
    Object variable(std::string_view symbol, TypeKind kind, std::string_view type_name) const;
    Object variable(std::string_view symbol, std::string_view struct_name) const {
        return variable(symbol, TypeKind::Struct, struct_name);
    }
    /// A struct at an address.
    Object object(std::string_view struct_name, std::uint64_t address) const;
    /// An integer variable of 1, 2, 4 or 8 bytes, unsigned.
    template <std::integral T>
    Result<T> number(std::string_view symbol_name) const {
        auto address = symbol(symbol_name);
        if (!address) return fail(std::move(address.error()));
        return memory_->get<T>(*address);
    }

    /// A variable that is an unsigned long, an atomic_long_t or a pointer.
    Result<std::uint64_t> word(std::string_view symbol_name) const {
        auto address = symbol(symbol_name);
        if (!address) return fail(std::move(address.error()));
        return memory_->word(*address);
    }
    Result<std::uint64_t> word(std::initializer_list<std::string_view> names) const {
        return known_symbol(names).and_then([this](std::string_view name) { return word(name); });
    }

    /// The modules that were loaded; empty (with the reason in `modules().problems()`) where the list is
    /// unreadable.
    const ModuleList& modules() const;

    /// The vmlinux: the one that was given, or one that is found when this is first called.
    Result<const Vmlinux*> vmlinux() const;

    /// How far the kernel's image lies from where the vmlinux says (KASLR).
    std::uint64_t slide(const Vmlinux& vmlinux) const;

    /// The vmlinux that the caller gave; null where the dump has to explain itself.
    const std::filesystem::path* given_vmlinux() const {
        return options_.vmlinux ? &*options_.vmlinux : nullptr;
    }

    /// Which build it is: by the build-id in VMCOREINFO (since 5.9), else by what its memory says.
    KernelBuild build() const;

    /// The release, "6.1.0-56-cloud-amd64".
    std::string_view release() const { return vmcoreinfo_.string("OSRELEASE").value_or(""); }

  private:
    Kernel(std::filesystem::path path, std::unique_ptr<DumpFile> dump, KernelOptions options);

    Result<std::unique_ptr<AddressSpace>> open_by_note(const VmcoreInfo& info);
    Result<std::unique_ptr<AddressSpace>> open_by_memory();
    Result<std::unique_ptr<Vmlinux>> attached_vmlinux(const std::optional<std::string>& build_id) const;
    Result<void> check_given_files() const;
    std::filesystem::path folder() const;
    Result<const SymbolTable*> load_symbols() const;
    Result<const SymbolTable*> symbols_beside(std::unique_ptr<SymbolTable> functions,
                                              std::uint64_t rodata) const;
    Result<std::unique_ptr<SymbolTable>> symbols_of_file() const;
    Result<std::unique_ptr<SymbolTable>> symbols_of(const Vmlinux& vmlinux) const;
    Result<SymbolHit> symbol_of_image(std::uint64_t address) const;
    Result<SymbolHit> unnamed_at(std::uint64_t address, Error why) const;
    Error unnamed(std::string_view names) const;
    /// Nothing where this kernel has no such symbol. Errors: MissingDebugInfo where that is not known.
    Result<std::optional<std::uint64_t>> find_symbol(std::string_view name) const;
    Result<std::unique_ptr<TypeFinder>> btf_in_dump() const;
    Result<std::unique_ptr<TypeFinder>> types_of_file() const;
    Result<std::unique_ptr<TypeFinder>> types_of_vmlinux() const;
    std::unique_ptr<TypeFinder> load_types() const;

    std::filesystem::path path_;
    std::unique_ptr<DumpFile> dump_;
    KernelOptions options_;
    VmcoreInfo vmcoreinfo_;
    const Arch* arch_ = nullptr;
    std::unique_ptr<PhysicalMemory> physical_;
    std::unique_ptr<AddressSpace> memory_;

    mutable std::recursive_mutex lock_;
    mutable std::optional<Result<const SymbolTable*>> symbols_;
    mutable std::unique_ptr<SymbolTable> symbol_table_;
    mutable std::unique_ptr<UnnamedVariables>
        unnamed_;  ///< in its place, where kallsyms names functions alone
    mutable bool kallsyms_names_functions_alone_ = false;
    mutable std::optional<std::uint64_t> slide_;
    mutable std::string why_data_is_unnamed_;  ///< where that is a fault of the file that would
    mutable std::unique_ptr<TypeFinder> types_;
    mutable bool types_are_loading_ = false;
    mutable std::unique_ptr<TypeFinder> types_and_variables_;
    mutable bool types_are_from_file_ = false;
    mutable std::unique_ptr<ModuleList> modules_;
    mutable std::optional<Result<std::unique_ptr<Vmlinux>>> vmlinux_;
};

}  // namespace postmortem
