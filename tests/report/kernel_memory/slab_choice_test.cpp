// Slab caches that are asked for by name, and are not among those that could be read.
#include <algorithm>

#include <doctest/doctest.h>

#include "report/kernel_memory/kernel_memory.h"
#include "support/fake_kernel.h"

namespace slab_choice_test {

using namespace postmortem;
using test::FakeKernel;

TEST_CASE("a slab cache may lie behind the break of their list: that is missing, not a wrong name") {
    FakeKernel fake;
    auto& types = fake.types();
    const auto word = types.integer("unsigned long", 8);
    const auto list = types.structure("list_head", 16, {{"next", word, 0}, {"prev", word, 64}});
    types.structure("kmem_cache", 64, {{"list", list, 0}, {"name", word, 128}});
    const std::uint64_t head = fake.variable("slab_caches", 16);
    const std::uint64_t cache = fake.allocate_page();
    fake.put_u64(head, cache);
    fake.lose(cache);
    const auto kernel = fake.open();

    KernelMemory memory;
    ProblemCollector problems;
    CHECK(add_slab_caches(*kernel, {{"dentry"}, {}}, memory, problems));
    CHECK(memory.caches.empty());
    const Problems told = problems.take();
    CHECK(std::any_of(told.begin(), told.end(), [](const Error& problem) {
        return problem.message.find("the slab cache dentry") != std::string::npos;
    }));
}

}  // namespace slab_choice_test
