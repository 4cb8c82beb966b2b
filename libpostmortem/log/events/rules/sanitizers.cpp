// KASAN, KMSAN, KCSAN, KFENCE, UBSAN and kmemleak.
#include "log/events/event_rule.h"

namespace postmortem {
namespace {

void add_kasan(RuleBook& book) {
    book.add("BUG:", {},
             {
                 {.event_class = EventClass::Kasan,
                  .head = "BUG: KASAN: {word} in {func}",
                  .detail = {"{Read|Write} {of size|at addr} {hex_}"},
                  .title = "KASAN: {1} {3} in {frame}",
                  .alternative = "bad-access in {frame}",
                  .steps = {"BUG: KASAN: {word_} in {func}", "@trace", "@stack"},
                  // the exception frames of hardware tags
                  .skip = {"kernel_fault", "tag_check", "mem_abort", "^el1_", "^el1h_"}},
                 {.event_class = EventClass::Kasan,
                  .head = "BUG: KASAN: {double-free or invalid-free|double-free|invalid-free} in {func}",
                  .detail = {},
                  .title = "KASAN: invalid-free in {frame}",
                  .alternative = "invalid-free in {frame}",
                  .steps = {"BUG: KASAN: {*} in {func}", "@trace", "@stack"},
                  .skip = {"slab_", "kfree", "vunmap", "vfree"}},
                 {.event_class = EventClass::Kasan,
                  .head = "BUG: KASAN: {word} on address",
                  .detail = {"{Read|Write} of size {num_}"},
                  .title = "KASAN: {1} {2} in {frame}",
                  .alternative = "KASAN: {1} {2}",
                  .steps = steps::trace},
                 {.event_class = EventClass::Kasan,
                  .head = "BUG: KASAN: {rest}",
                  .detail = {},
                  .title = "KASAN: {1}",
                  .is_torn = true},
             });
}

void add_kmsan(RuleBook& book) {
    const Steps two_stacks = {"@stack", "{Local variable|Uninit was} {*}created at:", "@stack"};
    book.add("BUG:", {},
             {
                 {.event_class = EventClass::Kmsan,
                  .head = "BUG: KMSAN: kernel-usb-infoleak in {func}",
                  .detail = {},
                  .title = "KMSAN: kernel-usb-infoleak in {frame}",
                  .alternative = "KMSAN origin in {frame2}",
                  .steps = two_stacks,
                  .skip = {"alloc_skb", "usb_submit_urb", "usb_start_wait_urb", "usb_bulk_msg",
                           "usb_interrupt_msg", "usb_control_msg"},
                  .has_no_trace = true},
                 // Ciphers read what their callers left uninitialised.
                 {.event_class = EventClass::Kmsan,
                  .head = "BUG: KMSAN: {word} in {func}",
                  .detail = {},
                  .title = "KMSAN: {1} in {frame}",
                  .alternative = "bad-access in {frame}",
                  .steps = two_stacks,
                  .skip = {"alloc_skb", "netlink_ack", "netlink_rcv_skb", "_encrypt$", "^crypto_", "^cipher_",
                           "^drbg_", "^rng_"},
                  .has_no_trace = true},
             });
}

void add_kfence(RuleBook& book) {
    const Steps steps = {"BUG: KFENCE: {*} in {func}", "@stack"};
    book.add("BUG:", {},
             {
                 {.event_class = EventClass::Kfence,
                  .head = "BUG: KFENCE: {use-after-free|out-of-bounds} {read|write} in {func}",
                  .detail = {},
                  .title = "KFENCE: {1} {2} in {frame}",
                  .alternative = "bad-access in {frame}",
                  .steps = steps},
                 {.event_class = EventClass::Kfence,
                  .head = "BUG: KFENCE: invalid free in {func}",
                  .detail = {},
                  .title = "KFENCE: invalid free in {frame}",
                  .alternative = "invalid-free in {frame}",
                  .steps = steps,
                  .has_no_trace = true},
                 {.event_class = EventClass::Kfence,
                  .head = "BUG: KFENCE: invalid {read|write} in {func}",
                  .detail = {},
                  .title = "KFENCE: invalid {1} in {frame}",
                  .alternative = "bad-access in {frame}",
                  .steps = steps},
                 {.event_class = EventClass::Kfence,
                  .head = "BUG: KFENCE: memory corruption in {func}",
                  .detail = {},
                  .title = "KFENCE: memory corruption in {frame}",
                  .steps = steps,
                  .has_no_trace = true},
             });
}

void add_ubsan(RuleBook& book) {
    const auto ubsan = [](std::string_view head, std::string_view title, std::string_view alternative = {}) {
        return EventRule{.event_class = EventClass::Ubsan,
                         .head = head,
                         .detail = {},
                         .title = title,
                         .alternative = alternative,
                         .steps = steps::trace,
                         .skip = {"ubsan", "overflow"}};
    };
    book.add("UBSAN:", {.otherwise = EventClass::Ubsan},
             {
                 ubsan("UBSAN: Undefined behaviour in", "UBSAN: undefined-behaviour in {frame}"),
                 ubsan("UBSAN: array-index-out-of-bounds in", "UBSAN: array-index-out-of-bounds in {frame}",
                       "bad-access in {frame}"),
                 ubsan("UBSAN: {text} in", "UBSAN: {1} in {frame}"),
             });
}

}  // namespace

void add_sanitizer_rules(RuleBook& book) {
    add_kasan(book);
    add_kmsan(book);
    book.add("BUG:", {},
             {{.event_class = EventClass::Kcsan,
               .head = "BUG: KCSAN: {rest}",
               .detail = {},
               .title = "KCSAN: {1}",
               .has_no_trace = true}});
    add_kfence(book);
    add_ubsan(book);
    book.add(
        "BUG:", {},
        {{.event_class = EventClass::MemoryLeak,
          .head = "BUG: memory leak",
          .detail = {},
          .title = "memory leak in {frame}",
          .steps = {"backtrace", "@stack"},
          .skip = {"kmemleak", "mmap", "kmem", "slab", "alloc", "create_object", "idr_get", "list_lru_init",
                   "kasprintf", "kvasprintf", "pcpu_create", "strdup", "strndup", "memdup"}}});
}

}  // namespace postmortem
