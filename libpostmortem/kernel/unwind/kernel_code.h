// The kernel's code as a CodeSource: its image, its modules, the BPF programs that it compiled, and the
// return addresses that tracers replaced. kernel/extable.c, kernel/bpf/core.c, kernel/trace/fgraph.c,
// kernel/trace/rethook.c.
#pragma once

#include <map>
#include <mutex>
#include <string>

#include "kernel/kernel.h"
#include "kernel/unwind/code_map.h"
#include "kernel/unwind/return_hooks.h"

namespace postmortem {

/// Thread-safe. Borrows the kernel.
class KernelCode final : public CodeSource {
  public:
    explicit KernelCode(const Kernel& kernel);

    CodePlace look_up(std::uint64_t ip) const override;
    std::uint64_t some_text() const override { return text_.first; }
    bool may_be_text(std::uint64_t address) const override;
    bool has_tables() const override { return orc_.exist(); }
    std::uint64_t signature_bits() const override;
    FrameInRegisters frame_in_registers() const override;
    bool is_return_hook(const CodePlace& place) const override {
        return ReturnHooks::is_trampoline(place.function);
    }
    bool leads_to_return_hook(std::uint64_t address) const override { return hooks_.begins_at(address); }
    std::optional<std::uint64_t> true_return_address(const CodePlace& hook, std::uint64_t task,
                                                     std::uint64_t slot) const override {
        return hooks_.true_return_address(hook.function, task, slot);
    }

  private:
    struct Range {
        std::uint64_t first = 0, last = 0;
        bool holds(std::uint64_t address) const { return address >= first && address < last; }
    };
    struct BpfProgram {
        std::uint64_t end = 0;
        std::string name;
    };
    using BpfPrograms = std::map<std::uint64_t, BpfProgram>;  // by start

    const BpfPrograms& bpf_programs() const;
    BpfPrograms::const_iterator find_bpf(std::uint64_t address) const;

    const Kernel& kernel_;
    OrcTables orc_;
    ReturnHooks hooks_;
    Range text_, init_text_;
    mutable std::once_flag bpf_loaded_;
    mutable BpfPrograms bpf_;
};

}  // namespace postmortem
