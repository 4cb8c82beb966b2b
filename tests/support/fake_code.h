// Code and stacks that a test makes up for the unwinder: functions with unwind entries, call instructions in
// front of return addresses, stacks to put frames on.
#pragma once

#include <map>
#include <string>

#include "arch/x86_64/registers.h"
#include "arch/x86_64/x86_64.h"
#include "kernel/unwind/frame_walker.h"
#include "support/memory_image.h"

namespace postmortem::test {

class FakeCode : public CodeSource {
  public:
    static constexpr std::uint64_t text = 0xffffffff81000000ull;
    static constexpr std::uint64_t function_size = 0x100;
    static constexpr std::uint64_t stack_size = 0x4000;

    explicit FakeCode(Endian endian = Endian::Little);

    /// A function of 256 bytes behind the last one; its start.
    std::uint64_t function(const std::string& name, Result<OrcEntry> orc);
    /// The same with an entry of its own for the instructions from `offset` on.
    void entry_from(std::uint64_t function, std::uint64_t offset, OrcEntry orc);

    /// The address behind a call of `target`, written at `offset` in `caller`.
    std::uint64_t call(std::uint64_t caller, std::uint64_t offset, std::uint64_t target);
    /// The address behind a call through a register.
    std::uint64_t indirect_call(std::uint64_t caller, std::uint64_t offset);

    /// A stack of zeros; `stacks` holds them in the order in which they were made.
    StackRange add_stack(StackKind kind);
    std::vector<StackRange> stacks;

    /// Puts a struct pt_regs.
    void put_registers(std::uint64_t address, const Registers& registers);

    RawBacktrace walk(const UnwindPosition& start, bool user_task = false);

    MemoryImage image;
    const Arch* arch = &x86_64::arch;
    std::uint64_t signature = 0;  ///< bits of a return address that may hold one
    FrameInRegisters in_registers;
    bool tables = true;  ///< whether the kernel has unwind tables at all
    /// The functions that tracers put in place of a return address, and what each stands for (0: not known)
    std::map<std::string, std::uint64_t> hooks;

    CodePlace look_up(std::uint64_t ip) const override;
    std::uint64_t some_text() const override { return text; }
    bool may_be_text(std::uint64_t address) const override;
    bool has_tables() const override { return tables; }
    std::uint64_t signature_bits() const override { return signature; }
    FrameInRegisters frame_in_registers() const override { return in_registers; }
    bool is_return_hook(const CodePlace& place) const override { return hooks.count(place.function) != 0; }
    bool leads_to_return_hook(std::uint64_t address) const override {
        const CodePlace place = look_up(address);
        return is_return_hook(place) && place.start == address;
    }
    std::optional<std::uint64_t> true_return_address(const CodePlace& hook, std::uint64_t,
                                                     std::uint64_t) const override {
        const std::uint64_t stands_for = hooks.at(hook.function);
        return stands_for ? std::optional(stands_for) : std::nullopt;
    }

  private:
    struct Function {
        std::string name;
        std::map<std::uint64_t, Result<OrcEntry>> orc;  // by offset
    };
    std::map<std::uint64_t, Function> functions_;
};

/// The functions of its frames, the innermost first.
std::vector<std::string> functions(const RawBacktrace& trace);

/// A frame found at the stack pointer plus `offset`.
OrcEntry by_sp(std::int16_t offset);
OrcEntry end_of_stack();
/// A struct pt_regs at the stack pointer plus `offset`.
OrcEntry exception_frame(std::int16_t offset = 0);

Registers kernel_registers(std::uint64_t ip, std::uint64_t sp);
Registers user_registers();

}  // namespace postmortem::test
