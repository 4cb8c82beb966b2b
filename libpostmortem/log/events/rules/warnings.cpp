// WARN() in its kinds. The place of the check tells most; a few places only check what their callers do.
#include "log/events/event_rule.h"

namespace postmortem {
namespace {

EventRule warning(EventClass event_class, std::string_view head, std::string_view title,
                  std::vector<std::string_view> skip = {}) {
    return {.event_class = event_class,
            .head = head,
            .detail = {},
            .title = title,
            .steps = steps::warning,
            .other_steps = {steps::trace},
            .skip = std::move(skip)};
}

// SLUB's reports bring their stack as a warning since 6.15, and in 6.12's stable releases.
EventRule stack_of_slab_report() {
    EventRule rule = warning(EventClass::SlabCorruption, "WARNING: {*}mm/slub.c{*} {__slab_err|object_err}",
                             "BUG: slab: corruption in {frame}",
                             {"object_err", "slab_err", "free_debug_processing", "free_to_partial_list"});
    rule.meeting = Meeting::Joins;
    return rule;
}

void add_checkers(RuleBook& book) {
    book.add(
        // The object that is printed in between may be large.
        "WARNING:", {.join_within = 300},
        {
            stack_of_slab_report(),
            warning(EventClass::Warning, "WARNING: {*}lib/debugobjects.c{*} {debug_print|debug_check|at}",
                    "WARNING: ODEBUG bug in {frame}",
                    {"debug_", "rcu", "hrtimer_", "timer_", "work_", "percpu_", "vunmap", "vfree", "__free_",
                     "debug_check", "kobject_"}),
            warning(EventClass::UserCopy, "WARNING: {*}mm/usercopy.c{*} {usercopy_warn|at}",
                    "WARNING: bad usercopy in {frame}", {"usercopy", "__check"}),
            warning(EventClass::Warning, "WARNING: {*}lib/kobject.c{*} {kobject_|at}",
                    "WARNING: kobject bug in {frame}", {"kobject_"}),
            warning(EventClass::Warning, "WARNING: {*}fs/proc/generic.c{*} {proc_register|at}",
                    "WARNING: proc registration bug in {frame}", {"proc_"}),
            warning(EventClass::Refcount, "WARNING: {*}lib/refcount.c{*} {refcount_|at}",
                    "WARNING: refcount bug in {frame}", {"refcount", "kobject_"}),
            warning(EventClass::Lockdep, "WARNING: {*}kernel/locking/lockdep.c{*}lock_",
                    "WARNING: locking bug in {frame}", {"lock_sock", "release_sock"}),
            warning(EventClass::ListCorruption, "WARNING: {*}lib/list_debug.c:{*} {func}",
                    "WARNING in {frame}"),
            warning(EventClass::HardLockup, "WARNING: {*}kernel/watchdog.c:{*} {func}", "WARNING in {frame}"),
            warning(EventClass::Warning, "WARNING: {*}mm/{*}.c{*} {kmalloc|kvmalloc|malloc|vmalloc}",
                    "WARNING: kmalloc bug in {frame}", {"kmalloc", "krealloc", "slab", "kmem"}),
            warning(EventClass::Warning, "WARNING: {*}mm/vmalloc.c{*}__vmalloc_node",
                    "WARNING: zero-size vmalloc in {frame}"),
            warning(EventClass::Warning, "WARNING: {*} usb_submit_urb", "WARNING in {frame}/usb_submit_urb",
                    {"usb_submit_urb", "usb_start_wait_urb", "usb_bulk_msg", "usb_interrupt_msg",
                     "usb_control_msg"}),
        });
}

}  // namespace

void add_warning_rules(RuleBook& book) {
    add_checkers(book);
    constexpr std::string_view title = "WARNING in {frame}";
    book.add("WARNING:", {},
             {
                 // 6.19 puts the place first: "WARNING: mm/slub.c:1 at 0x0, CPU#1: task/2"
                 warning(EventClass::Warning, "WARNING: {src} at {hex_}, CPU#", title),
                 warning(EventClass::Warning, "WARNING: {*} at {src} {func}", title),
                 warning(EventClass::Warning, "WARNING: at {src} {func}", title),
                 warning(EventClass::Warning, "WARNING: {src} at {func}", title),
                 warning(EventClass::Warning, "WARNING: [{*}] {src} at {func}", title),
                 // without CONFIG_DEBUG_BUGVERBOSE
                 warning(EventClass::Warning, "WARNING: CPU: {num_} PID: {num_} at {func}", title),
                 warning(EventClass::Warning, "WARNING: at {func}", title),
                 // and without CONFIG_KALLSYMS
                 warning(EventClass::Warning, "WARNING: CPU: {num_} PID: {num_} at {hex_}{end}", title),
                 // whoever looked the names up took the offsets off
                 {.event_class = EventClass::Warning,
                  .head = "WARNING: CPU: {num_} PID: {num_} at {src} {name}{end}",
                  .detail = {},
                  .title = "WARNING in {2}"},
                 {.event_class = EventClass::StackCorruption,
                  .head = "WARNING: kernel stack regs at {hex_} in {*} has bad '{name}' value",
                  .detail = {},
                  .title = "WARNING: kernel stack regs has bad '{1}' value",
                  .has_no_trace = true},
                 {.event_class = EventClass::StackCorruption,
                  .head = "WARNING: kernel stack {regs|frame pointer} {*}has bad ",
                  .detail = {},
                  .title = "WARNING: kernel stack regs has bad value",
                  .has_no_trace = true},
             });
}

}  // namespace postmortem
