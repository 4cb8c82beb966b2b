// Real dumps whose VMCOREINFO tells of page tables that cannot be followed, or places memory where it does
// not lie: the log is what it was, and whatever would be false is refused with the reason.
#include <fstream>

#include <doctest/doctest.h>

#include "support/files.h"
#include "support/places.h"
#include "support/program.h"
#include "support/temp_dir.h"

namespace untranslated_dump_test {

using namespace postmortem::test;

namespace {

std::string sample(std::string_view name) {
    return (source_dir() / "testdata/dumps" / name / "vmcore").string();
}

/// A copy in which a line of VMCOREINFO reads otherwise, in as many bytes.
class Altered {
  public:
    Altered(std::string_view name, std::string_view line, std::string_view other)
        : path_((folder_.path() / "vmcore").string()) {
        REQUIRE(line.size() == other.size());
        std::string bytes = file_contents(sample(name));
        const std::size_t at = bytes.find(line);
        REQUIRE(at != bytes.npos);
        for (std::size_t i = at; i != bytes.npos; i = bytes.find(line, i + 1))
            bytes.replace(i, line.size(), other);
        std::ofstream(path_, std::ios::binary) << bytes;
    }
    const std::string& path() const { return path_; }

  private:
    TempDir folder_;
    std::string path_;
};

struct Case {
    std::string_view name, line, other, reason;
};

}  // namespace

TEST_CASE("where page tables cannot be followed the log and the file's facts are told, and nothing else") {
    for (const Case& c :
         {Case{"arm64-trixie-sysrq", "\nPAGESIZE=4096", "\nPAGESIZE=8192", "8192 bytes (PAGESIZE"},
          {"arm64-trixie-sysrq", "\nPAGESIZE=4096", "\nPAGESIZE=0000", "0 bytes (PAGESIZE"},
          {"arm64-trixie-sysrq", "NUMBER(VA_BITS)=52", "NUMBER(VA_BITS)=99", "99 bits (NUMBER(VA_BITS)"},
          {"arm64-trixie-sysrq", "(TCR_EL1_T1SZ)=0xc", "(TCR_EL1_T1SZ)=0x0", "NUMBER(TCR_EL1_T1SZ)=0x0"},
          {"arm64-trixie-sysrq", "SYMBOL(swapper_pg_dir)", "SYMBOL(swapper_xx_dir)", "swapper_pg_dir"},
          {"riscv64-trixie-sysrq", "NUMBER(VA_BITS)=57", "NUMBER(VA_BITS)=64", "64 bits (NUMBER(VA_BITS)"},
          {"riscv64-trixie-sysrq", "NUMBER(VA_BITS)=57", "NUMBER(VA_BITS)=48",
           "init_uts_ns is mapped nowhere"},
          {"s390x-trixie-sysrq", "(swapper_pg_dir)=3fffff40000", "(swapper_pg_dir)=3fffff70000",
           "SYMBOL(swapper_pg_dir)=3fffff70000"},
          {"trixie-sysrq", "NUMBER(pgtable_l5_enabled)=0", "NUMBER(pgtable_l5_enabled)=1",
           "init_uts_ns is mapped nowhere"}}) {
        CAPTURE(c.name);
        CAPTURE(c.other);
        const Altered altered(c.name, c.line, c.other);
        const ProgramResult log = run_postmortem({"log", altered.path()});
        CHECK(log.exit_code == 0);
        CHECK(log.out == run_postmortem({"log", sample(c.name)}).out);
        CHECK(log.err.find(c.reason) != std::string::npos);
        CHECK(run_postmortem({"info", altered.path()}).exit_code == 0);
        for (const char* command : {"sys", "ps", "vtop"}) {
            const ProgramResult other = run_postmortem({command, altered.path()});
            CHECK(other.exit_code == 3);
            CHECK(other.out.empty());
            CHECK(other.err.find(c.reason) != std::string::npos);
        }
    }
}

TEST_CASE("where neither page tables nor a linear map lead to the kernel, nothing is taken for its log") {
    const Altered altered("s390x-trixie-sysrq", "KERNELOFFPHYS=8f8000", "KERNELOFFPHYS=9f8000");
    const ProgramResult log = run_postmortem({"log", altered.path()});
    CHECK(log.exit_code == 3);
    CHECK(log.out.empty());
}

TEST_CASE("where VMCOREINFO has the kernel in other memory, nothing of that is taken for its own") {
    constexpr std::string_view mismatch = "does not fit the memory";
    for (const Case& c :
         {Case{"arm64-trixie-sysrq", "voffset)=0xffffb0ffd5000000", "voffset)=0xffffb0ffd5200000", mismatch},
          {"riscv64-trixie-sysrq", "pa_offset)=0xfffffffeffe00000", "pa_offset)=0xfffffffeffe10000",
           mismatch},
          {"s390x-trixie-sysrq", "KERNELOFFSET=3fffe7f8000", "KERNELOFFSET=3fffe9f8000", mismatch},
          {"trixie-sysrq", "NUMBER(phys_base)=-90177536", "NUMBER(phys_base)=-90173440", mismatch},
          // (its symbols are searched for, and found where they do not belong)
          {"bullseye-sysrq", "NUMBER(phys_base)=293601280", "NUMBER(phys_base)=293666816", mismatch}}) {
        CAPTURE(c.name);
        const Altered altered(c.name, c.line, c.other);
        CHECK(run_postmortem({"info", altered.path()}).exit_code == 0);
        for (const char* command : {"sys", "meminfo", "log", "panic"}) {
            CAPTURE(command);
            const ProgramResult result = run_postmortem({command, altered.path()});
            CHECK(result.exit_code == 3);
            CHECK(result.out.empty());
            CHECK(result.err.find(c.reason) != std::string::npos);
        }
    }
}

TEST_CASE("a map of all memory that page tables contradict is not believed") {
    for (const Case& c :
         {Case{"riscv64-trixie-sysrq", "(PAGE_OFFSET)=0xff60000000000000", "(PAGE_OFFSET)=0xff61000000000000",
               "NUMBER(PAGE_OFFSET)"},
          {"riscv64-trixie-sysrq", "(phys_ram_base)=2147483648", "(phys_ram_base)=2149580800",
           "NUMBER(phys_ram_base)"},
          {"arm64-trixie-sysrq", "(PHYS_OFFSET)=0x40000000", "(PHYS_OFFSET)=0x48000000",
           "NUMBER(PHYS_OFFSET)"},
          {"arm64-trixie-sysrq", "NUMBER(VA_BITS)=52", "NUMBER(VA_BITS)=47", "NUMBER(VA_BITS)"},
          {"s390x-trixie-sysrq", "IDENTITYBASE=0", "IDENTITYBASE=8", "IDENTITYBASE"}}) {
        CAPTURE(c.name);
        CAPTURE(c.other);
        const Altered altered(c.name, c.line, c.other);
        const ProgramResult converted = run_postmortem({"ptov", altered.path(), "0x81f69000"});
        CHECK(converted.exit_code == 3);
        CHECK(converted.out.empty());
        CHECK(converted.err.find(c.reason) != std::string::npos);
        CHECK(run_postmortem({"log", altered.path()}).out == run_postmortem({"log", sample(c.name)}).out);
    }
}

}  // namespace untranslated_dump_test
