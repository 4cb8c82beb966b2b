// crash's rules of where a list ends: at a null pointer, where it comes back to its start, to its first
// entry, to the entry itself, or at the address that was named.
#include <unordered_set>

#include <fmt/format.h>

#include "memory/words.h"
#include "report/struct_walk/walked_entries.h"
#include "report/values/address_word.h"

namespace postmortem {
namespace {

struct ListPlan {
    std::uint64_t start = 0;  ///< the address that was named
    std::uint64_t link = 0;   ///< from a struct's start to its link
    std::uint64_t head = 0;   ///< from the first struct's start to its link
    std::uint64_t shift = 0;  ///< of what is shown, in front of what the links point at
    std::optional<std::uint64_t> end;
    bool has_link_pointers = false;  ///< links point at links, not at structs
};

Result<ListPlan> plan_of(const Kernel& kernel, const ListRequest& request) {
    ListPlan plan;
    const auto start = resolve_address(kernel, request.at);
    const auto link = link_offset(kernel.types(), request.link);
    const auto head = request.head_link.empty() ? link : link_offset(kernel.types(), request.head_link);
    const auto shift = link_offset(kernel.types(), request.member);
    for (const auto* part : {&start, &link, &head, &shift})
        if (!*part) return fail(part->error());
    plan.start = *start;
    plan.link = *link;
    plan.head = *head;
    plan.shift = *shift;
    plan.has_link_pointers = request.start != ListRequest::Start::First;
    if (!request.end.empty()) {
        const auto end = resolve_address(kernel, request.end);
        if (!end) return fail(end.error());
        plan.end = *end;
    }
    return plan;
}

class ListWalk {
  public:
    ListWalk(const Kernel& kernel, const ListRequest& request, const ListPlan& plan, WalkedEntries& entries)
        : memory_(kernel.memory()), request_(request), plan_(plan), entries_(entries) {}

    Result<void> run() {
        using Start = ListRequest::Start;
        const std::uint64_t first =
            request_.start == Start::Embedded ? plan_.start + plan_.head : plan_.start;
        auto next = follow(first);
        if (!next) return fail(next.error());
        // A head that lies elsewhere than the links of entries (-O) is part of what owns the list.
        const bool is_owner = request_.start == Start::Head ||
                              (request_.start == Start::Embedded && !request_.head_link.empty());
        if (!is_owner) show(request_.start == Start::Embedded ? plan_.start : first);
        const std::uint64_t second = *next;
        seen_.insert(first);
        std::uint64_t previous = first;
        for (std::uint64_t at = *next; !ends(at, first, previous);) {
            if (at == second && entries_count_ > 0 && seen_.count(at) != 0) break;
            if (!seen_.insert(at).second)
                return told({ErrorCode::Corrupt,
                             "the list runs into itself here, and does not come back to its start", at});
            if (!show(plan_.has_link_pointers ? at - plan_.link : at)) break;
            next = follow(at);
            if (!next) return told(next.error());
            previous = at;
            at = *next;
        }
        return {};
    }

  private:
    bool show(std::uint64_t address) {
        ++entries_count_;
        return entries_.add(wrapped(memory_, address));
    }

    // The link of a node: at the node itself where links point at links.
    Result<std::uint64_t> follow(std::uint64_t node) const {
        const std::uint64_t link = plan_.has_link_pointers ? node : node + plan_.link;
        return memory_.word(link + (request_.backwards ? memory_.word_size() : 0));
    }

    bool ends(std::uint64_t at, std::uint64_t first, std::uint64_t previous) const {
        return at == 0 || at == first || at == previous || (plan_.end && at == *plan_.end);
    }

    Result<void> told(Error error) {
        error.message = fmt::format("the list ends early: {}", error.message);
        entries_.trouble(std::move(error));
        return {};
    }

    const AddressSpace& memory_;
    const ListRequest& request_;
    const ListPlan& plan_;
    WalkedEntries& entries_;
    std::unordered_set<std::uint64_t> seen_;
    std::size_t entries_count_ = 0;
};

}  // namespace

Result<WalkedStructs> walk_list(const CrashDump& dump, const ListRequest& request) {
    const Kernel& kernel = dump.kernel();
    const auto plan = plan_of(kernel, request);
    if (!plan) return fail(plan.error());
    auto entries = WalkedEntries::open(kernel, request.type);
    if (!entries) return fail(std::move(entries.error()));
    entries->begin_in_front(plan->shift);
    if (auto done = ListWalk(kernel, request, *plan, *entries).run(); !done)
        return fail(std::move(done.error()));
    return entries->finish();
}

}  // namespace postmortem
