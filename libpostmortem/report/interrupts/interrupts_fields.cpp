#include <postmortem/interrupts.h>

#include "output/json.h"
#include "output/shared_fields.h"

namespace postmortem {

void describe(Describer<IrqAction>& action) {
    action.add("address", &IrqAction::address, "its struct irqaction").address();
    action.add("name", &IrqAction::name, "the device's, as /proc/interrupts has it");
    action.add("handler", &IrqAction::handler, "the function that is called").address();
    action.add("handler_name", &IrqAction::handler_name, "its name").or_null();
}

void describe(Describer<IrqLine>& line) {
    line.add("number", &IrqLine::number, "its number");
    line.add("descriptor", &IrqLine::descriptor, "its struct irq_desc; null: this number has none")
        .address()
        .or_null();
    line.add("actions", &IrqLine::actions, "who serves it");
    line.add("chip", &IrqLine::chip, "`IO-APIC`, …").or_null();
    line.add("flow", &IrqLine::flow, "`edge`, …").or_null();
    line.add("hardware_number", &IrqLine::hardware_number, "the chip's own number");
    line.add("affinity", &IrqLine::affinity, "the CPUs that may serve it");
    line.add("counts", &IrqLine::counts, "how often it came, by CPU as in `cpus`");
}

void describe(Describer<SoftIrq>& one) {
    one.add("number", &SoftIrq::number, "its number");
    one.add("action", &SoftIrq::action, "the function that is called").address();
    one.add("function", &SoftIrq::function, "its name");
}

void describe(Describer<InterruptTable>& table) {
    table.is_document();
    table.add("lines", &InterruptTable::lines, "by number, up to the kernel's highest").answer();
    table.add("cpus", &InterruptTable::cpus, "whose counts these are");
    table.add("softirqs", &InterruptTable::softirqs, "what is done behind interrupts");
    add_problems(table);
}

std::string to_json(const InterruptTable& table) {
    return json_document(table);
}

std::string to_ndjson(const InterruptTable& table) {
    return ndjson_lines(table);
}

}  // namespace postmortem
