#include "log/events/interrupted.h"

#include <algorithm>
#include <array>

#include "log/match/name_set.h"

namespace postmortem {
namespace {

// Where an architecture enters an interrupt: what stands below was interrupted.
bool is_interrupt_entry(std::string_view function) {
    static const NameSet names = {
        // x86: arch/x86/entry, arch/x86/kernel/entry_{32,64}.S before 4.2
        "^apic_timer_interrupt$", "^asm_sysvec_", "^asm_common_interrupt$", "^asm_exc_nmi$",
        "^common_interrupt$", "^ret_from_intr$", "^reschedule_interrupt$", "^call_function_interrupt$",
        "^call_function_single_interrupt$", "^nmi$", "^end_repeat_nmi$", "^repeat_nmi$", "^first_nmi$",
        "^nmi_stack_correct$", "^nmi_stack_fixup$", "^restart_nmi$",
        // arm, arm64
        "^__irq_svc$", "^el1_irq$", "^el1h_64_irq$", "^el1h_64_irq_handler$", "^el1_interrupt$",
        // powerpc
        "^decrementer_common", "^hardware_interrupt_common", "^timer_interrupt_common", "^ret_from_except",
        // powerpc, interrupts that came while they were masked: arch/powerpc/kernel/irq_64.c
        "^timer_interrupt$", "^replay_soft_interrupts", "^__replay_soft_interrupts$",
        "^arch_local_irq_restore$",
        // riscv, mips, loongarch, s390
        "^handle_exception$", "^ret_from_irq$", "^handle_int$", "^handle_vint$", "^ext_int_handler$",
        "^io_int_handler$", "^ext_no_vtime$"};
    return names.matches(function);
}

}  // namespace

bool InterruptTags::read(std::string_view line) {
    static constexpr std::array<std::string_view, 6> opening = {"<IRQ>",     "<NMI>", "<<NMI>>",
                                                                "<SOFTIRQ>", "<#DF>", "<HARDIRQ>"};
    static constexpr std::array<std::string_view, 7> closing = {"<EOI>",  "<<EOE>>",    "</IRQ>",    "</NMI>",
                                                                "</#DF>", "</SOFTIRQ>", "</HARDIRQ>"};
    const auto holds = [&](std::string_view tag) { return line.find(tag) != std::string_view::npos; };
    if (left_ || line.find('<') == std::string_view::npos) return inside_;
    if (std::any_of(closing.begin(), closing.end(), holds)) {
        left_ = inside_;
        inside_ = false;
    } else if (std::any_of(opening.begin(), opening.end(), holds)) {
        inside_ = true;
    }
    return inside_;
}

bool InterruptedPart::read(std::string_view line) {
    const auto holds = [&](std::string_view part) { return line.find(part) != std::string_view::npos; };
    if (holds("---[ end trace") || holds(" Comm: ") || holds("NMI backtrace for cpu")) inside_ = false;
    if (line.find('<') != std::string_view::npos && (holds("</IRQ>") || holds("<EOI>"))) inside_ = true;
    return inside_;
}

// arch/arm/kernel/traps.c, dump_mem(); arch/powerpc/kernel/process.c, show_stack(): "--- Exception:" up
// to 4.10
bool opens_interrupted(std::string_view line) {
    return line.find("Exception stack(") != std::string_view::npos || line.starts_with("--- interrupt: ") ||
           line.starts_with("--- Exception: ");
}

std::size_t first_interrupted(std::span<const LogFrame> frames) {
    const auto is_tagged = [](const LogFrame& frame) { return frame.in_interrupt; };
    auto at = std::find_if(frames.begin(), frames.end(), is_tagged);
    if (at != frames.end()) {
        at = std::find_if_not(at, frames.end(), is_tagged);
        // The entry's own frame may stand behind the tag that closes.
        while (at != frames.end() && is_interrupt_entry(at->function)) ++at;
        return at == frames.end() ? 0 : static_cast<std::size_t>(at - frames.begin());
    }
    const auto is_entry = [](const LogFrame& frame) { return is_interrupt_entry(frame.function); };
    at = std::find_if(frames.begin(), frames.end(), is_entry);
    at = std::find_if_not(at, frames.end(), is_entry);
    return at == frames.end() ? 0 : static_cast<std::size_t>(at - frames.begin());
}

bool is_stall_reporter(std::string_view function) {
    static const NameSet names = {"watchdog",
                                  "softlockup_tick",
                                  "^rcu_",
                                  "__rcu_pending",
                                  "print_other_cpu_stall",
                                  "print_cpu_stall",
                                  "check_cpu_stall",
                                  "perf_event_overflow",
                                  "handle_pmi",
                                  "intel_pmu_",
                                  "x86_pmu_",
                                  "perf_event_nmi",
                                  "perf_ibs_",
                                  "nmi_handle",
                                  "do_nmi",
                                  "exc_nmi",
                                  "nmi_cpu_backtrace",
                                  "nmi_trigger",
                                  "trigger_all_cpu",
                                  "arch_trigger_",
                                  "run_local_timers",
                                  "update_process_times",
                                  "tick_sched_",
                                  "tick_nohz_handler",
                                  "tick_handle_periodic",
                                  "tick_periodic",
                                  "hrtimer_interrupt",
                                  "hrtimer_run_queues",
                                  "apic_timer_interrupt",
                                  "local_apic_timer",
                                  "sched_show_task",
                                  "show_regs",
                                  "notifier_call_chain",
                                  "notify_die",
                                  "atomic_notifier",
                                  "panic",
                                  "dump_cpu_task",
                                  "scheduler_tick",
                                  "sched_tick",
                                  "profile_tick",
                                  "die_nmi"};
    return names.matches(function);
}

bool is_idle_loop(std::string_view function) {
    static const NameSet names = {
        // kernel/sched/idle.c, drivers/cpuidle
        "^do_idle$", "^cpu_idle", "^cpuidle_", "^call_cpuidle$", "^cpu_startup_entry$", "^default_idle",
        "^poll_idle$", "^acpi_idle_", "^acpi_processor_ffh_cstate_enter$", "^intel_idle", "^psci_",
        // arch/*/kernel/process.c, arch/*/kernel/idle.c
        "^arch_cpu_idle", "^mwait_idle", "^amd_e400_idle$", "^native_safe_halt$", "^pv_native_safe_halt$",
        "^native_halt$", "^xen_safe_halt$", "^safe_halt$", "^cpu_do_idle$", "^cpu_v7_do_idle$",
        "^power_save$", "^plpar_hcall_norets", "^snooze_loop$", "^r4k_wait", "^__r4k_wait$", "^enabled_wait$",
        "^psw_idle", "^wait_for_interrupt$", "^__arch_cpu_idle$"};
    return names.matches(function);
}

}  // namespace postmortem
