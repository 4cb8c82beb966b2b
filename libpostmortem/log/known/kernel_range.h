// Kernel releases compared as people mean it: 6.1.9 < 6.1.10 < 6.1.10-2, and 6.2-rc1 < 6.2.
#pragma once

#include <string_view>
#include <vector>

#include <postmortem/error.h>

namespace postmortem {

/// Negative, zero or positive, as `a` is older than, like or newer than `b`. Only numbers count; whatever a
/// distribution appends in letters does not.
int compare_releases(std::string_view a, std::string_view b);

/// Conditions such as ">=5.10, <6.1.50" or "6.1", all of which must hold.
class KernelRange {
  public:
    static Result<KernelRange> parse(std::string_view text);

    bool contains(std::string_view release) const;

  private:
    enum class Relation { Within, Less, LessOrEqual, Equal, GreaterOrEqual, Greater };
    struct Condition {
        Relation relation = Relation::Within;
        std::string release;
    };

    std::vector<Condition> conditions_;
};

}  // namespace postmortem
