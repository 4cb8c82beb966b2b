#include "kernel/resources.h"

#include <unordered_set>

#include "base/problem_collector.h"
#include "object/field.h"

namespace postmortem {
namespace {

constexpr std::size_t most_resources = 1 << 16;
constexpr std::uint32_t deepest = 64;

class ResourceReader {
  public:
    explicit ResourceReader(const Kernel& kernel) : kernel_(kernel) {}

    ResourceTree read(std::uint64_t root) {
        add(root, 0);
        tree_.problems = problems_.take();
        return std::move(tree_);
    }

  private:
    void add(std::uint64_t address, std::uint32_t depth) {
        while (address != 0) {
            if (tree_.resources.size() >= most_resources || depth > deepest || !seen_.insert(address).second)
                return problems_.add(Error(ErrorCode::Corrupt, "the tree of resources does not end", address));
            const Object resource = kernel_.object("resource", address);
            const auto start = resource["start"].u64(), end = resource["end"].u64(), child = resource["child"].u64(),
                       sibling = resource["sibling"].u64();
            for (const auto* value : {&start, &end, &child, &sibling})
                if (!*value) return problems_.add("a resource", value->error());
            tree_.resources.push_back({address, *start, *end, name_of(resource), depth});
            if (*child != 0) add(*child, depth + 1);
            if (depth == 0) return;  // the root has no siblings
            address = *sibling;
        }
    }

    std::string name_of(const Object& resource) {
        if (resource["name"].u64_or(0) == 0) return {};
        const auto name = resource["name"].string();
        if (name) return *name;
        problems_.add("the name of a resource", name.error());
        return "?";
    }

    const Kernel& kernel_;
    ResourceTree tree_;
    std::unordered_set<std::uint64_t> seen_;
    ProblemCollector problems_;
};

}  // namespace

ResourceTree read_resources(const Kernel& kernel, std::string_view root) {
    const auto address = kernel.symbol(root);
    if (address) return ResourceReader(kernel).read(*address);
    ProblemCollector problems;
    problems.add(root, address.error());
    return {{}, problems.take()};
}

}  // namespace postmortem
