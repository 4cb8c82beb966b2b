// The names of an area's flags: by the kernel's own table, or those that lasted.
#include "report/address_space/vm_flags.h"

#include <doctest/doctest.h>

#include "support/fake_kernel.h"

namespace vm_flags_test {

using namespace postmortem;
using test::FakeKernel;

TEST_CASE("a kernel's own table names the flags, whatever their bits were before") {
    FakeKernel fake;
    const std::uint64_t table = fake.variable("vmaflag_names", 64), name = fake.variable("some_text", 16);
    fake.write(name, "seal");
    fake.put_u64(table, 4);
    fake.put_u64(table + 8, name);
    CHECK(vm_flag_names(*fake.open(), 5).value_or("") == "SEAL|0x1");
    fake.put_u64(table + 8, 0xffff888000000000);  // which is mapped nowhere
    CHECK_FALSE(vm_flag_names(*fake.open(), 5));
}

TEST_CASE(
    "a kernel before 4.6 has no such table: bits that always meant the same have names, others are numbers") {
    FakeKernel fake;
    fake.variable("jiffies");
    const auto kernel = fake.open();
    CHECK(vm_flag_names(*kernel, 0x875).value_or("") == "READ|EXEC|MAYREAD|MAYWRITE|MAYEXEC|DENYWRITE");
    CHECK(vm_flag_names(*kernel, 0x20000001).value_or("") == "READ|0x20000000");
    CHECK(vm_flag_names(*kernel, 0).value_or("no") == "");
}

}  // namespace vm_flags_test
