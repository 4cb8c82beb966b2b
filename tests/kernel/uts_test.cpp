// The kernel's name where neither VMCOREINFO nor types tell where it lies.
#include "kernel/uts.h"

#include <fstream>

#include <doctest/doctest.h>

#include "kernel/build_of.h"
#include "report/system/system_info.h"
#include "support/fake_kernel.h"

namespace uts_test {

using namespace postmortem;
using test::FakeKernel;

namespace {

// Nor does the dump's header tell the release.
void forget_release_in_header(const std::filesystem::path& dump) {
    constexpr std::streamoff release = 12 + 2 * 65;  // behind signature, version, two names
    std::fstream file(dump, std::ios::binary | std::ios::in | std::ios::out);
    file.seekp(release);
    file.write(std::string(65, '\0').data(), 65);
}

std::unique_ptr<Kernel> without_types(FakeKernel& fake) {
    const auto written = fake.open();
    forget_release_in_header(written->path());
    KernelOptions options;
    options.search_vmlinux = false;
    options.types.btf = false;
    options.types.files = false;
    auto kernel = Kernel::open(written->path(), options);
    REQUIRE(kernel);
    return std::move(*kernel);
}

void put_name(FakeKernel& fake, std::uint64_t name) {
    const char* const fields[] = {"Linux", "node", "6.1.0-fake", "#1 SMP", "x86_64", "(none)"};
    for (std::uint64_t i = 0; i < std::size(fields); ++i) fake.write(name + i * 65, fields[i]);
}

}  // namespace

TEST_CASE("the name lies at the struct's start or behind its reference count") {
    for (const std::uint64_t offset : {0u, 4u}) {
        CAPTURE(offset);
        FakeKernel fake;
        put_name(fake, fake.variable("init_uts_ns", 512) + offset);
        const auto uts = read_uts(*without_types(fake));
        REQUIRE_MESSAGE(uts, uts.error().message);
        CHECK(uts->nodename == "node");
        CHECK(uts->version == "#1 SMP");
        CHECK(uts->machine == "x86_64");
    }
    FakeKernel elsewhere;
    put_name(elsewhere, elsewhere.variable("init_uts_ns", 512) + 16);
    const auto uts = read_uts(*without_types(elsewhere));
    REQUIRE_FALSE(uts);
    CHECK(uts.error().code == ErrorCode::MissingDebugInfo);
}

TEST_CASE("where the name is lost, the banner has the version") {
    FakeKernel fake;
    fake.variable("init_uts_ns", 512);
    fake.write(fake.variable("linux_banner", 256),
               "Linux version 2.6.32 (a@b) (gcc version 4.4.7 (Red Hat 4.4.7-23) (GCC) ) #1 SMP Tue Jan 1\n");
    const auto kernel = without_types(fake);
    const SystemInfo info = make_system_info(*kernel);
    CHECK(info.release == "2.6.32");
    CHECK(info.version == "#1 SMP Tue Jan 1");
    CHECK_FALSE(info.problems.empty());
    CHECK(version_in_banner("Linux version 2.6.32") == "");
}

}  // namespace uts_test
