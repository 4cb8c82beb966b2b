// What the readers of printk's three buffers share: bounds for hostile dumps, and a tally of what could not
// be read, so that a missing page costs one line of explanation and not one per record.
#pragma once

#include <initializer_list>
#include <map>
#include <string>
#include <string_view>

#include <postmortem/kernel_log.h>

#include "dump/vmcoreinfo.h"
#include "memory/address_space.h"

namespace postmortem::printk {

/// log_buf_len=32M gives a ring of so many descriptors; of a larger one the newest records are read.
constexpr std::uint64_t most_records = 1u << 20;
constexpr std::uint64_t most_log_bytes = 1ull << 31;  // LOG_BUF_LEN_MAX
constexpr std::uint64_t most_text_bytes = 256ull << 20;
/// No struct of printk comes near this; a larger SIZE() in VMCOREINFO is garbage.
constexpr std::uint64_t most_struct_bytes = 4096;

/// Counts failures per cause; each cause becomes one problem with the first address it was seen at.
class Failures {
  public:
    void add(const Error& error);
    void add(ErrorCode code, std::string_view cause, std::uint64_t address);
    void report(Problems& problems) const;

  private:
    struct Cause {
        std::uint64_t count = 0;
        Error first;
    };
    std::map<std::string, Cause, std::less<>> causes_;
};

struct Member {
    std::string_view name;
    std::uint64_t offset = 0, size = 0;
};

/// SIZE() and OFFSET() values of VMCOREINFO, with one Error for the first that is absent or absurd.
class Layout {
  public:
    explicit Layout(const VmcoreInfo& info) : info_(info) {}

    std::uint64_t size(std::string_view type);
    std::uint64_t offset(std::string_view member);
    /// A struct's members lie within it, at multiples of their alignment and of 4, whichever is less, and not
    /// over each other. `size` is the struct's; 0 where VMCOREINFO does not tell.
    void check(std::string_view type, std::uint64_t size, std::initializer_list<Member> members);
    const std::optional<Error>& error() const { return error_; }

  private:
    std::uint64_t checked(std::optional<std::uint64_t> value, std::string_view kind, std::string_view name);

    const VmcoreInfo& info_;
    std::optional<Error> error_;
};

/// Variables that VMCOREINFO names. Errors: MissingDebugInfo where it does not; those of memory.
class Variables {
  public:
    Variables(const AddressSpace& memory, const VmcoreInfo& info) : memory_(memory), info_(info) {}

    Result<std::uint32_t> u32(std::string_view symbol) const;
    /// A pointer, of the crashed machine's word size.
    Result<std::uint64_t> pointer(std::string_view symbol) const;

  private:
    Result<std::uint64_t> address_of(std::string_view symbol) const;

    const AddressSpace& memory_;
    const VmcoreInfo& info_;
};

/// CONFIG_PRINTK_CALLER's number: bit 31 marks a CPU in interrupt context, else it is a thread's pid.
PrintkCaller decode_caller(std::uint32_t caller_id);

/// struct printk_info and struct printk_log share these two bytes: facility, then flags:5 and level:3.
void decode_level(PrintkRecord& record, std::uint8_t facility, std::uint8_t flags_and_level, Endian endian);

void read_ring(const AddressSpace& memory, const VmcoreInfo& info, KernelLog& log);
void read_records(const AddressSpace& memory, const VmcoreInfo& info, KernelLog& log);
void read_flat(const AddressSpace& memory, const VmcoreInfo& info, KernelLog& log);

}  // namespace postmortem::printk
