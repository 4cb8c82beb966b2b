// crash's `sys -c`, `sys config`, `sys -i` and `sys -t`.
#include <doctest/doctest.h>

#include <postmortem/crash_dump.h>
#include <postmortem/system_parts.h>

#include "support/places.h"

namespace system_parts_test {

using namespace postmortem;

namespace {

Result<CrashDump> sample(const char* name) {
    return CrashDump::open(test::source_dir() / "testdata/dumps" / name);
}

}  // namespace

TEST_CASE("the taint of a module from outside the tree is in the mask and as letters") {
    const auto dump = sample("bookworm-mod-null");
    REQUIRE(dump);
    CHECK(taint_to_text(dump->system_info()) == "TAINTED_MASK: 3000  OE\n");
    CHECK(taint_to_text({}) == "TAINTED_MASK: -\n");
}

TEST_CASE("a kernel without its configuration says where that lies") {
    const auto dump = sample("bookworm-sysrq");
    REQUIRE(dump);
    const auto config = kernel_config(*dump);
    REQUIRE(!config);
    CHECK(config.error().code == ErrorCode::NotFound);
    CHECK(config.error().message.find("/lib/modules/6.1.0-56-cloud-amd64/kernel/kernel/configs.ko") !=
          std::string::npos);
}

TEST_CASE("system calls and firmware strings are printed as crash prints them") {
    SystemCallTable table;
    CHECK(to_text(table).empty());
    table.source_root = "/usr/src/linux/";
    table.calls = {{0, 0xffffffff9f74d8c0, "__x64_sys_read", "/usr/src/linux/fs/read_write.c", 621},
                   {310, 0xffffffff9f74d8c0, "__x64_sys_process_vm_readv", "/tmp/a.c", 291},
                   {16, 0xffffffff9f74d8c0, "", std::nullopt, std::nullopt}};
    CHECK(to_text(table) ==
          "NUM  SYSTEM CALL                FILE AND LINE NUMBER\n"
          "  0  __x64_sys_read             ../fs/read_write.c: 621\n"
          "310  __x64_sys_process_vm_readv /tmp/a.c: 291\n"
          " 16  ffffffff9f74d8c0          \n");
    FirmwareStrings firmware;
    firmware.strings = {{"DMI_SYS_VENDOR", "QEMU"}, {"DMI_PRODUCT_SKU", ""}};
    firmware.longest_name = 23;
    CHECK(to_text(firmware) == "           DMI_SYS_VENDOR: QEMU\n          DMI_PRODUCT_SKU: \n");
}

TEST_CASE("a configuration is printed as it is, but for bytes that could drive a terminal") {
    const KernelConfig config{"CONFIG_A=y\n# CONFIG_B is not set\n\x1b[2J", "configs", {}};
    CHECK(to_text(config) == "CONFIG_A=y\n# CONFIG_B is not set\n\\x1b[2J");
    CHECK(to_json(config).find("\"module\": \"configs\"") != std::string::npos);
}

}  // namespace system_parts_test
