#include "base/per_thread.h"

#include <thread>

#include <doctest/doctest.h>

namespace per_thread_test {

using namespace postmortem;

namespace {

struct Counted {
    Counted() { ++alive; }
    ~Counted() { --alive; }
    int value = 0;
    static inline int alive = 0;
};

}  // namespace

TEST_CASE("each thread has its own, which goes with the thread") {
    {
        PerThread<Counted> counted;
        counted.own().value = 1;
        std::thread([&] {
            CHECK(counted.own().value == 0);
            counted.own().value = 2;
            CHECK(counted.own().value == 2);
            CHECK(Counted::alive == 2);
        }).join();
        CHECK(Counted::alive == 1);
        CHECK(counted.own().value == 1);
    }
    CHECK(Counted::alive == 0);
}

}  // namespace per_thread_test
