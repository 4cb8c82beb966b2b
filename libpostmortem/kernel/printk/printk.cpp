#include "kernel/printk/printk.h"

#include <algorithm>

#include <fmt/format.h>

#include "kernel/printk/printk_formats.h"

namespace postmortem {
namespace printk {

void Failures::add(const Error& error) {
    // Some messages quote numbers of the dump: those must not make the list as long as the log.
    constexpr std::size_t most_causes = 16;
    const bool known = causes_.size() < most_causes || causes_.contains(error.message);
    Cause& cause = causes_[known ? error.message : "other causes"];
    if (cause.count++ == 0) cause.first = error;
}

void Failures::add(ErrorCode code, std::string_view cause, std::uint64_t address) {
    add(Error(code, std::string(cause), address));
}

void Failures::report(Problems& problems) const {
    for (const auto& [message, cause] : causes_)
        problems.emplace_back(
            cause.first.code,
            fmt::format("{} log record{}: {}", cause.count, cause.count == 1 ? "" : "s", message),
            cause.first.address);
}

std::uint64_t Layout::checked(std::optional<std::uint64_t> value, std::string_view kind,
                              std::string_view name) {
    if (value && *value <= most_struct_bytes) return *value;
    if (!error_ && value)
        error_ = Error(ErrorCode::Corrupt, fmt::format("VMCOREINFO's {}({}) is {}", kind, name, *value));
    else if (!error_)
        error_ = Error(ErrorCode::MissingDebugInfo, fmt::format("VMCOREINFO lacks {}({})", kind, name));
    return 0;
}

std::uint64_t Layout::size(std::string_view type) {
    return checked(info_.size(type), "SIZE", type);
}

std::uint64_t Layout::offset(std::string_view member) {
    return checked(info_.offset(member), "OFFSET", member);
}

void Layout::check(std::string_view type, std::uint64_t size, std::initializer_list<Member> members) {
    const auto blame = [&](std::string what) {
        if (!error_) error_ = Error(ErrorCode::Corrupt, fmt::format("VMCOREINFO is damaged: by it {}", what));
    };
    const auto wrong = [&](const Member& m) {
        return m.offset % std::clamp<std::uint64_t>(m.size, 1, 4) != 0 ||
               (size != 0 && m.offset + m.size > size);
    };
    if (size % 4 != 0) blame(fmt::format("struct {} has {} bytes", type, size));
    for (const Member& a : members) {
        if (wrong(a)) blame(fmt::format("{}.{} lies at byte {} of {}", type, a.name, a.offset, size));
        for (const Member& b : members)
            if (&a != &b && a.offset < b.offset + b.size && b.offset < a.offset + a.size)
                blame(fmt::format("{0}.{1} and {0}.{2} lie over each other", type, a.name, b.name));
    }
}

Result<std::uint64_t> Variables::address_of(std::string_view symbol) const {
    const auto address = info_.symbol(symbol);
    if (!address)
        return fail(ErrorCode::MissingDebugInfo, fmt::format("VMCOREINFO lacks SYMBOL({})", symbol));
    return *address;
}

Result<std::uint32_t> Variables::u32(std::string_view symbol) const {
    const auto address = address_of(symbol);
    if (!address) return fail(address.error());
    return memory_.u32(*address);
}

Result<std::uint64_t> Variables::pointer(std::string_view symbol) const {
    const auto address = address_of(symbol);
    if (!address) return fail(address.error());
    // struct list_head is two pointers, and every VMCOREINFO has its size.
    if (info_.size("list_head") == 8)
        return memory_.u32(*address).map([](auto value) { return std::uint64_t{value}; });
    return memory_.u64(*address);
}

PrintkCaller decode_caller(std::uint32_t caller_id) {
    constexpr std::uint32_t cpu_bit = 1u << 31;
    PrintkCaller caller;
    caller.interrupt = (caller_id & cpu_bit) != 0;
    if (caller.interrupt)
        caller.cpu = caller_id & ~cpu_bit;
    else
        caller.pid = caller_id;
    return caller;
}

void decode_level(PrintkRecord& record, std::uint8_t facility, std::uint8_t flags_and_level, Endian endian) {
    record.facility = facility;
    // Bit-fields are laid out from the low end on little-endian machines, from the high end on the others.
    record.level =
        static_cast<std::uint8_t>(endian == Endian::Little ? flags_and_level >> 5 : flags_and_level & 7);
}

}  // namespace printk

KernelLog read_printk(const AddressSpace& memory, const VmcoreInfo& info) {
    KernelLog log;
    if (info.symbol("prb"))
        printk::read_ring(memory, info, log);
    else if (info.symbol("log_first_idx") && info.symbol("log_next_idx"))
        printk::read_records(memory, info, log);
    else if (info.symbol("log_buf") && info.symbol("log_end"))
        printk::read_flat(memory, info, log);
    else
        log.problems.emplace_back(
            ErrorCode::MissingDebugInfo,
            "VMCOREINFO does not tell where the kernel log is (it names neither prb nor log_buf)");
    return log;
}

}  // namespace postmortem
