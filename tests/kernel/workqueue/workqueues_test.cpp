// Workqueues since 2.6.36, with pools of workers.
#include "kernel/workqueue/workqueues.h"

#include <algorithm>

#include <doctest/doctest.h>

#include "base/text.h"
#include "support/fake_kernel.h"

namespace workqueues_test {

using namespace postmortem;

TEST_CASE("where a struct's layout is not known that is said, not that the queues are damaged") {
    test::FakeKernel fake;
    fake.variable("workqueues", 16);
    const auto kernel = fake.open();
    const Workqueues queues(*kernel);
    CHECK(std::any_of(queues.problems().begin(), queues.problems().end(),
                      [](const Error& problem) { return contains(problem.message, "workqueue_struct"); }));
}

}  // namespace workqueues_test
