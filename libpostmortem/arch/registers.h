// A CPU's registers, of whatever architecture: values by index, and the description of what the indices mean.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace postmortem {

struct Registers;

/// How a register is shown: its name as crash writes it, with a colon and all, and at least how many hex
/// digits.
struct RegisterFace {
    std::uint8_t index = 0;
    std::string_view label;
    std::uint8_t digits = 16;
};

/// What an architecture says of its register file: that of struct pt_regs, in the order of its members.
struct RegisterFile {
    std::span<const std::string_view> names;  ///< upper case, as crash and the kernel's oops print them
    std::uint8_t ip = 0, sp = 0, fp = 0;      ///< the frame pointer by the ABI, used as such or not
    /// The register in which a call leaves the return address.
    std::optional<std::uint8_t> link{};
    /// What an entry saves beside the CPU's registers: the number or first argument of a system call.
    std::optional<std::uint8_t> entry_only{};
    /// One bit for each register that tells one moment of a CPU from another: not the flags, nor what an
    /// entry adds.
    std::uint64_t state = 0;
    /// Whether the CPU ran a user's program.
    bool (*user_mode)(const Registers&) = nullptr;
    /// Whether an entry into the kernel can have saved these: what lies on a stack in their place may be
    /// anything else. Null where nothing in them tells.
    bool (*possible)(const Registers&) = nullptr;

    /// The same, more strictly: what entries save as a rule. For whoever searches a stack for saved
    /// registers.
    bool (*usual)(const Registers&) = nullptr;

    /// Why the kernel was entered, in words; empty where the registers do not tell. May be null.
    std::string_view (*cause)(const Registers&) = nullptr;

    /// How many bytes `ip` lies behind the instruction that an exception ended; null where it never does.
    std::uint64_t (*bytes_behind)(const Registers&) = nullptr;

    std::span<const RegisterFace> printed;  ///< in the order of crash and the kernel
    std::uint8_t printed_per_line = 3;
};

/// Room for the largest file, that of powerpc: struct pt_regs has 44 words there.
constexpr std::size_t most_registers = 48;

struct Registers {
    explicit Registers(const RegisterFile& description) : file(&description) {}

    std::array<std::uint64_t, most_registers> value{};
    std::uint64_t known = 0;  ///< one bit for each register whose value is known
    const RegisterFile* file;

    std::uint64_t operator[](std::size_t index) const { return value[index]; }
    void set(std::size_t index, std::uint64_t to) {
        value[index] = to;
        known |= std::uint64_t{1} << index;
    }
    bool knows(std::size_t index) const { return (known >> index & 1) != 0; }

    std::uint64_t ip() const { return value[file->ip]; }
    std::uint64_t sp() const { return value[file->sp]; }
    std::uint64_t fp() const { return value[file->fp]; }
    bool user_mode() const { return file->user_mode(*this); }
    bool usual() const { return possible() && (!file->usual || file->usual(*this)); }
    bool possible() const { return !file->possible || file->possible(*this); }
};

/// Whether both are of the same moment, as far as registers tell; never where one of them is not wholly
/// known.
bool same_state(const Registers& a, const Registers& b);

}  // namespace postmortem
