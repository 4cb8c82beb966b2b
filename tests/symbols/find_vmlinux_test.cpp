#include <cstdlib>

#include <doctest/doctest.h>

#include "support/elf_builder.h"
#include "support/temp_dir.h"
#include "symbols/debuginfod.h"
#include "symbols/vmlinux.h"

namespace find_vmlinux_test {

using namespace postmortem;
namespace fs = std::filesystem;

namespace {

const std::string wanted(20, '\x11'), other(20, '\x22');
const std::string wanted_hex(40, '1'), other_hex(40, '2');

std::string vmlinux_of(const std::string& build_id, bool with_dwarf = true) {
    test::ElfBuilder elf;
    const auto code =
        elf.add_section(".text", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, 0xffffffff81000000, "code");
    elf.add_section(".rodata", SHT_PROGBITS, SHF_ALLOC, 0xffffffff81200000,
                    "Linux version 6.1.0-test (me@here) #1");
    if (with_dwarf) elf.add_section(".debug_info", SHT_PROGBITS, 0, 0, "?");
    if (!build_id.empty()) elf.add_build_id(build_id);
    elf.add_symbol("_text", 0xffffffff81000000, code);
    return elf.build();
}

VmlinuxQuery query_in(const test::TempDir& folder) {
    VmlinuxQuery query;
    query.build_id = wanted_hex;
    query.release = "6.1.0-test";
    query.root = folder.path() / "root";
    query.beside = folder.path() / "crash";
    query.use_debuginfod = false;
    return query;
}

}  // namespace

TEST_CASE("a vmlinux is found wherever a distribution puts it") {
    for (const char* place : {
             "root/usr/lib/debug/.build-id/11/11111111111111111111111111111111111111.debug",
             "root/usr/lib/debug/boot/vmlinux-6.1.0-test",
             "root/usr/lib/debug/boot/vmlinux-6.1.0-test.debug",
             "root/usr/lib/debug/lib/modules/6.1.0-test/vmlinux",
             "root/usr/lib/debug/usr/lib/modules/6.1.0-test/vmlinux",
             "root/usr/lib/debug/usr/lib/modules/6.1.0-test/vmlinux.debug",
             "root/lib/modules/6.1.0-test/build/vmlinux",
             "root/usr/lib/modules/6.1.0-test/build/vmlinux",
             "root/lib/modules/6.1.0-test/vmlinux",
             "root/boot/vmlinux-6.1.0-test",
             "crash/vmlinux",
             "crash/vmlinux-6.1.0-test",
             "crash/vmlinux.debug",
         }) {
        const test::TempDir folder;
        const fs::path path = folder.write(place, vmlinux_of(wanted));
        const auto found = find_vmlinux(query_in(folder));
        CAPTURE(place);
        REQUIRE(found);
        CHECK((*found)->path() == path);
    }
}

TEST_CASE("candidates of another build are passed over, and those with DWARF go first") {
    const test::TempDir folder;
    folder.write("root/usr/lib/debug/boot/vmlinux-6.1.0-test", vmlinux_of(other));
    folder.write("root/usr/lib/debug/lib/modules/6.1.0-test/vmlinux", "a damaged file");
    const fs::path plain = folder.write("root/boot/vmlinux-6.1.0-test", vmlinux_of(wanted, false));
    const auto without_dwarf = find_vmlinux(query_in(folder));
    REQUIRE(without_dwarf);
    CHECK((*without_dwarf)->path() == plain);

    const fs::path best = folder.write("crash/vmlinux", vmlinux_of(wanted));
    const auto with_dwarf = find_vmlinux(query_in(folder));
    REQUIRE(with_dwarf);
    CHECK((*with_dwarf)->path() == best);
}

TEST_CASE("a fruitless search says where it looked, what it passed over and what to install") {
    const test::TempDir folder;
    folder.write("crash/vmlinux", vmlinux_of(other));
    VmlinuxQuery query = query_in(folder);
    query.release = "6.1.0-56-cloud-amd64";
    const auto found = find_vmlinux(query);
    REQUIRE_FALSE(found);
    CHECK(found.error().code == ErrorCode::NotFound);
    for (const std::string& part :
         {std::string("6.1.0-56-cloud-amd64"), wanted_hex, other_hex,
          (folder.path() / "crash/vmlinux").string(), std::string("/boot/vmlinux-6.1.0-56-cloud-amd64"),
          std::string("linux-image-6.1.0-56-cloud-amd64-dbg"), std::string("--vmlinux")})
        CHECK_MESSAGE(found.error().message.find(part) != std::string::npos, part);

    CHECK(vmlinux_install_hint("5.14.0-427.el9.x86_64").find("kernel-debuginfo-5.14.0-427.el9.x86_64") !=
          std::string::npos);
    CHECK(vmlinux_install_hint("6.8.0-31-generic").find("linux-image-6.8.0-31-generic-dbgsym") !=
          std::string::npos);
    CHECK(vmlinux_install_hint("6.4.0-150600.23-default").find("SUSE") != std::string::npos);
    CHECK(vmlinux_install_hint("").find("--vmlinux") != std::string::npos);
}

TEST_CASE("without a build-id the release decides") {
    const test::TempDir folder;
    VmlinuxQuery query = query_in(folder);
    query.build_id.clear();
    folder.write("crash/vmlinux", vmlinux_of(""));
    CHECK(find_vmlinux(query));
    query.release = "4.19.0-other";
    const auto found = find_vmlinux(query);
    REQUIRE_FALSE(found);
    CHECK(found.error().message.find("it is of kernel 6.1.0-test, the dump's is 4.19.0-other") !=
          std::string::npos);
}

TEST_CASE("a release or build-id from a dump cannot lead out of the known places") {
    const test::TempDir folder;
    folder.write("root/etc/vmlinux", vmlinux_of(wanted));
    VmlinuxQuery query = query_in(folder);
    query.release = "../../../etc";
    CHECK_FALSE(find_vmlinux(query));
    query.release = "x/../../../../../../etc/vmlinux";
    CHECK_FALSE(find_vmlinux(query));
    query.build_id = "../../etc/vmlinux";
    CHECK_FALSE(find_vmlinux(query));
}

TEST_CASE("debuginfod is asked when DEBUGINFOD_URLS is set") {
    const test::TempDir folder;
    VmlinuxQuery query = query_in(folder);
    query.use_debuginfod = true;
    ::setenv("DEBUGINFOD_CACHE_PATH", (folder.path() / "cache").c_str(), 1);
    ::setenv("DEBUGINFOD_URLS", ("file://" + folder.path().string() + "/server/").c_str(), 1);
    if (debuginfod_is_configured()) {
        folder.write("server/buildid/" + wanted_hex + "/debuginfo", vmlinux_of(wanted));
        const auto found = find_vmlinux(query);
        CHECK(found);
        if (found) CHECK((*found)->build_id() == wanted_hex);

        query.build_id = other_hex;
        const auto missing = find_vmlinux(query);
        REQUIRE_FALSE(missing);
        CHECK(missing.error().message.find("debuginfod") != std::string::npos);
    } else {
        MESSAGE("skipped: built without libdebuginfod");
    }
    ::unsetenv("DEBUGINFOD_URLS");
    CHECK_FALSE(debuginfod_is_configured());
    ::unsetenv("DEBUGINFOD_CACHE_PATH");
}

}  // namespace find_vmlinux_test
