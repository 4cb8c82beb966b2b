#include <postmortem/machine.h>

#include "output/json.h"
#include "output/shared_fields.h"

namespace postmortem {

void describe(Describer<StructInstance>& instance);

void describe(Describer<MachineBase>& base) {
    base.add("title", &MachineBase::title, "as crash calls it");
    base.add("address", &MachineBase::address, "where it begins").address();
}

void describe(Describer<MachineStack>& stack) {
    stack.add("cpu", &MachineStack::cpu, "whose it is");
    stack.add(
        "kind", [](const MachineStack& one) { return to_string(one.kind); }, "as in `bt`");
    stack.add("lowest", &MachineStack::lowest, "its lowest address").address();
    stack.add("bytes", &MachineStack::bytes, "its size");
    stack.add("mapped", &MachineStack::mapped, "false: there is no memory behind it");
}

void describe(Describer<FirmwareRange>& range) {
    range.add("first", &FirmwareRange::first, "physical address of its first byte").address();
    range.add("end", &FirmwareRange::end, "behind its last").address();
    range.add("number", &FirmwareRange::number, "of its type");
    range.add("type", &FirmwareRange::type, "`E820_RAM`, …");
}

void describe(Describer<MachineCpu>& cpu) {
    cpu.add("cpu", &MachineCpu::cpu, "its number");
    cpu.add("info", &MachineCpu::info, "what the kernel keeps of it");
}

void describe(Describer<Machine>& machine) {
    machine.is_document();
    machine.add("type", &Machine::type, "the architecture");
    machine.add("memory_bytes", &Machine::memory_bytes, "present in all nodes");
    machine.add("cpus", &Machine::cpus, "that ran");
    machine.add("cpus_counted", &Machine::cpus_counted, "up to the highest that is present");
    machine.add("cpus_online", &Machine::cpus_online,
                "of them; a kernel that panics may have sent them offline");
    machine.add("hypervisor", &Machine::hypervisor, "below the kernel").or_null();
    machine.add("khz", &Machine::khz, "clock rate of the boot CPU");
    machine.add("hz", &Machine::hz, "timer ticks per second");
    machine.add("page_bytes", &Machine::page_bytes, "of the smallest page");
    machine.add("bases", &Machine::bases, "where parts of the kernel's address space begin");
    machine.add("task_stack_bytes", &Machine::task_stack_bytes, "of a task's kernel stack").or_null();
    machine.add("stacks", &Machine::stacks, "of CPUs");
    machine.add("memory_map", &Machine::memory_map, "of the firmware, with `-m`").or_left_out();
    machine.add("cpu_type", &Machine::cpu_type, "the struct of `cpu_infos`").or_left_out();
    machine.add("cpu_infos", &Machine::cpu_infos, "with `-c`").or_left_out();
    add_problems(machine);
}

std::string to_json(const Machine& machine) {
    return json_document(machine);
}

}  // namespace postmortem
