#include <algorithm>
#include <array>

#include <fmt/format.h>

#include <postmortem/crash_dump.h>
#include <postmortem/disassembly.h>

#include "arch/capstone.h"
#include "base/problem_collector.h"
#include "kernel/mm/user_space.h"
#include "kernel/sched/tasks.h"
#include "report/disassembly/code_address.h"
#include "report/tasks/context_tasks.h"
#include "report/values/symbolic.h"
#include "symbols/source_lines.h"

namespace postmortem {
namespace {

constexpr std::uint64_t most_instructions = 1u << 20;
constexpr std::uint64_t largest_routine = 16u << 20;

struct CodeRange {
    std::uint64_t first = 0, end = 0;  ///< `end` 0: until there are enough
    std::uint64_t begin = 0;           ///< of the routine
    std::uint64_t up_to = 0;  ///< the first instruction that does not begin before it is the last; 0: none
    bool in_module = false;   ///< of which crash knows no better end than the next symbol
};

std::string hexadecimal(Bytes bytes) {
    std::string text;
    for (const std::byte byte : bytes) text += fmt::format("{:02x}", std::to_integer<unsigned>(byte));
    return text;
}

struct ReadInstruction {
    Instruction shown;
    std::uint32_t size = 1;
    CodeRole role = CodeRole::Any;
};

class CodeReader {
  public:
    CodeReader(const Kernel& kernel, const AddressSpace& memory, const Disassembler& disassembler)
        : kernel_(kernel), memory_(memory), disassembler_(disassembler), names_(kernel) {}

    void find_lines(Disassembly& made) {
        const auto vmlinux = kernel_.vmlinux();
        auto lines = vmlinux ? SourceLines::open(**vmlinux) : fail(vmlinux.error());
        if (!lines) return made.problems.push_back(std::move(lines.error()));
        lines_ = std::move(*lines);
        slide_ = kernel_.slide(**vmlinux);
    }

    /// The instruction at an address: nothing, and a problem, where its bytes cannot be read.
    std::optional<ReadInstruction> at(std::uint64_t address, Problems& problems) const;
    /// Breakpoints that belong to a return.
    std::uint32_t return_tail() const {
        const char* thunk = disassembler_.return_thunk();
        return thunk && kernel_.symbol(thunk) ? Disassembler::patched_return_tail : 0;
    }
    void tell_damage(Problems& problems) const {
        if (auto damage = names_.take_damage()) problems.push_back(std::move(*damage));
    }

  private:
    Result<std::size_t> read(std::uint64_t address, MutableBytes into) const;
    void add_line(Instruction& shown) const;
    std::optional<SymbolPlace> place_of(std::uint64_t address, bool of_data) const {
        const auto hit = names_.named(address, of_data);
        return hit ? std::optional(SymbolPlace{hit->symbol.name, address - hit->symbol.address})
                   : std::nullopt;
    }

