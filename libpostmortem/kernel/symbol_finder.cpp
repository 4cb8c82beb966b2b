#include "kernel/symbol_finder.h"

#include <mutex>

#include <fmt/format.h>

namespace postmortem {

struct SymbolFinder::Unread {
    std::mutex lock;
    std::uint64_t count = 0;
    std::optional<Error> first;
};

SymbolFinder::SymbolFinder(const Kernel& kernel) : kernel_(kernel), unread_(std::make_shared<Unread>()) {}

std::optional<SymbolHit> SymbolFinder::at(std::uint64_t address) const {
    auto hit = kernel_.symbol_at(address);
    if (hit) return std::move(*hit);
    if (hit.error().code == ErrorCode::NotFound) return std::nullopt;
    const std::lock_guard guard(unread_->lock);
    ++unread_->count;
    if (!unread_->first) unread_->first = std::move(hit.error());
    return std::nullopt;
}

std::optional<Error> SymbolFinder::take_damage() const {
    const std::lock_guard guard(unread_->lock);
    if (!unread_->first) return std::nullopt;
    Error damage{unread_->first->code,
                 fmt::format("the symbols of {} addresses: {}", unread_->count, unread_->first->message),
                 unread_->first->address};
    unread_->count = 0;
    unread_->first.reset();
    return damage;
}

void SymbolFinder::tell(ProblemCollector& problems) const {
    if (auto damage = take_damage()) problems.add(std::move(*damage));
}

}  // namespace postmortem
