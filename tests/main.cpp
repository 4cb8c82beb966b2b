#define DOCTEST_CONFIG_IMPLEMENT
#include <cstdlib>

#include <doctest/doctest.h>

#include "support/temp_dir.h"

// No test sees, or leaves anything in, the cache of the user who runs it.
int main(int count, char** arguments) {
    const postmortem::test::TempDir cache;
    ::setenv("XDG_CACHE_HOME", cache.path().c_str(), 1);
    return doctest::Context(count, arguments).run();
}
