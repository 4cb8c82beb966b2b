// What was inferred of the kernel's structs, and what speaks for it. An offset counts only if it is the
// single one that could be the member's, and if no task contradicts it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/layout/struct_image.h"
#include "types/listed_types.h"

namespace postmortem {

struct Finding {
    std::string_view type, member;
    std::uint64_t offset = 0;
    MemberShape shape;
    std::size_t agree = 0;  ///< structs (tasks, CPUs, modules) that confirm it; none contradicts
    std::size_t of = 0;     ///< that were asked
};

struct Refusal {
    std::string_view type, member;
    std::string why;
};

/// How large a struct or union is.
struct SizeFinding {
    TypeKind kind = TypeKind::Struct;
    std::string_view type;
    std::uint64_t bytes = 0;
};

class Findings {
  public:
    void add(const Finding& finding) { found_.push_back(finding); }
    /// Another member, for which the same speaks as for the last one.
    void add_with_last(std::string_view type, std::string_view member, std::uint64_t offset,
                       const MemberShape& shape) {
        found_.push_back({type, member, offset, shape, found_.back().agree, found_.back().of});
    }
    void add(const SizeFinding& size) { sizes_.push_back(size); }
    void refuse(std::string_view type, std::string_view member, std::string why) {
        refused_.push_back({type, member, std::move(why)});
    }

    /// This kernel has another member in its place.
    void forget_refusal(std::string_view type, std::string_view member) {
        std::erase_if(refused_, [&](const Refusal& refusal) {
            return refusal.type == type && refusal.member == member;
        });
    }

    /// Keeps the one candidate of a search if every struct at `all` says nothing against it.
    std::optional<std::uint64_t> settle(const Finding& member, const std::vector<Placement>& candidates,
                                        const AddressSpace& memory, const std::vector<std::uint64_t>& all,
                                        const Judge& judge);

    const std::vector<Finding>& found() const { return found_; }
    const std::vector<SizeFinding>& sizes() const { return sizes_; }
    const std::vector<Refusal>& refused() const { return refused_; }
    bool has(std::string_view type, std::string_view member) const;

  private:
    std::vector<Finding> found_;
    std::vector<SizeFinding> sizes_;
    std::vector<Refusal> refused_;
};

}  // namespace postmortem
