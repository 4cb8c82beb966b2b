// ORC, the kernel's own unwind tables: for every instruction, where its caller's stack frame lies. They are
// read where the running kernel reads them, so they are right for patched and hand-written code as well.
// arch/x86/include/asm/orc_types.h and arch/x86/kernel/unwind_orc.c, Linux 4.14 to 7.2.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <span>

#include "arch/orc_register.h"
#include "kernel/kernel.h"

namespace postmortem {

struct Module;

/// What lies at the place that the register gives (ORC_TYPE_*, by their numbers since 6.4).
enum class OrcType : std::uint8_t {
    Undefined,    ///< no frame can be found from here
    EndOfStack,   ///< the first frame of a stack
    Call,         ///< a return address
    Regs,         ///< a struct pt_regs
    RegsPartial,  ///< the end of one: what the CPU itself pushes
};

struct OrcEntry {
    std::int16_t sp_offset = 0;
    std::int16_t fp_offset = 0;
    OrcRegister sp_register;  ///< the frame is found from it
    OrcRegister fp_register;  ///< and the caller's frame pointer from this one
    OrcType type = OrcType::Undefined;
    bool signal = false;  ///< the caller was interrupted: its ip is no return address

    bool operator==(const OrcEntry&) const = default;
};

/// Where struct orc_entry keeps its bit-fields, and what their numbers mean; the two 16-bit offsets before
/// them never moved. `bit` counts from the start of the entry, `size` is 0 where this kernel has no such
/// field.
struct OrcLayout {
    struct Bits {
        std::uint32_t bit = 0, size = 0;
    };
    Bits sp_register{32, 4}, fp_register{36, 4};
    Bits type{40, 3}, signal{43, 1}, end{};
    const OrcNumbering* numbering = nullptr;

    /// 6.4 and later: three bits of type. Before, two bits, without Undefined and EndOfStack.
    static OrcLayout since_6_4(const OrcNumbering& numbers) {
        OrcLayout layout;
        layout.numbering = &numbers;
        return layout;
    }
    static OrcLayout before_6_4(const OrcNumbering& numbers) {
        return {{32, 4}, {36, 4}, {40, 2}, {}, {42, 1}, &numbers};
    }

    /// Decodes six bytes.
    OrcEntry decode(std::uint64_t raw) const;
};

/// One pair of tables: signed distances to instruction addresses, ascending, and an entry for each.
struct OrcTable {
    static constexpr std::uint64_t entry_size = 6;

    std::uint64_t addresses = 0;
    std::uint64_t entries = 0;
    std::uint32_t count = 0;
};

/// Thread-safe. Borrows the kernel.
class OrcTables {
  public:
    explicit OrcTables(const Kernel& kernel);

    /// What holds at instruction `ip`. Errors: NotFound where no table covers it (generated code, or a kernel
    /// without ORC); the memory's own.
    Result<OrcEntry> find(std::uint64_t ip) const;

    /// Whether this kernel has any, readable or not.
    bool exist() const { return exist_; }

    /// The same in one table. Where several entries have the same address the last one counts, as for the
    /// kernel.
    static Result<OrcEntry> find_in(const AddressSpace& memory, const OrcTable& table,
                                    const OrcLayout& layout, std::uint64_t ip);

    /// How a table's entries are laid out, and which of the architecture's numberings holds; `bits` is what
    /// the types say of struct orc_entry, as far as there are any.
    static OrcLayout detect_layout(const AddressSpace& memory, const OrcTable& table,
                                   std::span<const OrcNumbering> numberings,
                                   const std::optional<OrcLayout>& bits);

  private:
    Result<OrcTable> kernel_table() const;
    Result<OrcTable> module_table(const Module& module) const;

    const Kernel& kernel_;
    Result<OrcTable> table_;
    OrcLayout layout_;
    bool exist_ = false;

    mutable std::mutex lock_;
    mutable std::map<std::uint64_t, Result<OrcTable>> modules_;
};

}  // namespace postmortem
