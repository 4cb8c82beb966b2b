// The threads of a process. Since 3.14 (0c740d0afc3b) they hang on a list head in the signal_struct that they
// share, before on each other. A process' leader is the first of them.
#include <algorithm>

#include "kernel/layout/task_facts.h"

namespace postmortem {
namespace {

constexpr std::size_t fewest_leaders = 8;
constexpr std::uint64_t largest_signal_struct = 4096;
constexpr std::size_t most_threads = 1u << 16;

/// Where the parts of the newer list lie.
struct ThreadHead {
    std::uint64_t signal = 0, node = 0;  ///< in struct task_struct
    std::uint64_t head = 0;              ///< in struct signal_struct
};

// A leader's node comes right behind the head.
Says judge_head(const TaskFacts& facts, const StructImage& process, const ThreadHead& place) {
    const auto signal = process.word(place.signal), next = process.word(place.node),
               previous = process.word(place.node + facts.word);
    if (!signal || !next || !previous) return Says::Nothing;
    if (!facts.is_pointer(*signal) || !facts.is_pointer(*next)) return Says::No;
    if (*previous != *signal + place.head) return Says::No;
    const auto first = facts.memory.word(*previous);
    if (!first) return Says::Nothing;
    return *first == process.address() + place.node ? Says::Yes : Says::No;
}

// init_task has one thread, so both its links lead to the head.
std::vector<ThreadHead> heads_of_init_task(const TaskFacts& facts, const StructImage& init) {
    std::vector<ThreadHead> heads;
    const auto signals = facts.kernel.symbol("init_signals");
    for (std::uint64_t node = 0; node + 2 * facts.word <= facts.ring.size; node += facts.word) {
        const auto next = init.word(node), previous = init.word(node + facts.word);
        if (!next || next != previous || *next == init.address() + node || !facts.is_pointer(*next)) continue;
        for (std::uint64_t at = 0; at + facts.word <= facts.ring.size; at += facts.word) {
            const auto signal = init.word(at);
            if (!signal || (signals && *signal != *signals)) continue;
            if (*next > *signal && *next - *signal < largest_signal_struct)
                heads.push_back({at, node, *next - *signal});
        }
    }
    return heads;
}

/// Those of one process beside its leader, from its `first` node to `end`; false where a node is none of
/// them.
bool add_threads(TaskFacts& facts, std::uint64_t leader, std::uint64_t node_offset, std::uint64_t first,
                 std::uint64_t end) {
    const auto process = facts.number(leader, facts.pid);
    std::uint64_t from = end, node = first;
    for (std::size_t i = 0; node != end; ++i) {
        const auto previous = facts.memory.word(node + facts.word), next = facts.memory.word(node);
        if (!previous || !next) return true;
        const std::uint64_t task = node - node_offset;
        const auto tgid = facts.number(task, facts.tgid);
        const auto own_leader = facts.pointer(task, facts.leader);
        if (*previous != from || (tgid && tgid != process) || (own_leader && *own_leader != leader) ||
            i > most_threads)
            return false;
        facts.add_task(task);
        from = node;
        node = *next;
    }
    return true;
}

bool by_head(TaskFacts& facts) {
    const Survey survey = Survey::of(facts.memory, facts.ring.processes, facts.ring.size);
    std::vector<ThreadHead> right;
    for (const ThreadHead& place : heads_of_init_task(facts, survey.images.front())) {
        std::size_t agree = 0, against = 0;
        for (const StructImage& image : survey.images) {
            const Says says = judge_head(facts, image, place);
            agree += says == Says::Yes;
            against += says == Says::No;
            if (against > 0) break;
        }
        if (against == 0 && agree >= std::min(fewest_leaders, survey.images.size())) right.push_back(place);
    }
    if (right.size() != 1) return false;
    const ThreadHead place = right.front();
    const Judge judge = [&](const StructImage& task, std::uint64_t) {
        return judge_head(facts, task, place);
    };
    const std::vector<Placement> one{{place.node, 0}};
    if (!facts.findings.settle({"task_struct", "thread_node", 0, MemberShape::embedded("list_head")}, one,
                               facts.memory, facts.ring.processes, judge))
        return true;
    facts.findings.add_with_last("task_struct", "signal", place.signal,
                                 MemberShape::pointer("signal_struct"));
    facts.findings.add_with_last("signal_struct", "thread_head", place.head,
                                 MemberShape::embedded("list_head"));
    for (const std::uint64_t process : facts.ring.processes) {
        const auto signal = facts.pointer(process, place.signal);
        const auto first = signal ? facts.memory.word(*signal + place.head) : fail(ErrorCode::NotFound, "");
        if (first) (void)add_threads(facts, process, place.node, *first, *signal + place.head);
    }
    return true;
}

// Linked in a circle: alone, or with tasks of the same thread group.
Says judge_group(const TaskFacts& facts, const StructImage& process, std::uint64_t offset) {
    const std::uint64_t own = process.address() + offset;
    const auto next = process.word(offset), previous = process.word(offset + facts.word);
    if (!next || !previous) return Says::Nothing;
    if (*next == own && *previous == own) return Says::Nothing;
    // 2.6.32's INIT_TASK() leaves the links of init_task out.
    const bool is_init = process.address() == facts.ring.processes.front();
    if (is_init && *next == 0 && *previous == 0) return Says::Nothing;
    if (*next == own || *previous == own || !facts.is_pointer(*next) || !facts.is_pointer(*previous))
        return Says::No;
    const auto process_id = process.number(*facts.pid);
    for (const std::uint64_t node : {*next, *previous}) {
        const auto tgid = facts.number(node - offset, facts.tgid);
        const auto leader = facts.pointer(node - offset, facts.leader);
        if ((tgid && tgid != process_id) || (leader && *leader != process.address())) return Says::No;
    }
    return facts.memory.word(*next + facts.word) == own ? Says::Yes : Says::No;
}

void by_group(TaskFacts& facts) {
    const Judge judge = [&](const StructImage& task, std::uint64_t offset) {
        return judge_group(facts, task, offset);
    };
    const Survey survey = Survey::of(facts.memory, facts.ring.processes, facts.ring.size);
    const auto offset = facts.findings.settle(
        {"task_struct", "thread_group", 0, MemberShape::embedded("list_head")},
        search(survey, facts.word, 0, judge), facts.memory, facts.ring.processes, judge);
    if (!offset) return;
    for (const std::uint64_t process : facts.ring.processes)
        if (const auto first = facts.pointer(process, offset))
            (void)add_threads(facts, process, *offset, *first, process + *offset);
}

}  // namespace

void infer_threads(TaskFacts& facts) {
    if (!by_head(facts)) by_group(facts);
}

}  // namespace postmortem
