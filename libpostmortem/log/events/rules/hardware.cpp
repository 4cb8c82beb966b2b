// What the hardware reports: machine checks, APEI, memory controllers, PCIe, NMIs.
#include "log/events/event_rule.h"

namespace postmortem {

void add_hardware_rules(RuleBook& book) {
    const auto hardware = [](EventClass event_class, std::string_view head, std::string_view title) {
        return EventRule{
            .event_class = event_class, .head = head, .detail = {}, .title = title, .has_no_trace = true};
    };
    book.add("Machine Check Exception:", {.meeting = Meeting::Passes},
             {hardware(EventClass::MachineCheck, "Machine Check Exception:", "machine check")});
    book.add(
        "Machine check events logged", {.meeting = Meeting::Passes},
        {hardware(EventClass::HardwareError, "Machine check events logged", "machine check events logged")});
    // arch/x86/kernel/cpu/mce/core.c, print_mce(): the status has no UC (bit 61), so it was corrected
    constexpr std::string_view corrected = "Machine Check: {num_} Bank {num_}: {8|9|c|d}";
    book.add("[Hardware Error]:", {.unless = {corrected}, .meeting = Meeting::Passes},
             {
                 hardware(EventClass::MachineCheck, "[Hardware Error]: {*}Machine Check", "machine check"),
                 hardware(EventClass::HardwareError,
                          "[Hardware Error]: Hardware error from APEI Generic Hardware Error Source",
                          "hardware error reported by firmware"),
             });
    // drivers/pci/pcie/aer.c, aer_print_error(): "Uncorrectable" since 6.9
    book.add("PCIe Bus Error: severity=Uncorrect", {.meeting = Meeting::Passes},
             {hardware(EventClass::HardwareError,
                       "{start}{*}PCIe Bus Error: severity={Uncorrected|Uncorrectable} (Fatal)",
                       "fatal PCIe error")});
    // drivers/edac/edac_mc.c, edac_device.c: errors that no code corrected
    book.add(
        "EDAC ", {.meeting = Meeting::Passes},
        {hardware(EventClass::HardwareError, "{start}EDAC MC{num_}: {num_} UE ", "uncorrected memory error"),
         hardware(EventClass::HardwareError, "{start}EDAC MC{num_}: UE ", "uncorrected memory error"),
         hardware(EventClass::HardwareError, "{start}EDAC DEVICE{num_}: UE: ", "uncorrected device error")});
    // arch/powerpc/kernel/mce.c, machine_check_print_event_info(): since 5.2, and before
    const auto powerpc = [&](std::string_view literal, std::string_view recovered, std::string_view lost) {
        book.add(literal, {.meeting = Meeting::Passes},
                 {hardware(EventClass::HardwareError, recovered, "machine check, recovered"),
                  hardware(EventClass::MachineCheck, lost, "machine check")});
    };
    powerpc(": machine check (", "MCE: CPU{num_}: machine check ({*}[Recovered]",
            "MCE: CPU{num_}: machine check (");
    powerpc("Machine check interrupt [", "{start}{*}Machine check interrupt [Recovered]",
            "{start}{*}Machine check interrupt [");
    book.add("Uncorrected hardware memory error", {.meeting = Meeting::Passes},
             {hardware(EventClass::HardwareError, "Uncorrected hardware memory error in user-access at",
                       "uncorrected memory error")});
    book.add("IOCK error", {.unless = {"Kernel panic"}, .meeting = Meeting::Passes},
             {hardware(EventClass::HardwareError, "NMI: IOCK error", "NMI: IOCK error")});
    book.add("Memory failure:", {.meeting = Meeting::Passes},
             {hardware(EventClass::HardwareError, "Memory failure: {hex_}:", "memory failure")});
    book.add(
        "NMI received for unknown reason", {.meeting = Meeting::Passes},
        {hardware(EventClass::HardwareError, "NMI received for unknown reason", "NMI for unknown reason")});
    book.add("system error (SERR)", {.meeting = Meeting::Passes},
             {hardware(EventClass::HardwareError, "NMI: PCI system error (SERR)", "NMI: PCI system error")});
}

}  // namespace postmortem
