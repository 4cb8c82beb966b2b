#include "log/known/kernel_range.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include <fmt/format.h>

#include "base/text.h"
#include "log/text/cursor.h"

namespace postmortem {
namespace {

using Numbers = std::vector<std::int64_t>;

// "6.1.0-56-cloud-amd64" gives 6 1 0 56; "6.2.0-rc3" gives 6 2 0 -1000 3, so that it comes before 6.2.0.
Numbers numbers_of(std::string_view release) {
    Numbers numbers;
    Cursor cursor(release);
    while (true) {
        if (cursor.take("rc")) numbers.push_back(-1000);
        const auto number = cursor.number();
        if (!number || *number > 1'000'000'000) return numbers;
        numbers.push_back(static_cast<std::int64_t>(*number));
        if (!cursor.take('.') && !cursor.take('-')) return numbers;
    }
}

int compare(const Numbers& a, const Numbers& b) {
    for (std::size_t i = 0; i < std::max(a.size(), b.size()); ++i) {
        const std::int64_t one = i < a.size() ? a[i] : 0;
        const std::int64_t other = i < b.size() ? b[i] : 0;
        if (one != other) return one < other ? -1 : 1;
    }
    return 0;
}

bool begins_with(const Numbers& numbers, const Numbers& front) {
    return numbers.size() >= front.size() && std::equal(front.begin(), front.end(), numbers.begin());
}

}  // namespace

int compare_releases(std::string_view a, std::string_view b) {
    return compare(numbers_of(a), numbers_of(b));
}

Result<KernelRange> KernelRange::parse(std::string_view text) {
    struct Named {
        std::string_view sign;
        Relation relation;
    };
    static constexpr std::array<Named, 6> relations = {{{"<=", Relation::LessOrEqual},
                                                        {">=", Relation::GreaterOrEqual},
                                                        {"==", Relation::Equal},
                                                        {"<", Relation::Less},
                                                        {">", Relation::Greater},
                                                        {"=", Relation::Equal}}};
    KernelRange range;
    for (const std::string_view part : split(text, ',')) {
        std::string_view condition = trimmed(part);
        Relation relation = Relation::Within;
        for (const Named& named : relations) {
            if (!condition.starts_with(named.sign)) continue;
            relation = named.relation;
            condition = trimmed(condition.substr(named.sign.size()));
            break;
        }
        if (numbers_of(condition).empty()) {
            return fail(ErrorCode::InvalidArgument,
                        fmt::format("'{}' is no kernel release; write >=5.10, <6.1 or 6.1", trimmed(part)));
        }
        range.conditions_.push_back({relation, std::string(condition)});
    }
    return range;
}

bool KernelRange::contains(std::string_view release) const {
    const Numbers numbers = numbers_of(release);
    return std::all_of(conditions_.begin(), conditions_.end(), [&](const Condition& condition) {
        const Numbers wanted = numbers_of(condition.release);
        const int order = compare(numbers, wanted);
        switch (condition.relation) {
            case Relation::Within: return begins_with(numbers, wanted);
            case Relation::Less: return order < 0;
            case Relation::LessOrEqual: return order <= 0 || begins_with(numbers, wanted);
            case Relation::Equal: return order == 0 || release == condition.release;
            case Relation::GreaterOrEqual: return order >= 0;
            case Relation::Greater: return order > 0 && !begins_with(numbers, wanted);
        }
        return false;
    });
}

}  // namespace postmortem