    const Kernel& kernel_;
    const AddressSpace& memory_;
    const Disassembler& disassembler_;
    SymbolicNames names_;
    std::unique_ptr<SourceLines> lines_;
    std::uint64_t slide_ = 0;
};

// As much as there is: the page behind may be missing.
Result<std::size_t> CodeReader::read(std::uint64_t address, MutableBytes into) const {
    if (memory_.read(address, into)) return into.size();
    const std::uint64_t page = kernel_.physical().page_size();
    const std::uint64_t left = page - address % page;
    const MutableBytes part = into.first(std::min<std::uint64_t>(into.size(), left));
    if (auto done = memory_.read(address, part); !done) return fail(std::move(done.error()));
    return part.size();
}

std::optional<ReadInstruction> CodeReader::at(std::uint64_t address, Problems& problems) const {
    std::array<std::byte, Disassembler::longest_instruction> bytes;
    const auto count = read(address, bytes);
    if (!count) {
        problems.push_back(count.error());
        return std::nullopt;
    }
    const Bytes code = Bytes(bytes).first(*count);
    auto decoded = disassembler_.decode(code, address);
    ReadInstruction made;
    made.size = std::clamp<std::uint32_t>(decoded.size, 1, static_cast<std::uint32_t>(*count));
    made.role = decoded.role;
    Instruction& shown = made.shown;
    shown.address = address;
    shown.place = place_of(address, false);
    shown.bytes = hexadecimal(code.first(made.size));
    shown.text = std::move(decoded.text);
    shown.is_trace_hook = decoded.role == CodeRole::TraceHook && shown.place && shown.place->offset == 0;
    shown.target = decoded.target;
    shown.remark = std::move(decoded.remark);
    if (shown.target) shown.target_place = place_of(*shown.target, true);
    if (lines_) add_line(shown);
    return made;
}

void CodeReader::add_line(Instruction& shown) const {
    const auto places = lines_->at(shown.address - slide_);
    if (!places || places->empty() || places->front().file.empty()) return;
    shown.file = places->front().file;
    shown.line = places->front().line;
}

Result<CodeRange> wanted_range(const CodeAddress& start, const DisassemblyRequest& request) {
    using Extent = DisassemblyRequest::Extent;
    const bool whole = request.extent == Extent::Count && start.is_symbol && !request.count;
    if (request.extent == Extent::Count && !whole)
        return CodeRange{start.address, 0, start.address, 0, false};
    if (!start.routine)
        return fail(ErrorCode::NotFound, fmt::format("no routine is known at {:x}", start.address));
    CodeRange routine{start.routine->first, start.routine->second, start.routine->first, 0, start.in_module};
    if (routine.end - routine.first > largest_routine)
        return fail(ErrorCode::InvalidArgument, fmt::format("{:x} is in no routine", start.address));
    if (request.extent == Extent::UpTo)
        routine.up_to = start.address;
    else
        routine.first = start.address;
    return routine;
}

void cut_to_count(std::vector<Instruction>& code, const DisassemblyRequest& request) {
    if (!request.count || code.size() <= *request.count) return;
    const auto extra = static_cast<std::ptrdiff_t>(code.size() - *request.count);
    if (request.extent == DisassemblyRequest::Extent::UpTo)
        code.erase(code.begin(), code.begin() + extra);
    else
        code.erase(code.end() - extra, code.end());
}

// A routine is followed by what only fills the room up to the next one. `tail` breakpoints behind a return
// are its own.
void drop_filler(std::vector<Instruction>& code, const std::vector<CodeRole>& roles, std::uint32_t tail) {
    const auto ends_in = [&](CodeRole a, CodeRole b) {
        return code.size() > 1 && (roles[code.size() - 1] == a || roles[code.size() - 1] == b);
    };
    while (ends_in(CodeRole::Filler, CodeRole::TraceHook)) code.pop_back();
    std::size_t first = code.size();
    while (first > 1 && roles[first - 1] == CodeRole::Breakpoint) --first;
    const std::size_t kept = roles[first - 1] == CodeRole::Return ? tail : 0;
    // Routines begin at multiples of 16; more than that is memory that was given back.
    constexpr std::size_t most_filler = 15;
    if (first + kept < code.size() && code.size() - first - kept <= most_filler) code.resize(first + kept);
}

// Where instructions differ in length an address may lie within one: what would be decoded there never ran.
std::uint64_t first_instruction(const CodeReader& reader, const CodeRange& range,
                                const DisassemblyRequest& request) {
    Problems unread;
    std::uint64_t address = range.begin;
    for (std::uint64_t passed = 0; address < range.first; ++passed) {
        const auto one = reader.at(address, unread);
        if (!one || passed == most_instructions) return range.first;
        address += one->size + (one->role == CodeRole::BugTrap ? request.after_bug : 0);
    }
    return address;
}

Result<void> read_range(const CodeReader& reader, const CodeRange& range, const DisassemblyRequest& request,
                        Disassembly& made) {
    const std::uint64_t most = range.end == 0 ? request.count.value_or(1) : most_instructions;
    std::uint64_t address = first_instruction(reader, range, request);
    std::vector<CodeRole> roles;
    const auto is_last = [&] {
        return range.up_to != 0 && !made.instructions.empty() &&
               made.instructions.back().address >= range.up_to;
    };
    while (made.instructions.size() < most && (range.end == 0 || address < range.end) && !is_last()) {
        auto one = reader.at(address, made.problems);
        if (!one) break;
        address += one->size + (one->role == CodeRole::BugTrap ? request.after_bug : 0);
        roles.push_back(one->role);
        made.instructions.push_back(std::move(one->shown));
    }
    if (made.instructions.empty() && !made.problems.empty()) return fail(made.problems.back());
    const bool to_the_end = range.end != 0 && request.extent != DisassemblyRequest::Extent::UpTo;
    if (to_the_end && address >= range.end && !range.in_module)
        drop_filler(made.instructions, roles, reader.return_tail());
    cut_to_count(made.instructions, request);
    return {};
}

Result<std::unique_ptr<AddressSpace>> memory_of_task(const Kernel& kernel, const std::string& selector) {
    const TaskTable table = read_tasks(kernel);
    TaskChoice choice;
    if (!selector.empty()) choice.selectors = {selector};
    const auto chosen = context_tasks(kernel, table, choice);
    if (!chosen) return fail(chosen.error());
    if (chosen->tasks.empty())
        return fail(ErrorCode::NotFound, fmt::format("no task is named by '{}'", selector));
    return user_space(kernel, chosen->tasks.front()->mm);
}

}  // namespace

bool load_disassembler() {
    return load_capstone();
}

Result<Disassembly> disassemble(const CrashDump& dump, const DisassemblyRequest& request) {
    const Kernel& kernel = dump.kernel();
    if (kernel.arch().disassembler == nullptr)
        return fail(ErrorCode::Unsupported,
                    fmt::format("no disassembler for {} is built in", kernel.arch().name));
    const auto disassembler = kernel.arch().disassembler(kernel.memory().endian());
    if (!disassembler)
        return fail(ErrorCode::Unsupported,
                    "Capstone, which disassembles, cannot be loaded; install libcapstone");
    if (request.count && (*request.count == 0 || *request.count > most_instructions))
        return fail(ErrorCode::InvalidArgument,
                    fmt::format("{} is no count of instructions", *request.count));
    const auto start = code_address(kernel, request.at);
    if (!start) return fail(start.error());
    Disassembly made;
    made.address = start->address;
    // As crash does, an address that is no kernel's is taken for one of the task at hand.
    made.user = request.user || !kernel.is_named_of_kernel(start->address);
    std::unique_ptr<AddressSpace> of_task;
    if (made.user) {
        auto space = memory_of_task(kernel, request.task);
        if (!space) return fail(space.error());
        of_task = std::move(*space);
    }
    if (made.user && request.extent != DisassemblyRequest::Extent::Count)
        return fail(ErrorCode::InvalidArgument,
                    "where a routine of a task's program begins and ends is not known", made.address);
    CodeReader reader(kernel, of_task ? *of_task : kernel.memory(), *disassembler);
    if (request.source_lines && !made.user) reader.find_lines(made);
    const auto range = wanted_range(*start, request);
    if (!range) return fail(range.error());
    if (auto done = read_range(reader, *range, request, made); !done) return fail(std::move(done.error()));
    reader.tell_damage(made.problems);
    return made;
}

Result<SourcePlace> code_source(const CrashDump& dump, const std::string& at) {
    const Kernel& kernel = dump.kernel();
    const auto start = code_address(kernel, at);
    if (!start) return fail(start.error());
    const auto vmlinux = kernel.vmlinux();
    if (!vmlinux) return fail(vmlinux.error());
    const auto lines = SourceLines::open(**vmlinux);
    if (!lines) return fail(lines.error());
    const auto places = (*lines)->at(start->address - kernel.slide(**vmlinux));
    if (!places) return fail(places.error());
    if (places->empty() || places->front().file.empty())
        return fail(ErrorCode::NotFound, fmt::format("no source line is known of {:x}", start->address));
    return SourcePlace{start->address,
                       SymbolicNames(kernel).of(start->address),
                       places->front().file,
                       places->front().line,
                       {}};
}

}  // namespace postmortem
