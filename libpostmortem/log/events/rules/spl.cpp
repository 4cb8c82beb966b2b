// Filesystems from outside of the tree. ZFS on Linux: failed assertions of its porting layer
// (module/os/linux/spl/spl-err.c). The thread sleeps for ever with its locks held, and the pool hangs behind
// it.
#include "log/events/event_rule.h"

namespace postmortem {
namespace {

EventRule spl(std::string_view head) {
    return {.event_class = EventClass::SplPanic,
            .head = head,
            .detail = {},
            .title = "SPL panic in {frame}",
            .steps = steps::trace,
            .skip = {"^spl_", "^vcmn_err", "^cmn_err", "^zfs_panic_recover"},
            .proof = "{PANIC at |Showing stack for process|SPL PANIC|spl_}"};
}

}  // namespace

void add_spl_rules(RuleBook& book) {
    book.add("VERIFY", {},
             {spl("{start}{VERIFY3B|VERIFY3S|VERIFY3U|VERIFY3P|VERIFY3|VERIFY0P|VERIFY0|VERIFYF|VERIFY}({*}"
                  "failed"),
              spl("SPLError: {*}VERIFY")});
    book.add("ASSERT", {},
             {spl("{start}{ASSERT3B|ASSERT3S|ASSERT3U|ASSERT3P|ASSERT3|ASSERT0|ASSERT}({*}failed"),
              spl("SPLError: {*}ASSERT")});
    book.add("PANIC at ", {.meeting = Meeting::Joins}, {spl("{start}PANIC at {src}:{name}()")});
    book.add("SPL PANIC", {.meeting = Meeting::Joins}, {spl("SPLError: {*}SPL PANIC")});
    // Lustre's lbug_with_loc() (libcfs) panics, or puts the thread to sleep for ever.
    book.add("LBUG", {},
             {{.event_class = EventClass::KernelBug,
               .head = "LustreError: {*}({*}.{c|h}:{num_}:{name}()) LBUG",
               .detail = {},
               .title = "LBUG in {2}",
               .has_no_trace = true}});
    // cmn_err(CE_PANIC, ...)
    book.add("PANIC: ", {.unless = {"double fault"}, .meeting = Meeting::Joins},
             {spl("{start}PANIC: {rest}")});
}

}  // namespace postmortem
