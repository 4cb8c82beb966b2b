#include "kernel/unwind/crash_registers.h"

#include <vector>

#include <elf.h>
#include <fmt/format.h>

#include "dump/hypervisor/virtual_cpu.h"
#include "dump/notes.h"
#include "kernel/percpu.h"
#include "kernel/sched/tasks.h"

namespace postmortem {
namespace {

// A note_buf_t holds one NT_PRSTATUS note and a terminator.
constexpr std::size_t note_buffer_size = 512;

const Note* find_note(const std::vector<Note>& notes, std::string_view name, std::uint32_t type) {
    for (const Note& note : notes)
        if (note.name == name && note.type == type) return &note;
    return nullptr;
}

// What a CPU left in its buffer; nothing where it saved nothing.
Result<std::optional<Prstatus>> saved_status(const Kernel& kernel, std::uint64_t buffers, std::uint32_t cpu) {
    const auto place = per_cpu_address(kernel, buffers, cpu);
    if (!place) return fail(place.error());
    const auto buffer = kernel.memory().bytes(*place, note_buffer_size);
    if (!buffer) return fail(buffer.error());
    const Endian endian = kernel.memory().endian();
    std::vector<Note> notes;
    append_notes(*buffer, endian, notes);
    const Note* note = find_note(notes, "CORE", NT_PRSTATUS);
    if (!note) return std::nullopt;
    return kernel.arch().notes.prstatus(note->desc, endian);
}

// Each CPU has its own buffer, so a CPU that saved nothing does not shift the others.
Result<void> add_crash_notes(const Kernel& kernel, std::uint32_t cpus, CrashRegisters& found) {
    auto base = kernel.symbol("crash_notes").and_then([&](std::uint64_t place) {
        return kernel.memory().word(place);
    });
    if (!base) return fail(std::move(base.error()));
    if (*base == 0) return fail(ErrorCode::NotFound, "the kernel has no crash_notes");
    for (std::uint32_t cpu = 0; cpu < cpus; ++cpu) {
        const auto status = saved_status(kernel, *base, cpu);
        if (!status)
            found.problems.emplace_back(
                status.error().code, fmt::format("the registers of CPU {}: {}", cpu, status.error().message),
                status.error().address);
        else if (*status)
            found.by_cpu.emplace(cpu, CpuRegisters{(*status)->registers, CpuRegisters::Source::CrashNotes});
    }
    return {};
}

// Whoever has registers of this kernel's in its memory need not do without those of a CPU that went astray.
void replace_astray(const Kernel& kernel, std::uint32_t cpus, const std::vector<std::uint32_t>& astray,
                    CrashRegisters& found) {
    if (astray.empty()) return;
    CrashRegisters saved;
    (void)add_crash_notes(kernel, cpus, saved);
    for (const std::uint32_t cpu : astray) {
        if (const CpuRegisters* own = saved.of_cpu(cpu)) {
            found.by_cpu.emplace(cpu, *own);
        } else {
            found.problems.emplace_back(
                ErrorCode::NotFound,
                fmt::format("the registers of CPU {}: it ran another kernel or none when the dump was taken, "
                            "and this kernel had not saved its own",
                            cpu));
        }
    }
}

// Early in its life a capture kernel has no per-CPU base yet: neither its code nor its stack lies where the
// kernel of the dump has anything.
bool is_nowhere(const Kernel& kernel, const HypervisorCpu& cpu) {
    const auto is_mapped = [&](std::uint64_t address) {
        return kernel.memory().translate(address).has_value();
    };
    const Registers& at = cpu.registers;
    return cpu.per_cpu_base[0] == 0 && cpu.per_cpu_base[1] == 0 && !at.user_mode() &&
           at.ip() >= kernel.arch().memory.lowest_kernel_address && !is_mapped(at.ip()) &&
           !is_mapped(at.sp());
}

// Hypervisors know where a virtual CPU stands, and its per-CPU base tells which CPU Linux calls it: numbering
// can differ where CPUs were taken offline.
void add_hypervisor_notes(const Kernel& kernel, std::uint32_t cpus, CrashRegisters& found) {
    const CpuNotes& format = kernel.arch().notes;
    if (format.hypervisor_name.empty()) return;
    std::map<std::uint64_t, std::uint32_t> cpu_of_base;
    for (std::uint32_t cpu = 0; cpu < cpus; ++cpu)
        if (const auto base = per_cpu_address(kernel, std::uint64_t{0}, cpu)) cpu_of_base.emplace(*base, cpu);
    std::uint32_t index = 0;
    std::vector<std::uint32_t> astray;
    for (const Note& note : kernel.dump().notes()) {
        if (note.name != format.hypervisor_name && note.name != virtual_cpu_note) continue;
        const std::uint32_t position = index++;
        const auto state = format.hypervisor(note.desc, kernel.memory().endian());
        if (!state) continue;
        auto known = cpu_of_base.find(state->per_cpu_base[0]);
        if (known == cpu_of_base.end()) known = cpu_of_base.find(state->per_cpu_base[1]);
        const bool told = known != cpu_of_base.end();
        const std::uint32_t cpu = told ? known->second : position;
        if (!cpu_of_base.empty() &&
            (ran_other_code(*state, told, kernel.arch().memory) || (!told && is_nowhere(kernel, *state)))) {
            astray.push_back(cpu);
        } else {
            found.by_cpu.emplace(cpu, CpuRegisters{state->registers, CpuRegisters::Source::Hypervisor});
        }
    }
    replace_astray(kernel, cpus, astray, found);
}

std::vector<Prstatus> own_notes(const Kernel& kernel) {
    std::vector<Prstatus> all;
    for (const Note& note : kernel.dump().notes()) {
        if (note.name != "CORE" || note.type != NT_PRSTATUS) continue;
        if (const auto status = kernel.arch().notes.prstatus(note.desc, kernel.memory().endian()))
            all.push_back(*status);
    }
    return all;
}

// What the machine calls one of Linux's CPUs; nothing where it has no such CPU.
std::optional<std::uint64_t> machine_number(const Kernel& kernel, std::uint32_t cpu) {
    const char* numbers = kernel.arch().notes.machine_numbers;
    if (!numbers) return cpu;
    const auto number = kernel.symbol(numbers).and_then([&](std::uint64_t place) {
        return kernel.memory().word(place + std::uint64_t{cpu} * kernel.arch().word_size);
    });
    return number ? std::optional(*number) : std::nullopt;
}

// QEMU numbers its CPUs from 1 in place of pids, and on most machines has no note of its own beside
// (target/arm/arch_dump.c).
bool counts_from_one(const std::vector<Prstatus>& notes) {
    for (std::size_t i = 0; i < notes.size(); ++i)
        if (notes[i].pid != static_cast<std::int32_t>(i + 1)) return false;
    return notes.size() > 1;
}

// Where the CPUs' own pages lie in memory, by Linux's number.
std::map<std::uint64_t, std::uint32_t> prefixes_of(const Kernel& kernel, std::uint32_t cpus) {
    std::map<std::uint64_t, std::uint32_t> known;
    const auto array = kernel.symbol(kernel.arch().notes.prefixes);
    if (!array) return known;
    for (std::uint32_t cpu = 0; cpu < cpus; ++cpu) {
        const auto pointer = kernel.memory().word(*array + std::uint64_t{cpu} * kernel.arch().word_size);
        const auto place = pointer ? kernel.memory().translate(*pointer) : fail(pointer.error());
        if (place && *pointer != 0) known.emplace(*place, cpu);
    }
    return known;
}

// The registers come first, then the same CPU's prefix.
void add_prefixed_notes(const Kernel& kernel, std::uint32_t cpus, CrashRegisters& found) {
    const CpuNotes& format = kernel.arch().notes;
    if (format.prefix_note == 0) return;
    const Endian endian = kernel.memory().endian();
    const auto prefixes = prefixes_of(kernel, cpus);
    std::optional<Prstatus> last;
    for (const Note& note : kernel.dump().notes()) {
        if (note.name == "CORE" && note.type == NT_PRSTATUS) last = format.prstatus(note.desc, endian);
        if (note.type != format.prefix_note || !last) continue;
        const auto prefix = ByteReader(note.desc, endian).u32(0);
        const auto cpu = prefix ? prefixes.find(*prefix) : prefixes.end();
        if (cpu != prefixes.end())
            found.by_cpu.emplace(cpu->second,
                                 CpuRegisters{last->registers, CpuRegisters::Source::Hypervisor});
        last.reset();
    }
}

void add_numbered_notes(const Kernel& kernel, std::uint32_t cpus, CrashRegisters& found) {
    const auto notes = own_notes(kernel);
    if (!kernel.arch().notes.hypervisor_name.empty() || !counts_from_one(notes)) return;
    for (std::uint32_t cpu = 0; cpu < cpus; ++cpu) {
        const auto number = machine_number(kernel, cpu);
        if (number && *number < notes.size())
            found.by_cpu.emplace(cpu,
                                 CpuRegisters{notes[*number].registers, CpuRegisters::Source::Hypervisor});
    }
}

// The file's own notes come without a CPU number: the pid in them tells, else their order has to.
void add_elf_notes(const Kernel& kernel, std::uint32_t cpus, CrashRegisters& found) {
    std::map<std::int32_t, std::uint32_t> cpu_of_pid;
    for (std::uint32_t cpu = 0; cpu < cpus; ++cpu) {
        const auto current = current_task(kernel, cpu);
        if (!current) continue;
        const auto pid = kernel.object("task_struct", *current)["pid"].i64();
        if (pid && *pid != 0) cpu_of_pid.emplace(static_cast<std::int32_t>(*pid), cpu);
    }
    std::uint32_t position = 0;
    for (const Prstatus& status : own_notes(kernel)) {
        const auto known = cpu_of_pid.find(status.pid);
        const std::uint32_t cpu = known != cpu_of_pid.end() ? known->second : position;
        found.by_cpu.emplace(cpu, CpuRegisters{status.registers, CpuRegisters::Source::ElfNote});
        ++position;
    }
}

}  // namespace

bool ran_other_code(const HypervisorCpu& cpu, bool base_is_known, const MemoryLayout& layout) {
    const Registers& at = cpu.registers;
    if (base_is_known)
        return !at.user_mode() && at.ip() < layout.lowest_kernel_address &&
               at.sp() < layout.lowest_kernel_address;
    const auto of_a_kernel = [&](std::uint64_t base) { return base >= layout.user_end; };
    return of_a_kernel(cpu.per_cpu_base[0]) || of_a_kernel(cpu.per_cpu_base[1]);
}

CrashRegisters read_crash_registers(const Kernel& kernel) {
    CrashRegisters found;
    const auto cpus = cpu_limit(kernel);
    if (!cpus) {
        found.problems.emplace_back(cpus.error().code,
                                    fmt::format("the registers of the CPUs: {}", cpus.error().message),
                                    cpus.error().address);
        return found;
    }
    add_hypervisor_notes(kernel, *cpus, found);
    add_prefixed_notes(kernel, *cpus, found);
    if (found.by_cpu.empty()) add_numbered_notes(kernel, *cpus, found);
    if (!found.by_cpu.empty()) return found;
    const auto saved = add_crash_notes(kernel, *cpus, found);
    if (found.by_cpu.empty()) add_elf_notes(kernel, *cpus, found);
    if (!saved && found.by_cpu.empty())
        found.problems.emplace_back(saved.error().code,
                                    fmt::format("the registers of the CPUs: {}", saved.error().message),
                                    saved.error().address);
    return found;
}

}  // namespace postmortem
