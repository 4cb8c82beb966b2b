// `mach` as crash prints it.
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include <postmortem/machine.h>

#include "output/sizes.h"
#include "report/struct_view/struct_view_text.h"
#include "report/system/cpu_count_text.h"

namespace postmortem {
namespace {

struct StackTitle {
    StackKind kind;
    const char* title;
};

// In the order in which crash lists them.
constexpr std::array stack_titles = {StackTitle{StackKind::Irq, "IRQ"},
                                     StackTitle{StackKind::DoubleFault, "DOUBLEFAULT"},
                                     StackTitle{StackKind::StackFault, "STACKFAULT"},
                                     StackTitle{StackKind::Nmi, "NMI"},
                                     StackTitle{StackKind::Debug, "DEBUG"},
                                     StackTitle{StackKind::MachineCheck, "MCE"},
                                     StackTitle{StackKind::VmmCommunication, "VC"},
                                     StackTitle{StackKind::Overflow, "OVERFLOW"},
                                     StackTitle{StackKind::Sdei, "SDEI"},
                                     StackTitle{StackKind::Untranslated, "NODAT"},
                                     StackTitle{StackKind::Restart, "RESTART"}};

std::string stacks_text(const Machine& machine, const StackTitle& of) {
    std::string lines;
    std::uint64_t bytes = 0;
    std::optional<std::uint32_t> last;
    for (const MachineStack& stack : machine.stacks) {
        if (stack.kind != of.kind || stack.cpu == last) continue;
        last = stack.cpu;
        bytes = stack.bytes;
        lines += fmt::format("{:>22}: {:x}{}\n", fmt::format("CPU {}", stack.cpu), stack.lowest,
                             stack.mapped ? "" : " [unavailable]");
    }
    if (lines.empty()) return lines;
    return fmt::format("{:>22}: {}\n{:>22}:\n", fmt::format("{} STACK SIZE", of.title), bytes,
                       fmt::format("{} STACKS", of.title)) +
           lines;
}

std::string summary_text(const Machine& machine) {
    std::string out;
    const auto line = [&](const char* title, const std::string& value) {
        out += fmt::format("{:>22}: {}\n", title, value);
    };
    line("MACHINE TYPE", machine.type);
    line("MEMORY SIZE", machine.memory_bytes ? machine_size(*machine.memory_bytes) : "-");
    const std::uint32_t counted = machine.cpus_counted.value_or(machine.cpus);
    line("CPUS", cpu_count_text(counted, machine.cpus_online.value_or(counted)));
    if (!machine.hypervisor.empty() && machine.hypervisor != "unknown")
        line("HYPERVISOR", machine.hypervisor);
    line("PROCESSOR SPEED", machine.khz ? fmt::format("{} Mhz", *machine.khz / 1000) : "(unknown)");
    line("HZ", machine.hz ? fmt::format("{}", *machine.hz) : "-");
    line("PAGE SIZE", fmt::format("{}", machine.page_bytes));
    for (const MachineBase& base : machine.bases)
        line(base.title.c_str(), base.address ? fmt::format("{:x}", *base.address) : "-");
    line("KERNEL STACK SIZE", fmt::format("{}", machine.task_stack_bytes));
    for (const StackTitle& of : stack_titles) out += stacks_text(machine, of);
    return out;
}

std::string map_text(const Machine& machine) {
    std::string out = "      PHYSICAL ADDRESS RANGE         TYPE\n";
    for (const FirmwareRange& range : machine.memory_map)
        out += fmt::format("{:016x} - {:016x}  {}\n", range.first, range.end, range.type);
    return out;
}

std::string cpus_text(const Machine& machine, bool hexadecimal) {
    StructStyle style;
    style.hexadecimal = hexadecimal;
    std::string out;
    for (const MachineCpu& cpu : machine.cpu_infos)
        out += fmt::format("{}CPU {}:\n", out.empty() ? "" : "\n", cpu.cpu) +
               instance_text(cpu.info, machine.cpu_type, style);
    return out;
}

}  // namespace

std::string to_text(const Machine& machine, const MachinePrinting& printing) {
    const std::string map = printing.memory_map ? map_text(machine) : "",
                      cpus = printing.cpu_infos ? cpus_text(machine, printing.hexadecimal) : "";
    return printing.memory_map || printing.cpu_infos ? map + cpus : summary_text(machine);
}

}  // namespace postmortem
