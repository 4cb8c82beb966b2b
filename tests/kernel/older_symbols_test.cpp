// Symbols that the kallsyms of old kernels leaves out.
#include <doctest/doctest.h>

#include "support/fake_kernel.h"

namespace older_symbols_test {

using namespace postmortem;
using test::FakeKernel;

TEST_CASE("where kallsyms has no absolute symbols, the image ends with its last section") {
    FakeKernel bss, brk, neither;
    for (FakeKernel* fake : {&bss, &brk, &neither}) fake->without_absolute_symbols();
    const std::uint64_t of_bss = bss.variable("__bss_stop");
    CHECK(bss.open()->symbol("_end").value() == of_bss);
    brk.variable("__bss_stop");
    const std::uint64_t of_brk = brk.variable("__brk_limit");
    CHECK(brk.open()->symbol("_end").value() == of_brk);
    const auto kernel = neither.open();
    CHECK(kernel->symbol("_end").error().code == ErrorCode::NotFound);
}

}  // namespace older_symbols_test
