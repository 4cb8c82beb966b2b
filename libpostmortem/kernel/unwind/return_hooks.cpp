#include "kernel/unwind/return_hooks.h"

#include <algorithm>
#include <array>

#include "object/field.h"

namespace postmortem {
namespace {

constexpr std::string_view graph_trampoline = "return_to_handler";
constexpr std::string_view probe_trampolines[] = {"arch_rethook_trampoline", "__kretprobe_trampoline",
                                                  "kretprobe_trampoline"};

// A task's calls are as deep as its stack at most.
constexpr unsigned most_instances = 4096;
constexpr std::uint64_t graph_stack_size = 4096;  // at most: fewer bytes before 6.10

/// A list of the probed calls of a task, each with its slot and its true return address.
struct InstanceList {
    const char* head;  ///< in struct task_struct
    const char* type;
    const char* node;
    const char* slot;
};

// rethook since 5.18 (54ecbe6f1ed5), kretprobes' own list since 5.11 (d741bf41d7c7).
constexpr InstanceList instance_lists[] = {
    {"rethooks.first", "rethook_node", "llist", "frame"},
    {"kretprobe_instances.first", "kretprobe_instance", "llist", "fp"}};

}  // namespace

bool ReturnHooks::is_trampoline(std::string_view function) {
    for (const std::string_view name : probe_trampolines)
        if (function == name) return true;
    return function == graph_trampoline;
}

bool ReturnHooks::begins_at(std::uint64_t address) const {
    locate();
    return address == graph_start_ || begins_probe_trampoline(address);
}

void ReturnHooks::locate() const {
    std::call_once(located_, [this] {
        if (const auto start = kernel_.symbol(graph_trampoline)) graph_start_ = *start;
        for (const std::string_view name : probe_trampolines)
            if (const auto start = kernel_.symbol(name)) probe_starts_.push_back(*start);
    });
}

// Several probes of one function have an instance each; all but the first to come kept the trampoline.
bool ReturnHooks::begins_probe_trampoline(std::uint64_t address) const {
    locate();
    return std::find(probe_starts_.begin(), probe_starts_.end(), address) != probe_starts_.end();
}

std::optional<std::uint64_t> ReturnHooks::true_return_address(std::string_view trampoline, std::uint64_t task,
                                                              std::uint64_t slot) const {
    return trampoline == graph_trampoline ? from_graph(task, slot) : from_list(task, slot);
}

std::optional<std::uint64_t> ReturnHooks::from_list(std::uint64_t task, std::uint64_t slot) const {
    const TypeFinder& types = kernel_.types();
    const AddressSpace& memory = kernel_.memory();
    for (const InstanceList& list : instance_lists) {
        const auto head = Field::find(types, "task_struct", {list.head});
        const auto link = types.offset_of(list.type, list.node),
                   place = types.offset_of(list.type, list.slot),
                   address = types.offset_of(list.type, "ret_addr");
        if (!head || !link || !place || !address) continue;
        auto node = head->u64(memory, task);
        for (unsigned i = 0; i < most_instances && node && *node != 0; ++i) {
            const std::uint64_t instance = *node - *link;
            if (memory.word(instance + *place) == slot) {
                const auto found = memory.word(instance + *address);
                if (!found) return std::nullopt;
                if (!begins_probe_trampoline(*found)) return *found;
            }
            node = memory.word(*node);
        }
        return std::nullopt;
    }
    return from_table(task, slot);
}

// Until 5.10 the instances of all tasks share one hash table.
std::optional<std::uint64_t> ReturnHooks::from_table(std::uint64_t task, std::uint64_t slot) const {
    constexpr unsigned buckets = 64;  // KPROBE_TABLE_SIZE
    const AddressSpace& memory = kernel_.memory();
    const auto table = kernel_.symbol("kretprobe_inst_table");
    const auto field = [&](const char* name) {
        return Field::find(kernel_.types(), "kretprobe_instance", {name}).value_or(Field());
    };
    const Field link = field("hlist"), owner = field("task"), place = field("fp"),
                address = field("ret_addr");
    if (!table || !link.present() || !place.present()) return std::nullopt;
    for (unsigned bucket = 0; bucket < buckets; ++bucket) {
        auto node = memory.word(*table + std::uint64_t{memory.word_size()} * bucket);
        for (unsigned i = 0; i < most_instances && node && *node != 0; ++i) {
            const std::uint64_t instance = *node - link.offset();
            if (owner.u64(memory, instance) == task && place.u64(memory, instance) == slot) {
                const auto found = address.u64(memory, instance);
                if (!found) return std::nullopt;
                if (!begins_probe_trampoline(*found)) return *found;
            }
            node = memory.word(*node);
        }
    }
    return std::nullopt;
}

// An array of struct ftrace_ret_stack until 6.10, then words of several kinds between them (7aa1eaef9f42); in
// both the entry is the one that names the slot.
std::optional<std::uint64_t> ReturnHooks::from_graph(std::uint64_t task, std::uint64_t slot) const {
    const TypeFinder& types = kernel_.types();
    const auto stack = Field::find(types, "task_struct", {"ret_stack"});
    const auto place = types.offset_of("ftrace_ret_stack", "retp"),
               address = types.offset_of("ftrace_ret_stack", "ret");
    if (!stack || !place || !address) return std::nullopt;
    const auto base = stack->u64(kernel_.memory(), task);
    std::array<std::byte, graph_stack_size> raw;
    if (!base || *base == 0 || !kernel_.memory().read(*base, raw)) return std::nullopt;
    const ByteReader words(raw, kernel_.memory().endian());
    const std::uint64_t size = kernel_.memory().word_size();
    const auto word = [&](std::uint64_t at) -> std::optional<std::uint64_t> {
        if (size == 8) return words.u64(at);
        return words.u32(at);
    };
    for (std::uint64_t at = *place; at + size <= graph_stack_size; at += size)
        if (word(at) == slot) return word(at - *place + *address);
    return std::nullopt;
}

}  // namespace postmortem
