// Where data lies that the kernel's own symbols do not name (CONFIG_KALLSYMS_ALL=n: Debian's i386, its arm64
// and s390x up to 6.1): what other tables in its memory tell, or what only one place can be.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/unnamed_runqueues.h"
#include "memory/address_space.h"
#include "symbols/export_table.h"
#include "types/type_finder.h"

namespace postmortem {

/// Of the image: where it keeps what is only read, strings among it, and where its variables.
struct ImageBounds {
    std::uint64_t read_only_start = 0, read_only_end = 0;
    std::uint64_t data_start = 0, data_end = 0;
};

/// Thread-safe. Borrows the memory.
class UnnamedData {
  public:
    /// `rodata`: an address in what is only read, in front of the table of exported symbols. `lowest_code`:
    /// modules lie at or above it.
    UnnamedData(const AddressSpace& memory, std::uint64_t rodata, std::uint64_t lowest_code);

    /// What is exported to modules, code and data alike; nothing where the table was not found.
    std::vector<Symbol> exported() const;
    /// An exported variable, the bounds of BTF, a per-CPU variable that `types` (may be null) place, the
    /// runqueues, the list of modules. Errors: NotFound.
    Result<std::uint64_t> address_of(std::string_view name, const TypeFinder* types) const;
    /// As far as exported variables reach; empty where the table was not found.
    ImageBounds image() const;
    /// Which of the per-CPU variables that `types` (may be null) place lies there; empty where none does.
    std::string per_cpu_variable_at(std::uint64_t address, const TypeFinder* types) const;

  private:
    struct Bounds {
        std::uint64_t start = 0, end = 0;
        bool hold(std::uint64_t address) const { return address >= start && address < end; }
    };
    using Places = std::map<std::string, std::uint64_t, std::less<>>;

    std::optional<Bounds> find_btf() const;
    Bounds exported_data() const;
    Places place_per_cpu_variables(const TypeFinder& types) const;
    const Places& per_cpu_places(const TypeFinder* types) const;
    std::optional<PerCpuSurroundings> per_cpu_surroundings() const;
    std::optional<std::uint64_t> find_modules() const;
    bool is_list_of_modules(std::uint64_t head) const;

    const AddressSpace& memory_;
    const std::uint64_t lowest_code_;
    const Result<ExportTable> exports_;
    std::optional<Bounds> btf_;
    mutable std::mutex lock_;
    mutable std::optional<Places> per_cpu_;
    mutable std::optional<std::optional<std::uint64_t>> runqueues_, modules_;
};

}  // namespace postmortem
