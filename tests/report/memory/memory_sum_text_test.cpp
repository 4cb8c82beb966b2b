// Where MemTotal went, as text.
#include <doctest/doctest.h>

#include <postmortem/memory_picture.h>
#include <postmortem/render.h>

#include "base/text.h"

namespace memory_sum_text_test {

using namespace postmortem;

TEST_CASE("what could not be read is within what nothing accounts for, and is named there") {
    MemoryPicture picture;
    picture.sum.emplace();
    picture.sum->total_bytes = 1000 << 10;
    picture.sum->parts = {{"free", "free", 900 << 10}};
    picture.sum->unaccounted_bytes = 100 << 10;
    CHECK(contains(memory_sum_to_text(picture),
                   "100   10.0  unaccounted: taken straight from the page allocator\n"));
    picture.sum->unread = {"vmalloc", "per-CPU variables"};
    CHECK(
        contains(memory_sum_to_text(picture),
                 "100   10.0  unaccounted: vmalloc, per-CPU variables, which could not be read, and what was "
                 "taken straight from the page allocator\n"));
}

}  // namespace memory_sum_text_test
