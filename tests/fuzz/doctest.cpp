// The checks in tests/support, for programs that are no doctest program.
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>
