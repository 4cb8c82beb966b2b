// Pages, slabs, processes' memory: corruption found, allocations failed, the OOM killer.
#include "log/events/event_rule.h"

namespace postmortem {
namespace {

void add_pages(RuleBook& book) {
    const auto accounting = [](std::string_view text) {
        return EventRule{.event_class = EventClass::BadPage,
                         .head = text,
                         .detail = {},
                         .title = text,
                         .has_no_trace = true};
    };
    EventRule bad_page = {
        .event_class = EventClass::BadPage,
        .head = "BUG: Bad page {state|cache}",
        .detail = {},
        .title = "BUG: Bad page {1} in {frame}",
        .steps = {"page last allocated", "@stack"},
        .skip = {"^bad_page$", "free_hot_cold", "free_page", "put_page", "get_page", "update_page",
                 "release_page", "free_unref", "^folio", "^_folio", "^__folio", "truncate_inode_pages",
                 "page_frag_free", "alloc", "vmap", "page_owner"}};
    book.add("BUG:", {},
             {
                 accounting("BUG: Bad rss-counter state"),
                 accounting("BUG: non-zero nr_ptes on freeing mm"),
                 accounting("BUG: non-zero nr_pmds on freeing mm"),
                 // The stack at the time of the check says little: whoever allocated the page is to be asked.
                 bad_page,
                 {.event_class = EventClass::BadPage,
                  .head = "BUG: Bad page map",
                  .detail = {},
                  .title = "BUG: Bad page map",
                  .steps = steps::trace,
                  .skip = {"^print_bad_p", "^vm_normal_page", "^vm_normal_folio"}},
                 {.event_class = EventClass::StackOverflow,
                  .head = "BUG: {*}stack guard page was hit at",
                  .detail = {},
                  .title = "BUG: stack guard page was hit in {frame}",
                  .alternative = "stack-overflow in {frame}",
                  .steps = steps::fault,
                  .choice = Choice::Stall},
             });
    // mm/page_alloc.c up to 2.6.28, which knows no owner
    bad_page.head = "Bad page {state} in process '";
    bad_page.steps = steps::trace;
    book.add("Bad page state in process '", {}, {bad_page});
    // mm/page_poison.c: a page was written to while it was free
    book.add("pagealloc: ", {},
             {{.event_class = EventClass::BadPage,
               .head = "pagealloc: {memory corruption|single bit error}",
               .detail = {},
               .title = "pagealloc: {1} in {frame}",
               .steps = steps::trace,
               .skip = {"unpoison_page", "^post_alloc_hook$", "^prep_new_page$", "get_page_from_freelist",
                        "alloc_page"}}});
    // arm64, before the panic that follows
    book.add("Insufficient stack space to handle exception", {},
             {{.event_class = EventClass::StackOverflow,
               .head = "Insufficient stack space to handle exception",
               .detail = {},
               .title = "kernel stack overflow in {frame}",
               .alternative = "stack-overflow in {frame}",
               .steps = steps::trace,
               .skip = {"bad_stack"},
               .choice = Choice::Stall}});
}

// SLUB: "BUG kmalloc-64 (Tainted: G    B): Poison overwritten".
void add_slabs(RuleBook& book) {
    const auto slab = [](std::string_view head, std::string_view title) {
        return EventRule{
            .event_class = EventClass::SlabCorruption,
            .head = head,
            .detail = {},
            .title = title,
            .steps = steps::trace,
            // whoever had the object before
            .other_steps = {{"INFO: {Freed|Allocated} in {func}"}},
            .skip = {"object_err", "slab_err", "print_trailer", "free_debug_processing",
                     "free_to_partial_list", "check_bytes_and_report", "on_freelist", "init_object"}};
    };
    book.add("BUG kmalloc-", {}, {slab("BUG kmalloc-{*}: Object already free", "BUG: Object already free")});
    std::vector<EventRule> rules = {
        slab("BUG {*} (Not tainted): {rest}", "BUG: slab: {1} in {frame}"),
        slab("BUG {*} (Tainted: {*}): {rest}", "BUG: slab: {1} in {frame}"),
        slab("BUG {*}: {Objects remaining}", "BUG: slab: {1} in {frame}"),
    };
    for (EventRule& rule : rules) rule.has_no_trace = true;
    // The first KASAN reports came in SLUB's dress.
    const TriggerOptions options = {.unless = {"kasan: bad access detected"}};
    for (const std::string_view literal : {" (Not tainted): ", " (Tainted: ", ": Objects remaining"}) {
        book.add(literal, options, rules);
    }
    // Parts of such a report; alone they tell that its beginning is lost.
    book.add("INFO:",
             {.unless = {"INFO: {Slab|Object} {hex_}", "INFO: {Slab|Object} 0x(", "INFO: {hex_}-{hex_}",
                         "INFO: 0x("}},
             {{.event_class = EventClass::SlabCorruption,
               .head = "INFO: {Freed|Allocated} in {rest}",
               .detail = {},
               .title = "INFO: {1} in {2}",
               .is_torn = true,
               .meeting = Meeting::Joins}});
}

void add_oom(RuleBook& book) {
    const auto oom = [](std::string_view head, std::vector<std::string_view> detail, std::string_view title) {
        return EventRule{.event_class = EventClass::OutOfMemory,
                         .head = head,
                         .detail = std::move(detail),
                         .title = title,
                         .has_no_trace = true,
                         .behind_name = true};
    };
    // The trace tells whose limit it was; from 5.0 on a line of its own says so too.
    // The second form is the first, broken by a narrow terminal.
    for (const std::string_view head : {"invoked oom-killer: gfp_mask=", "invoked oom-killer:{end}"}) {
        // sysrq f kills whether or not memory is short: drivers/tty/sysrq.c. Order -1 since 3.19.
        book.add("invoked oom-killer", {},
                 {oom("invoked oom-killer: {*}order=-1,", {}, "OOM killer called by hand"),
                  oom(head, {"moom_callback+0x"}, "OOM killer called by hand"),
                  oom(head, {"{mem_cgroup_out_of_memory|CONSTRAINT_MEMCG|Memory cgroup out of memory}"},
                      "out of memory in a memory cgroup"),
                  oom(head, {}, "out of memory")});
    }
    book.add("page allocation failure", {},
             {{.event_class = EventClass::AllocationFailure,
               .head = "page allocation failure{*}order:{num}",
               .detail = {},
               .title = "page allocation failure in {frame}",
               .steps = steps::trace,
               .behind_name = true}});
    // mm/vmalloc.c, since 5.14
    book.add("vmalloc error: size ", {},
             {{.event_class = EventClass::AllocationFailure,
               .head = "vmalloc error: size {num}",
               .detail = {},
               .title = "vmalloc failure in {frame}",
               .steps = steps::trace,
               .behind_name = true}});
    // mm/slub.c, slab_out_of_memory(): behind such a failure, or alone where a cgroup's limit for the
    // kernel's memory was met.
    book.add("SLUB: Unable to allocate memory on ", {.meeting = Meeting::Joins, .join_within = 300},
             {{.event_class = EventClass::AllocationFailure,
               .head = "SLUB: Unable to allocate memory on {node|CPU}",
               .detail = {},
               .title = "SLUB: unable to allocate memory",
               .has_no_trace = true}});
}

}  // namespace

void add_memory_rules(RuleBook& book) {
    add_pages(book);
    add_slabs(book);
    add_oom(book);
}

}  // namespace postmortem
